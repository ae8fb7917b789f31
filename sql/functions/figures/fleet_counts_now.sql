-- Counts the fleet, the vessels with active = true. Names are compared byte by byte, whatever the collation of the columns,
-- because the incremental state compares them in this way too.
create or replace function vessel_activity.fleet_counts_now()
returns setof vessel_activity.fleet_count
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  if vessel_activity.asks_shards('vessels') then
    return query
    select f.*
    from vessel_activity.shard_fleet(array(
      select a.answer
      from vessel_activity.ask_shards(
        array['vessels'], array[vessel_activity.shard_fleet_question()], array[vessel_activity.shard_fleet_total()]) as a)) as f;
    return;
  end if;
  return query
  select
    case when grouping(v.type_name) = 0 then 'type' when grouping(v.flag_name) = 0 then 'flag' else 'total' end,
    coalesce(v.type_name, v.flag_name, ''),
    count(*)
  from (
    select vessel_activity.group_name(s."vesselType"::text collate "C") as type_name,
      vessel_activity.group_name(s.flag::text collate "C") as flag_name
    from public.vessels as s
    where s.active
  ) as v
  group by grouping sets ((v.type_name), (v.flag_name), ());
end
$$;

comment on function vessel_activity.fleet_counts_now() is
  'The fleet (active = true) by type, by flag state and in total, counted from the source table of vessels: (kind, name, vessels).';
