-- The body of GET /api/database/vessel-activity/areas/history: the figures of one area, hour by hour. An hour without a sample is
-- unknown: its values are null. It reads 720 samples at most, by the primary key.
-- Raises invalid_parameter_value (22023) if p_range is unknown.
create or replace function vessel_activity.area_history_json(p_area text, p_range text, p_now timestamptz default clock_timestamp())
returns text
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_hours constant integer := case p_range when '24h' then 24 when '7d' then 168 when '30d' then 720 end;
  v_last constant timestamptz := date_bin('1 hour', p_now, 'epoch');
  v_first constant timestamptz := v_last - (v_hours - 1) * interval '1 hour';
begin
  if v_hours is null then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('range %L is unknown', p_range),
      hint = 'Use 24h, 7d or 30d.';
  end if;
  return (
    select row_to_json(d)::text
    from public.vessel_activity_area as a
    cross join lateral (
      select a.name as area, p_range as range, 3600 as "stepSeconds",
        array_agg(vessel_activity.iso_instant(g.hour) order by g.hour) as times,
        array_agg(h.active_now order by g.hour) as "activeNow",
        array_agg(h.active_last_hour order by g.hour) as "activeLastHour",
        array_agg(h.active_last_24h order by g.hour) as "activeLast24h",
        array_agg(h.entered order by g.hour) as entered,
        array_agg(h.departed order by g.hour) as "left",
        array_agg(h.mean_speed order by g.hour) as "meanSpeed"
      from generate_series(v_first, v_last, interval '1 hour') as g (hour)
      left join vessel_activity.area_history as h on h.area = a.id and h.hour = g.hour
    ) as d
    where a.name = p_area
  );
end
$$;

comment on function vessel_activity.area_history_json(text, text, timestamptz) is
  'The figures of the area p_area, hour by hour, as JSON text: area, range (24h, 7d or 30d), stepSeconds, times, and an array for each figure: numbers, one for each time, null if unknown. NULL if there is no such area.';
