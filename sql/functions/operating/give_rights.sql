-- Gives a role exactly the rights of the given purposes, and takes all other rights on vessel activity from it.
-- Every purpose needs USAGE on schema vessel_activity, EXECUTE on its entry_points(), and these rights on relations:
--   reader    SELECT on the cached row, on the areas and on vessel_activity_performance
--   operator  SELECT on the settings, on the log of refreshes, on the logs of loads and on the tables of the feeds and of the
--             alerts, which hints and documents ask for; UPDATE of the settings that have no function of their own
--   feeder    SELECT on the logs of loads
-- The right on the schema is changed only if it must be, because the fingerprint of the state contains its row version.
-- Rights on the source tables are none of vessel activity: they are neither given nor taken.
create or replace function vessel_activity.give_rights(p_role name, p_purposes text[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_role constant oid := (select r.oid from pg_roles as r where r.rolname = p_role);
  v_parts constant text[] := array(
    select distinct x.part from unnest(p_purposes) as p (purpose) cross join unnest(vessel_activity.purpose_parts(p.purpose)) as x (part));
  -- Rights on the schema, such as {USAGE}; NULL if there are none.
  v_on_schema constant text[] := (
    select array_agg(a.privilege_type || case when a.is_grantable then ' with grant option' else '' end)
    from pg_namespace as n
    cross join lateral aclexplode(n.nspacl) as a
    where n.nspname = 'vessel_activity' and a.grantee = v_role
  );
  v_on_schema_wanted constant text[] := case when v_parts <> '{}' then '{USAGE}'::text[] end;
  v_ddl text;
begin
  for v_ddl in
    select format('revoke all on routine %s from %I cascade', string_agg(o.routine::text, ', '), p_role)
    from vessel_activity.routines() as o
    join pg_proc as p on p.oid = o.routine
    where exists (select from aclexplode(p.proacl) as a where a.grantee = v_role)
    having count(*) > 0
    union all
    select format('revoke all on %s%s from %I cascade', case c.relkind when 'S' then 'sequence ' else '' end, c.oid::regclass, p_role)
    from pg_class as c
    where (c.relnamespace = 'vessel_activity'::regnamespace
        or c.oid in (to_regclass('public.vessel_activity_realtime'), to_regclass('public.vessel_activity_area'),
          to_regclass('public.vessel_activity_performance')))
      and (exists (select from aclexplode(c.relacl) as a where a.grantee = v_role)
        or exists (select from pg_attribute as t cross join lateral aclexplode(t.attacl) as a where t.attrelid = c.oid and a.grantee = v_role))
    union all
    select format('revoke all on schema vessel_activity from %I cascade', p_role)
    where v_on_schema is not null and v_on_schema is distinct from v_on_schema_wanted
    union all
    select format('grant usage on schema vessel_activity to %I', p_role)
    where v_on_schema_wanted is not null and v_on_schema is distinct from v_on_schema_wanted
    union all
    select format('grant execute on routine %s to %I', string_agg(e.routine::text, ', '), p_role)
    from vessel_activity.entry_points() as e
    where e.purpose = any (v_parts)
    having count(*) > 0
    union all
    select format(g.ddl, p_role)
    from (values
      ('reader', 'grant select on public.vessel_activity_realtime, public.vessel_activity_area, public.vessel_activity_performance to %I'),
      ('operator', 'grant select on vessel_activity.settings, vessel_activity.refresh_log to %I'),
      ('operator', 'grant update (slow_after, log_retention, verify_interval, inbox_limit_bytes, state_limit_bytes, rejected_retention, '
        'history_retention, hour_retention, below_usual_by, below_usual_for, feed_late_after, area_limit, detail_interval, '
        'alert_clear_after, alert_retention, member_timeout, allow_missing_members) on vessel_activity.settings to %I'),
      ('operator', 'grant select on vessel_activity.load, vessel_activity.load_rejection, vessel_activity.rejected_row to %I'),
      ('operator', 'grant select on vessel_activity.feed, vessel_activity.feeder, vessel_activity.rejected_message to %I'),
      ('operator', 'grant select on vessel_activity.member, vessel_activity.member_state to %I'),
      ('operator', 'grant select on vessel_activity.watch, vessel_activity.alert, vessel_activity.alert_event, vessel_activity.watching to %I'),
      ('feeder', 'grant select on vessel_activity.load, vessel_activity.load_rejection, vessel_activity.rejected_row to %I')
    ) as g (purpose, ddl)
    where g.purpose = any (v_parts)
  loop
    perform vessel_activity.run_ddl(v_ddl);
  end loop;
end
$$;

comment on function vessel_activity.give_rights(name, text[]) is
  'Gives a role the rights of the purposes, and takes all its other rights on vessel activity. No purpose: takes all. Rights on the source tables stay as they are.';
