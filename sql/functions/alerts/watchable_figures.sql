-- The one list of what a rule may watch. watched_figures gives their values.
create or replace function vessel_activity.watchable_figures()
returns table (figure text, has_usual boolean, is_of_all boolean, is_of_areas boolean, sentence text)
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  values
    ('active_now', true, true, true, '%s vessels are active now'),
    ('active_last_hour', true, true, true, '%s vessels were heard in the last hour'),
    ('active_last_24h', true, true, true, '%s vessels were heard in the last 24 hours'),
    ('total_vessels', false, true, false, '%s vessels are in the fleet'),
    ('positions_last_hour', true, true, false, '%s positions are of the last hour'),
    ('speed_avg', true, true, false, 'the mean speed is %s knots'),
    ('reports_last_minute', false, true, false, '%s reports were of the last minute'),
    ('late_share_last_hour', false, true, false, 'the share of reports that arrived late in the last hour is %s'),
    ('positions_ahead', false, true, false, '%s positions are stamped ahead of the clock'),
    ('newest_report_age_seconds', false, true, false, 'the newest report is %s s old'),
    ('feed_overdue_seconds', false, true, false, 'the feed has been late for %s s'),
    ('row_overdue_seconds', false, true, false, 'the figures have been out of date for %s s'),
    ('failed_refreshes', false, true, false, 'refreshes that have failed in a row: %s'),
    ('entered', false, false, true, '%s vessels entered in the last hour'),
    ('departed', false, false, true, '%s vessels left in the last hour'),
    ('mean_speed', false, false, true, 'the mean speed is %s knots')
$$;

comment on function vessel_activity.watchable_figures() is
  'The figures that a rule may watch. has_usual: the figure of all vessels can be compared with what is usual. is_of_all, is_of_areas: there is a figure of all vessels, of each area. sentence: how an alert says it, with %s for the value.';
