-- A view that only reads the log of refreshes. It is installed with the functions, so that an upgrade can change it.
create or replace view public.vessel_activity_performance as
  with kept as (
    select l.duration_ms, l.sqlstate, row_number() over (order by l.id desc) as nth
    from vessel_activity.refresh_log as l
  )
  select
    w.scope,
    count(k.nth) filter (where k.sqlstate is null) as refreshes,
    (array_agg(k.duration_ms order by k.nth) filter (where k.sqlstate is null))[1] as last_ms,
    round(avg(k.duration_ms) filter (where k.sqlstate is null), 3) as average_ms,
    min(k.duration_ms) filter (where k.sqlstate is null) as minimum_ms,
    max(k.duration_ms) filter (where k.sqlstate is null) as maximum_ms,
    count(k.sqlstate) as failures
  from (values (1, 'last 10', 10), (2, 'all kept', null)) as w (ordinal, scope, most)
  left join kept as k on k.nth <= w.most or w.most is null
  group by w.ordinal, w.scope
  order by w.ordinal;

comment on view public.vessel_activity_performance is
  'Durations of the refreshes, over the last 10 and over all in vessel_activity.refresh_log. Failures are counted separately.';
comment on column public.vessel_activity_performance.scope is 'last 10 or all kept: which refreshes the row covers.';
comment on column public.vessel_activity_performance.refreshes is 'Number of successful refreshes.';
comment on column public.vessel_activity_performance.last_ms is 'Duration of the last successful refresh, in milliseconds.';
comment on column public.vessel_activity_performance.average_ms is 'Mean duration of the successful refreshes, in milliseconds.';
comment on column public.vessel_activity_performance.minimum_ms is 'Shortest duration of a successful refresh, in milliseconds.';
comment on column public.vessel_activity_performance.maximum_ms is 'Longest duration of a successful refresh, in milliseconds.';
comment on column public.vessel_activity_performance.failures is 'Number of failed refreshes.';
