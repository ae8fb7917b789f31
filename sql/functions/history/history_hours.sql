-- The hours of the history in a range, with the hour of the newest sample as far as it has come. That one has no row yet, and
-- is computed from its samples, 60 at most.
create or replace function vessel_activity.history_hours(p_from timestamptz, p_to timestamptz)
returns setof vessel_activity.history_hour
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select o.*
  from vessel_activity.history_hour as o
  where o.hour >= p_from and o.hour <= p_to
  union all
  select n.*
  from vessel_activity.hours_of(array(
    select h
    from vessel_activity.history as h
    where h.minute >= (select date_bin('1 hour', max(l.minute), 'epoch') from vessel_activity.history as l)
  )) as n
  where n.hour >= p_from and n.hour <= p_to
    and not exists (select from vessel_activity.history_hour as o where o.hour = n.hour)
$$;

comment on function vessel_activity.history_hours(timestamptz, timestamptz) is
  'The hours of the history that begin from p_from to p_to, also the hour of the newest sample, which is not over.';
