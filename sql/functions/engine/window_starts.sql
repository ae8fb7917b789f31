-- Where the three windows of the figures begin. last_report_count is used from the first whole second on: seconds up to the first
-- whole minute, minutes up to the first whole hour, and hours from there.
create or replace function vessel_activity.window_starts(p_as_of timestamptz)
returns table (
  place integer, starts_at timestamptz, first_second timestamptz, first_minute timestamptz, first_hour timestamptz
)
language sql immutable parallel safe
begin atomic
  select w.place, s.starts_at,
    pg_catalog.date_bin('1 second', s.starts_at operator(pg_catalog.+) '0.999999 seconds'::pg_catalog.interval, 'epoch'),
    pg_catalog.date_bin('1 minute', s.starts_at operator(pg_catalog.+) '59.999999 seconds'::pg_catalog.interval, 'epoch'),
    pg_catalog.date_bin('1 hour', s.starts_at operator(pg_catalog.+) '3599.999999 seconds'::pg_catalog.interval, 'epoch')
  from (values (1, '5 minutes'::pg_catalog.interval), (2, '1 hour'), (3, '24 hours')) as w (place, length)
  cross join lateral (select p_as_of operator(pg_catalog.-) w.length) as s (starts_at);
end;

comment on function vessel_activity.window_starts(timestamptz) is
  'The windows of the figures as of p_as_of: place 1, 5 minutes; 2, an hour; 3, 24 hours. starts_at: the earliest instant in the window. first_second, first_minute, first_hour: the first that begins in it.';
