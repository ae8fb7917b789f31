-- Positions by the second of their time, for what is said of the feed while the state can't be used.
-- Errors: see ask_shards, if Citus keeps the positions in shards.
create or replace function vessel_activity.positions_by_second(p_from timestamptz, p_to timestamptz)
returns table (second timestamptz, positions bigint)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  if vessel_activity.asks_shards('vessel_positions') then
    return query
    select r.second, sum(r.positions)::bigint
    from vessel_activity.ask_shards(
      array['vessel_positions'],
      array[format(
        'select %s as second, count(*) as positions from {shard} as p where p."timestamp" >= %s and p."timestamp" <= %s group by 1',
        vessel_activity.shard_utc($bin$date_bin('1 second', p."timestamp", '2000-01-01')$bin$),
        vessel_activity.shard_instant(p_from), vessel_activity.shard_instant(p_to))],
      array['select r.second, sum(r.positions) as positions from {rows} as r group by r.second']
    ) as a
    cross join lateral json_to_record(a.answer) as r (second timestamptz, positions bigint)
    group by r.second;
    return;
  end if;
  return query
  select date_bin('1 second', vessel_activity.utc_instant(p."timestamp"), 'epoch'), count(*)
  from public.vessel_positions as p
  where p."timestamp" >= vessel_activity.source_time(p_from, p."timestamp")
    and p."timestamp" <= vessel_activity.source_time(p_to, p."timestamp")
  group by 1;
end
$$;

comment on function vessel_activity.positions_by_second(timestamptz, timestamptz) is
  'Number of positions from p_from to p_to for each whole second that has some.';
