-- Gives the server everything it needs to answer requests, in one call and one snapshot. If there is no cached row, the
-- answer is zeros as of now with present = false: the API always answers with numbers.
create or replace function vessel_activity.serving(
  out body text,
  out present boolean,
  out updated_at timestamptz,
  out age_seconds double precision,
  out interval_seconds double precision,
  out refresh_ms double precision,
  out simulated boolean,
  out stale_after_seconds double precision
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  with clock as materialized (
    select clock_timestamp() as now, (select s.refresh_interval from vessel_activity.settings as s) as refresh_interval
  ), cached as materialized (
    select r as line, true as present
    from public.vessel_activity_realtime as r
    where r.id = 'singleton'
    union all
    select
      row('singleton', 0, 0, 0, 0, 0, '{}', '[]', 0, clock.now)::public.vessel_activity_realtime,
      false
    from clock
    where not exists (select from public.vessel_activity_realtime where id = 'singleton')
  )
  select
    vessel_activity.figures_json(cached.line),
    cached.present,
    (cached.line).updated_at,
    extract(epoch from clock.now - (cached.line).updated_at)::double precision,
    extract(epoch from clock.refresh_interval)::double precision,
    (
      select l.duration_ms::double precision
      from vessel_activity.refresh_log as l
      where l.sqlstate is null
      order by l.id desc
      limit 1
    ),
    vessel_activity.simulation() is not null,
    extract(epoch from
      vessel_activity.stale_at((cached.line).updated_at, clock.refresh_interval) - (cached.line).updated_at)::double precision
  from cached, clock
$$;

comment on function vessel_activity.serving() is
  'The cached row as the server needs it. body: JSON text with nine keys. present: false if there is no row, and the numbers are zeros. age_seconds: age of updated_at by the clock of the database server. interval_seconds: the refresh interval. refresh_ms: duration of the last successful refresh. simulated: the vessels are simulated. stale_after_seconds: the age at which the row counts as out of date, see stale_at; it can grow while a refresh runs.';
