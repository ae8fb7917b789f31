-- One probe of the index on timestamp. On a partitioned table the bound of a day excludes old partitions, so most calls open
-- few of them. Only a feed that has been silent for a day costs the second probe.
-- Times before 1970 are no times of reports.
create or replace function vessel_activity.newest_report(p_at timestamptz)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_newest timestamptz;
begin
  select vessel_activity.utc_instant(p."timestamp") into v_newest
  from public.vessel_positions as p
  where p."timestamp" <= vessel_activity.source_time(p_at, p."timestamp")
    and p."timestamp" >= vessel_activity.source_time(p_at - interval '24 hours', p."timestamp")
  order by p."timestamp" desc
  limit 1;

  if v_newest is null then
    select vessel_activity.utc_instant(p."timestamp") into v_newest
    from public.vessel_positions as p
    where p."timestamp" <= vessel_activity.source_time(p_at, p."timestamp")
      and p."timestamp" >= vessel_activity.source_time('epoch', p."timestamp")
    order by p."timestamp" desc
    limit 1;
  end if;
  return v_newest;
end
$$;

comment on function vessel_activity.newest_report(timestamptz) is
  'Timestamp of the newest position at or before p_at; NULL if there is none since 1970.';
