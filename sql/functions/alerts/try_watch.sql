-- Evaluates the rules. Neither a refresh nor the log of a failure must depend on them: an error is caught, kept in
-- vessel_activity.watching for the status, and raised as a warning when it is new.
create or replace function vessel_activity.try_watch(p_as_of timestamptz, p_looks boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_error text;
begin
  begin
    if vessel_activity.evaluate_watch(p_as_of, p_looks) then
      update vessel_activity.watching set error = null, error_at = null where error is not null;
    end if;
    return;
  exception when others then
    v_error := format('%s: %s', sqlstate, sqlerrm);
  end;
  begin
    update vessel_activity.watching set error = v_error, error_at = clock_timestamp() where error is distinct from v_error;
    if not found then
      return;
    end if;
  exception when others then
    null; -- the warning says it
  end;
  raise warning using
    message = format('the rules of vessel_activity.watch could not be evaluated: %s', v_error),
    hint = 'The figures are not affected, but no alert is raised. Run select * from public.vessel_activity_status().';
end
$$;

comment on function vessel_activity.try_watch(timestamptz, boolean) is
  'Evaluates the rules as evaluate_watch() does, and keeps an error in vessel_activity.watching instead of raising it.';
