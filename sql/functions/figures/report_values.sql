-- The values of one report. Several positions of a vessel may have the same time, such as two that came by different receivers.
-- Then the one with the greatest speed counts, among these the northernmost, and among these the easternmost; unknown values
-- come last. So the answer depends on the values alone, whatever the ids and the order in which the rows came.
-- Qualified names and operators instead of a pinned search_path, so that PostgreSQL can inline it: a call for each vessel would
-- take ten times as long. BEGIN ATOMIC allows no polymorphic arguments.
create or replace function vessel_activity.report_values(p_vessel_id anyelement, p_seen_at timestamptz)
returns table (latitude double precision, longitude double precision, speed double precision)
language sql stable
as $$
  select r.latitude, r.longitude, r.speed
  from (
    select vessel_activity.known_number(p.latitude, -90, 90) as latitude,
      vessel_activity.known_number(p.longitude, -180, 180) as longitude,
      vessel_activity.known_number(p.speed, 0, 102.2) as speed
    from public.vessel_positions as p
    where p."vesselId" operator(pg_catalog.=) p_vessel_id
      and p."timestamp" operator(pg_catalog.=) vessel_activity.source_time(p_seen_at, p."timestamp")
  ) as r
  order by r.speed desc nulls last, r.latitude desc nulls last, r.longitude desc nulls last
  limit 1
$$;

comment on function vessel_activity.report_values(anyelement, timestamptz) is
  'The position of vessel p_vessel_id at p_seen_at: latitude and longitude in degrees and speed in knots, NULL if unknown. Of several positions at this time: the greatest speed, then latitude, then longitude. No row if there is none.';
