-- Whether the incremental state ever differed from the definition, as far as the log reaches back.
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
    detail := 'the state differed from the definition; it was rebuilt';
    hint := 'Please report it: select * from vessel_activity.refresh_log where not (verification ->> ''equal'')::boolean. The warning ends with settings.log_retention.';
  else
    state := 'ok';
    detail := case when v_verified_at is null then 'there is no state to verify'
      else format('last built from or compared with the definition at %s', v_verified_at) end;
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_verification() is
  'Whether the incremental state differed from the definition: one row.';
