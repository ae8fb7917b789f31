-- Looks in the log for comparisons of the incremental state with the definition that found a difference.
create or replace function vessel_activity.check_verification()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_verified_at timestamptz;
begin
  check_name := 'verification';
  if not pg_is_in_recovery() then -- a standby has no unlogged tables
    select s.verified_at into v_verified_at from vessel_activity.state as s;
  end if;
  if exists (
    select from vessel_activity.refresh_log as l where l.verification is not null and not (l.verification ->> 'equal')::boolean
  ) then
    state := 'warn';
    detail := 'the incremental state differed from the definition (public.vessel_activity_at); it was rebuilt';
    hint := 'Report this as a bug of vessel activity, with the rows of: select * from vessel_activity.refresh_log where not (verification ->> ''equal'')::boolean. The warning ends when they are older than settings.log_retention.';
  else
    state := 'ok';
    detail := case when v_verified_at is null then 'there is no incremental state to verify'
      else format('the incremental state was last built from or compared with the definition at %s', v_verified_at) end;
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_verification() is
  'Whether the incremental state differed from the definition, in one row like those of public.vessel_activity_status().';
