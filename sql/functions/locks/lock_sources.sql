-- Takes the locks that reading the source tables needs (ACCESS SHARE, with partitions and children), before a refresh takes
-- any other lock. A refresh that waited for them later would keep other refreshes out, and the DDL of another session, and
-- the writers that queue behind that DDL.
-- While a table is locked by somebody else it tries again, for p_patience. It gives up half a second before statement_timeout
-- would cancel the caller, who could not log why. It holds none of these locks between two tries.
-- A refresh that only takes in changes does not read vessels, so a locked table vessels does not stop it. A refresh that
-- builds or verifies the state reads vessels.
-- Raises lock_not_available if a table stays locked, and undefined_table with the words of source_problem.
create or replace function vessel_activity.lock_sources(
  p_with_vessels boolean default null, p_patience interval default '5 seconds'
)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_ends_at constant timestamptz := least(
    clock_timestamp() + p_patience,
    statement_timestamp() + nullif(current_setting('statement_timeout')::interval, interval '0') - interval '0.5 seconds');
  v_problem record;
begin
  if pg_is_in_recovery() then
    return false; -- a standby has no state to read; the refresh says what is wrong
  end if;
  if to_regclass(vessel_activity.actual_table('vessels')) is null or to_regclass(vessel_activity.actual_table('vessel_positions')) is null then
    select p.message, p.hint into v_problem from vessel_activity.source_problem() as p;
    raise exception using errcode = 'undefined_table', message = v_problem.message, hint = v_problem.hint;
  end if;
  loop
    begin
      perform vessel_activity.lock_roots('vessel_positions');
      if p_with_vessels is null then
        p_with_vessels := not exists (
          select from vessel_activity.state as s, vessel_activity.settings as o
          where s.fingerprint is not null and s.verified_at > clock_timestamp() - o.verify_interval
            and s.as_of <= clock_timestamp() and coalesce(s.far_due_at > clock_timestamp(), true)
        );
      end if;
      if p_with_vessels then
        perform vessel_activity.lock_roots('vessels');
      end if;
      return true;
    exception
      -- A foreign table or materialized view can't be locked by name, nor a table of which only some columns may be read.
      when wrong_object_type or insufficient_privilege then
        return false;
      when lock_not_available then
        if clock_timestamp() > v_ends_at then
          raise;
        end if;
    end;
    perform pg_sleep(0.05);
  end loop;
end
$$;

comment on function vessel_activity.lock_sources(boolean, interval) is
  'Takes the locks that a refresh needs to read the source tables. p_with_vessels: also that of vessels (NULL: if it is clear that the refresh will read it). Waits up to p_patience, but ends before statement_timeout does, and holds none of them while it waits; then raises lock_not_available. Raises undefined_table if a source table does not exist. Returns false if the tables can''t be locked by name.';
