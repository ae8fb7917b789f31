-- Lists are as of the last refresh: from the state if the state is as of the row, else by the definition.
create or replace function vessel_activity.listed_instant(out as_of timestamptz, out from_state boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  select s.as_of, true into as_of, from_state
  from vessel_activity.state as s
  join public.vessel_activity_realtime as c on c.id = 'singleton' and c.updated_at = s.as_of
  where s.fingerprint is not null;
  if as_of is null then
    from_state := false;
    as_of := coalesce((select c.updated_at from public.vessel_activity_realtime as c where c.id = 'singleton'), clock_timestamp());
  end if;
end
$$;

comment on function vessel_activity.listed_instant() is
  'The instant of lists of vessels, and whether last_report is as of it.';
