-- The samples of history_steps() as CSV (RFC 4180) for spreadsheets: a header, then one line for each
-- sample. Steps without a sample are left out. A count of 0 is an empty field: no vessel was heard, so the number is
-- unknown. A minimum is 0 if nothing was heard in a part of the step.
-- Raises invalid_parameter_value (22023) for an unknown range.
create or replace function vessel_activity.history_csv(
  p_range text,
  p_as_of timestamptz default null
)
returns text
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select 'time,activeNow,activeLastHour,activeLast24h,totalVessels,positionsLastHour,speedAvg,'
    'activeNowMin,activeNowMax,activeLastHourMin,activeLastHourMax,activeLast24hMin,activeLast24hMax,'
    'totalVesselsMin,totalVesselsMax,positionsLastHourMin,positionsLastHourMax,speedAvgMin,speedAvgMax' || E'\r\n' || coalesce(
    string_agg(
      array_to_string(
        array[
          vessel_activity.iso_instant(h.sampled_at), nullif(h.active_now, 0)::text, nullif(h.active_last_hour, 0)::text,
          nullif(h.active_last_24h, 0)::text, h.total_vessels::text, nullif(h.positions_last_hour, 0)::text,
          nullif(h.speed_avg, 0)::text,
          case when h.active_now_max > 0 then h.active_now_min end::text, nullif(h.active_now_max, 0)::text,
          case when h.active_last_hour_max > 0 then h.active_last_hour_min end::text, nullif(h.active_last_hour_max, 0)::text,
          case when h.active_last_24h_max > 0 then h.active_last_24h_min end::text, nullif(h.active_last_24h_max, 0)::text,
          h.total_vessels_min::text, h.total_vessels_max::text,
          case when h.positions_last_hour_max > 0 then h.positions_last_hour_min end::text,
          nullif(h.positions_last_hour_max, 0)::text,
          case when h.speed_avg_max > 0 then h.speed_avg_min end::text, nullif(h.speed_avg_max, 0)::text
        ], ',', '') || E'\r\n',
      '' order by h.step_at),
    '')
  from vessel_activity.history_steps(p_range, p_as_of) as h
  where h.sampled_at is not null
$$;

comment on function vessel_activity.history_csv(text, timestamptz) is
  'The history of a range, see history_steps(), as CSV text, one line for each sample with the minimum and maximum of its step, times in UTC. A field is empty if nothing was heard, because the number is unknown then.';
