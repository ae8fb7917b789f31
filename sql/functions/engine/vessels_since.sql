-- The sum of the whole seconds up to the first whole minute, of the minutes up to the first whole hour, and of the hours from there.
-- So three windows take at most 24 hours and a few hundred seconds and minutes.
create or replace function vessel_activity.vessels_since(
  p_first_second timestamptz, p_first_minute timestamptz, p_first_hour timestamptz
)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select coalesce(sum(c.vessels), 0)
    from (
      select s.vessels from vessel_activity.last_report_count as s
      where s.seconds = 1 and s.starts_at >= p_first_second and s.starts_at < p_first_minute
      union all
      select m.vessels from vessel_activity.last_report_count as m
      where m.seconds = 60 and m.starts_at >= p_first_minute and m.starts_at < p_first_hour
      union all
      select h.vessels from vessel_activity.last_report_count as h
      where h.seconds = 3600 and h.starts_at >= p_first_hour
    ) as c
  );
end
$$;

comment on function vessel_activity.vessels_since(timestamptz, timestamptz, timestamptz) is
  'Vessels last heard at or after p_first_second, by vessel_activity.last_report_count. p_first_minute, p_first_hour: the first whole minute and hour that begin then or later.';
