-- What can only be done between refreshes, in a short transaction of its own, and only when nobody has to wait: puts
-- triggers on new partitions, and gives the disk space of an inbox that grew past a quarter of its limit back.
-- Called by scheduled_refresh and refresh_loop.py after each refresh.
create or replace function vessel_activity.maintain()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_limit bigint;
  v_rows vessel_activity.inbox[];
  v_fleet_rows vessel_activity.fleet_inbox[];
begin
  if pg_is_in_recovery() or not pg_try_advisory_xact_lock(1448100678, 1) then
    return;
  end if;
  perform vessel_activity.install_triggers(p_nowait => true);

  select s.inbox_limit_bytes / 4 into strict v_limit from vessel_activity.settings as s;
  if greatest(pg_table_size('vessel_activity.inbox'), pg_table_size('vessel_activity.fleet_inbox')) > v_limit then
    begin
      lock table vessel_activity.inbox, vessel_activity.fleet_inbox in access exclusive mode nowait;
      -- Writers now wait until this commits, so only a few rows may be carried over.
      if (select count(*) from (select from vessel_activity.inbox limit 10001) as i) <= 10000
        and (select count(*) from (select from vessel_activity.fleet_inbox limit 10001) as i) <= 10000
      then
        v_rows := array(select i from vessel_activity.inbox as i);
        v_fleet_rows := array(select i from vessel_activity.fleet_inbox as i);
        truncate vessel_activity.inbox, vessel_activity.fleet_inbox;
        insert into vessel_activity.inbox select r.* from unnest(v_rows) as r;
        insert into vessel_activity.fleet_inbox select r.* from unnest(v_fleet_rows) as r;
      end if;
    exception when lock_not_available or insufficient_privilege then
      null; -- somebody is writing; next time
    end;
  end if;
  perform vessel_activity.tend_inbox();

  -- Dead rows under an old snapshot: emptied here, in a transaction that ends at once; the next refresh rebuilds.
  if exists (
    select from vessel_activity.state as s, vessel_activity.settings as t
    where vessel_activity.state_bytes() > greatest(t.state_limit_bytes, 4 * s.built_bytes)
  ) then
    begin
      lock table vessel_activity.last_seen, vessel_activity.position_second, vessel_activity.upcoming
        in access exclusive mode nowait;
      truncate vessel_activity.last_seen, vessel_activity.position_second, vessel_activity.upcoming;
      update vessel_activity.state set fingerprint = null;
    exception when lock_not_available or insufficient_privilege then
      null; -- next time
    end;
  end if;
end
$$;

comment on function vessel_activity.maintain() is
  'Puts triggers on new partitions and shrinks an oversized inbox, where nobody has to wait for it. In a transaction of its own.';
