-- The last minute rarely begins at a whole second, and vessel_activity.position_second counts by whole seconds: see hour_edge.
create or replace function vessel_activity.minute_edge(p_as_of timestamptz)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select count(*)
    from public.vessel_positions as p
    where p."timestamp" >= vessel_activity.source_time(p_as_of - interval '1 minute', p."timestamp")
      and p."timestamp" < vessel_activity.source_time(
        vessel_activity.first_full_second(p_as_of) + interval '59 minutes', p."timestamp")
  );
end
$$;

comment on function vessel_activity.minute_edge(timestamptz) is
  'Number of positions at or after p_as_of - 1 minute and before the next whole second.';
