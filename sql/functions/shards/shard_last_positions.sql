-- The question for the last position of each vessel, like last_positions_query: that one uses functions of vessel activity, which
-- other nodes do not have. The shards have the indexes that the table has here.
create or replace function vessel_activity.shard_last_positions(p_as_of timestamptz)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_at constant text := vessel_activity.shard_instant(p_as_of);
  v_day_ago constant text := vessel_activity.shard_instant(p_as_of - interval '24 hours');
  v_is_partitioned boolean;
  v_is_mixed boolean; -- one of the two columns ascending, the other descending
begin
  select c.relkind = 'p', (i.indoption[0] & 1) <> (i.indoption[1] & 1)
  into v_is_partitioned, v_is_mixed
  from vessel_activity.source_indexes() as s
  join pg_index as i on i.indexrelid = s.index_oid
  join pg_class as c on c.oid = i.indrelid
  where s.purpose = 'vessel';

  if not found then
    return format(
      $query$
        select p."vesselId" as vessel_id, max(p."timestamp") as seen_at
        from {shard} as p
        where p."timestamp" >= %s and p."timestamp" <= %s and p."vesselId" is not null
        group by p."vesselId"
      $query$,
      v_day_ago, v_at);
  end if;

  return format(
    $query$
      with recursive step(vessel_id, seen_at) as (
        (
          select p."vesselId", p."timestamp"
          from {shard} as p
          where p."timestamp" <= %4$s %3$s and p."vesselId" is not null
          order by p."vesselId" %2$s, p."timestamp" desc
          limit 1
        )
        union all
        select n.*
        from step as s
        cross join lateral (
          select p."vesselId", p."timestamp"
          from {shard} as p
          where p."timestamp" <= %4$s %3$s and p."vesselId" %1$s s.vessel_id
          order by p."vesselId" %2$s, p."timestamp" desc
          limit 1
        ) as n
      )
      select s.vessel_id, s.seen_at from step as s where s.seen_at >= %5$s
    $query$,
    case when v_is_mixed then '>' else '<' end,
    case when v_is_mixed then 'asc' else 'desc' end,
    case when v_is_partitioned then format('and p."timestamp" >= %s', v_day_ago) else '' end,
    v_at, v_day_ago);
end
$$;

comment on function vessel_activity.shard_last_positions(timestamptz) is
  'Text of a query over {shard} for the last position of each vessel at or before p_as_of, if it is at most 24 hours older: (vessel_id, seen_at).';
