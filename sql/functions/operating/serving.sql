-- What the server needs to answer requests, in one call and one snapshot: the nine keys as text,
-- how old they are by the database's own clock, and what the refresh behind them cost.
-- Called by listener.py after each notification and every few seconds. Takes no lock beyond
-- reading; raises nothing of its own. A missing row gives zeros as of now, as the contract of
-- the endpoint asks, and present = false.
create or replace function vessel_activity.serving(
  out body text,
  out present boolean,
  out updated_at timestamptz,
  out age_seconds double precision,
  out interval_seconds double precision,
  out refresh_ms double precision,
  out simulated boolean
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with clock as materialized (
    select clock_timestamp() as now
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
    public.vessel_activity_json(cached.line),
    cached.present,
    (cached.line).updated_at,
    extract(epoch from clock.now - (cached.line).updated_at)::double precision,
    (
      select extract(epoch from s.refresh_interval)::double precision
      from vessel_activity.settings as s
    ),
    (
      select l.duration_ms::double precision
      from vessel_activity.refresh_log as l
      where l.sqlstate is null
      order by l.id desc
      limit 1
    ),
    vessel_activity.simulation() is not null
  from cached, clock
$$;

comment on function vessel_activity.serving() is
'The cached row as the server needs it: body (JSON text, nine keys), present (false: there is no row, zeros), updated_at, age_seconds by this clock, interval_seconds, refresh_ms of the last good refresh, simulated (a demo fleet feeds the tables).';
