-- The same samples as CSV (RFC 4180) for people with spreadsheets: a header, then one line a sample; gaps are left out,
-- and a field is empty where nothing was heard.
-- Called by the server. Raises what vessel_activity_history raises.
create or replace function public.vessel_activity_history_csv(
  p_range text,
  p_as_of timestamptz default null
)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select E'time,activeNow,activeLastHour,activeLast24h,totalVessels,positionsLastHour,speedAvg\r\n' || coalesce(
    string_agg(
      array_to_string(
        array[
          vessel_activity.iso_instant(h.sampled_at), nullif(h.active_now, 0)::text, nullif(h.active_last_hour, 0)::text,
          nullif(h.active_last_24h, 0)::text, h.total_vessels::text, nullif(h.positions_last_hour, 0)::text,
          nullif(h.speed_avg, 0)::text
        ], ',', '') || E'\r\n',
      '' order by h.step_at),
    '')
  from public.vessel_activity_history(p_range, p_as_of) as h
  where h.sampled_at is not null
$$;

comment on function public.vessel_activity_history_csv(text, timestamptz) is
  'The history of 1h, 24h, 7d or 30d as CSV text, one line a sample, times in UTC; an empty field is unknown: nothing was heard.';
