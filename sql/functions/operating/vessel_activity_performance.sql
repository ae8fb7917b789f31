-- A view that only reads the log of refreshes. It is installed with the functions, so that an upgrade can change it.
create or replace view public.vessel_activity_performance as
  select
    w.scope,
    k.refreshes,
    (
      select l.duration_ms from vessel_activity.refresh_log as l
      where l.sqlstate is null and l.id >= k.first_id
      order by l.id desc
      limit 1
    ) as last_ms,
    k.average_ms,
    k.minimum_ms,
    k.maximum_ms,
    k.failures
  from (values (1, 'last 10', 10), (2, 'all kept', null)) as w (ordinal, scope, most)
  cross join lateral (
    select
      min(l.id) as first_id,
      count(*) filter (where l.sqlstate is null) as refreshes,
      round(avg(l.duration_ms) filter (where l.sqlstate is null), 3) as average_ms,
      min(l.duration_ms) filter (where l.sqlstate is null) as minimum_ms,
      max(l.duration_ms) filter (where l.sqlstate is null) as maximum_ms,
      count(l.sqlstate) as failures
    from (select l.id, l.duration_ms, l.sqlstate from vessel_activity.refresh_log as l order by l.id desc limit w.most) as l
  ) as k
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
