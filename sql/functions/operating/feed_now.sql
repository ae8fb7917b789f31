-- What the server tells of the feed. The newest report is looked up now, so that a feed that stops is noticed within seconds
-- whatever the refresh interval is; the other numbers are those of the last refresh.
-- It must not wait or read much: without an index on timestamp, if a source table is locked, or if something is wrong with it,
-- the newest report is that of the last refresh. The caller sets a statement_timeout, for an index full of dead entries.
create or replace function vessel_activity.feed_now(
  out newest_report timestamptz,
  out age_seconds double precision,
  out state text,
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
set row_security = off
as $$
declare
  v_now timestamptz;
  v_late_after constant interval := (select s.feed_late_after from vessel_activity.settings as s);
begin
  select t.newest_report, t.as_of, t.reports_last_minute, vessel_activity.late_share(t), t.positions_ahead
  into newest_report, as_of, reports_last_minute, late_share_last_hour, positions_ahead
  from vessel_activity.feed_truth as t;

  if exists (select from vessel_activity.source_indexes() as i where i.purpose = 'time') then
    begin
      newest_report := vessel_activity.newest_report(clock_timestamp());
    exception when lock_not_available or syntax_error_or_access_rule_violation then
      null;
    end;
  end if;

  v_now := clock_timestamp();
  age_seconds := extract(epoch from v_now - newest_report);
  state := vessel_activity.feed_state(newest_report, v_now, v_late_after);
  late_after_seconds := extract(epoch from v_late_after);
  quiet_after_seconds := extract(epoch from interval '5 minutes');
end
$$;

comment on function vessel_activity.feed_now() is
  'What the server tells of the feed. newest_report: timestamp of the newest position that is not ahead of the clock, looked up now if that costs little, else by the last refresh; NULL if there is none. age_seconds: its age by the clock of the database server. state, late_after_seconds, quiet_after_seconds: see feed_state. The rest is by the last refresh, as of as_of: positions in the last minute, late_share() of the last hour, positions stamped later than as_of; NULL before the first refresh.';
