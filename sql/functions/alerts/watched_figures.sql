-- The values that the rules compare, for an instant. Figures of a row that is out of date are unknown: they raise and clear
-- nothing. So rules on refreshes and on the feed work while refreshing has stopped, and the others wait.
-- p_looks: the newest report is looked up now, for who evaluates between refreshes. Otherwise it is that of the last refresh.
-- If the look is not possible, the feed is judged as of the last refresh: see feed_now.
-- The figures of areas are those of the newest document. If documents fail, they are unknown soon.
create or replace function vessel_activity.watched_figures(p_as_of timestamptz, p_looks boolean)
returns table (area text, figure text, value numeric)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings vessel_activity.settings;
  v_row public.vessel_activity_realtime;
  v_truth vessel_activity.feed_truth;
  v_succeeded record;
  v_stale_at timestamptz;
  v_newest timestamptz;
  v_newest_at timestamptz;
  v_look record;
begin
  select s.* into strict v_settings from vessel_activity.settings as s;
  select r.* into v_row from public.vessel_activity_realtime as r where r.id = 'singleton';
  select t.* into v_truth from vessel_activity.feed_truth as t;
  select l.id, l.as_of into v_succeeded from vessel_activity.refresh_log as l where l.sqlstate is null order by l.id desc limit 1;
  v_stale_at := vessel_activity.stale_at(coalesce(v_row.updated_at, v_succeeded.as_of), v_settings.refresh_interval);
  if v_stale_at < p_as_of then
    v_row := null;
    v_truth.reports_last_minute := null;
    v_truth.timed_last_hour := null;
    v_truth.positions_ahead := null;
  end if;
  v_newest := v_truth.newest_report;
  v_newest_at := v_truth.as_of;
  if p_looks then
    select f.newest_report, f.looked into v_look from vessel_activity.feed_now() as f;
    if v_look.looked then
      v_newest := v_look.newest_report;
      v_newest_at := p_as_of;
    end if;
  end if;

  return query
    select null::text, f.figure, f.value
    from (values
      ('active_now', v_row.active_now::numeric),
      ('active_last_hour', v_row.active_last_hour),
      ('active_last_24h', v_row.active_last_24h),
      ('total_vessels', v_row.total_vessels),
      ('positions_last_hour', v_row.positions_last_hour),
      ('speed_avg', v_row.speed_avg),
      ('reports_last_minute', v_truth.reports_last_minute),
      ('late_share_last_hour', round(vessel_activity.late_share(v_truth)::numeric, 4)),
      ('positions_ahead', v_truth.positions_ahead),
      ('newest_report_age_seconds', round(extract(epoch from v_newest_at - v_newest), 1)),
      ('feed_overdue_seconds', case when v_newest_at is not null and v_newest is not null then
        round(greatest(extract(epoch from v_newest_at - v_newest - v_settings.feed_late_after), 0), 1) end),
      ('row_overdue_seconds', case when v_stale_at is not null then round(greatest(extract(epoch from p_as_of - v_stale_at), 0), 1) end),
      -- Nobody needs to know more of a long series, and to count it would take its time.
      ('failed_refreshes', (
        select count(*)
        from (
          select from vessel_activity.refresh_log as l
          where l.id > coalesce(v_succeeded.id, 0) and l.sqlstate is not null
          limit 1000
        ) as failed
      ))
    ) as f (figure, value);

  return query
    select a.name, f.figure, f.value
    from (select distinct r.area, r.figure from vessel_activity.watch as r where r.area is not null) as w
    join public.vessel_activity_area as a on a.name = w.area
    join vessel_activity.area_figures as g on g.area = a.id
    cross join lateral (values
      ('active_now', g.active_now::numeric), ('active_last_hour', g.active_last_hour), ('active_last_24h', g.active_last_24h),
      ('entered', g.entered), ('departed', g.departed), ('mean_speed', g.mean_speed)
    ) as f (figure, value)
    where v_row.id is not null and f.figure = w.figure
      and g.as_of >= p_as_of - 2 * greatest(v_settings.detail_interval, v_settings.refresh_interval);
end
$$;

comment on function vessel_activity.watched_figures(timestamptz, boolean) is
  'The figures of watchable_figures() at p_as_of; those of areas only for the rules that name them. area: NULL for all vessels. value: NULL if unknown; in vessels, positions, reports, knots, seconds, refreshes, or as a share of 1. p_looks: looks up the newest report now.';
