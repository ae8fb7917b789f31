-- The numbers of active vessels follow from the last position of each vessel.
-- The query steps from vessel to vessel through the index on ("vesselId", timestamp), with one probe for each vessel. So
-- its cost depends on the size of the fleet, not on the length of the history. Vessels without a row in public.vessels
-- are found too. The direction of the steps depends on the sort order of the index.
-- Without such an index (a view, a foreign table, or before the first migrate has ended) the query groups the positions
-- of 24 hours instead.
create or replace function vessel_activity.last_positions_query()
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_is_partitioned boolean;
  v_is_mixed boolean; -- one of the two columns ascending, the other descending
begin
  select c.relkind = 'p', (i.indoption[0] & 1) <> (i.indoption[1] & 1)
  into v_is_partitioned, v_is_mixed
  from vessel_activity.source_indexes() as s
  join pg_catalog.pg_index as i on i.indexrelid = s.index_oid
  join pg_catalog.pg_class as c on c.oid = i.indrelid
  where s.purpose = 'vessel';

  if not found then
    return $query$
      select p."vesselId" as vessel_id, max(vessel_activity.utc_instant(p."timestamp")) as seen_at
      from public.vessel_positions as p
      where p."timestamp" >= vessel_activity.source_time($1 - interval '24 hours', p."timestamp")
        and p."timestamp" <= vessel_activity.source_time($1, p."timestamp")
        and p."vesselId" is not null
      group by p."vesselId"
    $query$;
  end if;

  -- On a partitioned table the lower bound excludes old partitions. A plain table is read faster without the bound: with
  -- it, a vessel that has been silent for a day costs a walk over its whole history.
  return format(
    $query$
      with recursive step(vessel_id, seen_at) as (
        (
          select p."vesselId", p."timestamp"
          from public.vessel_positions as p
          where p."timestamp" <= vessel_activity.source_time($1, p."timestamp") %3$s
            and p."vesselId" is not null
          order by p."vesselId" %2$s, p."timestamp" desc
          limit 1
        )
        union all
        select n.*
        from step as s
        cross join lateral (
          select p."vesselId", p."timestamp"
          from public.vessel_positions as p
          where p."timestamp" <= vessel_activity.source_time($1, p."timestamp") %3$s
            and p."vesselId" %1$s s.vessel_id
          order by p."vesselId" %2$s, p."timestamp" desc
          limit 1
        ) as n
      )
      select s.vessel_id, vessel_activity.utc_instant(s.seen_at) as seen_at
      from step as s
      where s.seen_at >= vessel_activity.source_time($1 - interval '24 hours', s.seen_at)
    $query$,
    case when v_is_mixed then '>' else '<' end,
    case when v_is_mixed then 'asc' else 'desc' end,
    case when v_is_partitioned
      then $bound$and p."timestamp" >= vessel_activity.source_time($1 - interval '24 hours', p."timestamp")$bound$
      else ''
    end);
end
$$;

comment on function vessel_activity.last_positions_query() is
  'Text of the query that finds the last position of each vessel at an instant ($1). The query returns the last position of each vessel at or before $1, if it is at most 24 hours older: (vessel_id, seen_at).';
