-- What the server tells of the feed. The newest report is looked up now, so that a feed that stops is noticed within seconds
-- whatever the refresh interval is; the other numbers are those of the last refresh.
-- It must not wait or read much. If there is no index on timestamp (as on a view), if a source table is locked or something is
-- wrong with it, the newest report is the last that is known. The state is then that of the last refresh: nobody has looked
-- since, so a report that is older now says nothing.
-- On a combining database the newest report is the last that members have told.
-- The caller sets a statement_timeout, for an index full of dead entries. If that is over, it asks again without a look.
create or replace function vessel_activity.feed_now(
  p_known timestamptz default null,
  p_looks boolean default true,
  out newest_report timestamptz,
  out age_seconds double precision,
  out state text,
  out looked boolean,
  out late_after_seconds double precision,
  out quiet_after_seconds double precision,
  out as_of timestamptz,
  out reports_last_minute bigint,
  out late_share_last_hour double precision,
  out positions_ahead bigint
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set lock_timeout = '100ms'
set row_security = off -- an error is better than the newest of some rows
as $$
declare
  v_now timestamptz;
  v_late_after constant interval := (select s.feed_late_after from vessel_activity.settings as s);
begin
  select greatest(t.newest_report, p_known), t.as_of, t.reports_last_minute, vessel_activity.late_share(t), t.positions_ahead
  into newest_report, as_of, reports_last_minute, late_share_last_hour, positions_ahead
  from vessel_activity.feed_truth as t;

  looked := false;
  if p_looks and not exists (select from vessel_activity.member) and not vessel_activity.asks_shards('vessel_positions')
    and exists (select from vessel_activity.source_indexes() as i where i.purpose = 'time')
  then
    begin
      newest_report := vessel_activity.newest_report(clock_timestamp());
      looked := true;
    exception when lock_not_available or syntax_error_or_access_rule_violation then
      null;
    end;
  end if;

  v_now := clock_timestamp();
  age_seconds := extract(epoch from v_now - newest_report);
  state := vessel_activity.feed_state(newest_report, case when looked then v_now else as_of end, v_late_after);
  late_after_seconds := extract(epoch from v_late_after);
  quiet_after_seconds := extract(epoch from interval '5 minutes');
end
$$;

comment on function vessel_activity.feed_now(timestamptz, boolean) is
  'What the server tells of the feed. newest_report: timestamp of the newest position that is not ahead of the clock; NULL if there is none. looked: it was looked up now; false: that costs too much or is not possible (or not p_looks), and it is the later one of that of the last refresh and p_known. age_seconds: its age by the clock of the database server. state: see feed_state, now if looked, else as of the last refresh. late_after_seconds, quiet_after_seconds: the ages at which the state changes. The rest is by the last refresh, as of as_of: positions in the last minute, late_share() of the last hour, positions stamped later than as_of; NULL before the first refresh.';
