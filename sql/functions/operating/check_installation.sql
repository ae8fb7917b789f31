-- Somebody may have dropped a table of vessel activity by hand, or deleted the settings. vessel-activity migrate restores them.
-- A test compares the list of tables, sequences and views with the migrations.
create or replace function vessel_activity.check_installation()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  check_name := 'installation';
  state := 'fail';
  hint := 'Run vessel-activity migrate, which creates the missing objects again.';
  select string_agg(o.name, ', ' order by o.ordinal)
  into detail
  from unnest(array[
    'public.vessel_activity_realtime', 'vessel_activity.settings', 'vessel_activity.refresh_lock',
    'vessel_activity.refresh_log', 'vessel_activity.refresh_promise', 'vessel_activity.refresher',
    'vessel_activity.announced', 'vessel_activity.refresh_count', 'vessel_activity.refresh_counted', 'vessel_activity.inbox',
    'vessel_activity.fleet_inbox', 'vessel_activity.inbox_tickets', 'vessel_activity.inbox_guard',
    'vessel_activity.reopenings', 'vessel_activity.upcoming', 'vessel_activity.last_seen', 'vessel_activity.position_second',
    'vessel_activity.fleet_count', 'vessel_activity.state', 'vessel_activity.inbox_parts',
    'vessel_activity.refused_triggers', 'vessel_activity.load', 'vessel_activity.load_rejection',
    'vessel_activity.rejected_row', 'vessel_activity.static_data', 'vessel_activity.country_digits',
    'vessel_activity.ship_type', 'vessel_activity.recording', 'vessel_activity.replay', 'vessel_activity.history',
    'vessel_activity.feeder', 'vessel_activity.feed', 'vessel_activity.rejected_message', 'vessel_activity.activity',
    'vessel_activity.last_report', 'vessel_activity.last_report_count', 'vessel_activity.type_hour', 'vessel_activity.feed_truth', 'vessel_activity.first_count',
    'vessel_activity.history_hour', 'vessel_activity.area_ids', 'public.vessel_activity_area',
    'vessel_activity.area_part_ids', 'vessel_activity.area_part', 'vessel_activity.area_cell',
    'vessel_activity.area_revision', 'vessel_activity.area_figures', 'vessel_activity.area_set', 'vessel_activity.area_grid',
    'vessel_activity.area_past', 'vessel_activity.area_history', 'vessel_activity.area_late', 'vessel_activity.cell_history',
    'vessel_activity.cell_usual', 'vessel_activity.watch', 'vessel_activity.watching', 'vessel_activity.alert_ids',
    'vessel_activity.alert', 'vessel_activity.alert_event', 'vessel_activity.member', 'vessel_activity.member_state',
    'vessel_activity.given_part', 'vessel_activity.asked_area', 'vessel_activity.area_asker', 'vessel_activity.counted_once'
  ]) with ordinality as o (name, ordinal)
  where to_regclass(o.name) is null;
  if detail is not null then
    detail := 'missing: ' || detail;
  elsif not exists (select from vessel_activity.settings) then
    detail := 'vessel_activity.settings holds no row';
  else
    state := 'ok';
    detail := 'all tables, sequences and views of vessel activity exist';
    hint := null;
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_installation() is
  'Whether the tables, sequences and views of vessel activity exist, in one row like those of public.vessel_activity_status().';
