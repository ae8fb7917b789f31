-- The instant of the map: that of the state if the state can be used, else that of the row.
create or replace function vessel_activity.grid_instant(out as_of timestamptz, out from_state boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  as_of := (select s.as_of from vessel_activity.state as s where s.fingerprint is not null);
  from_state := as_of is not null;
  as_of := coalesce(as_of, (select r.updated_at from public.vessel_activity_realtime as r), clock_timestamp());
end
$$;

comment on function vessel_activity.grid_instant() is
  'The instant of the map, and whether the state is as of it.';
