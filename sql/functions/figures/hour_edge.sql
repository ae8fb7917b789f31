-- The last hour rarely begins at a whole second, and vessel_activity.position_second counts by whole seconds. So the
-- positions before the first whole second are counted in public.vessel_positions. As a stable function it reads with the
-- snapshot of the statement that calls it.
create or replace function vessel_activity.hour_edge(
  p_as_of timestamptz,
  out positions bigint,
  out speed_sum numeric,
  out speed_count bigint
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  select count(*), coalesce(sum(e.speed), 0), count(e.speed)
  into positions, speed_sum, speed_count
  from (
    select vessel_activity.mean_speed_part(p.speed::numeric) as speed
    from public.vessel_positions as p
    where p."timestamp" >= vessel_activity.source_time(p_as_of - interval '1 hour', p."timestamp")
      and p."timestamp" < vessel_activity.source_time(vessel_activity.first_full_second(p_as_of), p."timestamp")
  ) as e;
end
$$;

comment on function vessel_activity.hour_edge(timestamptz) is
  'Positions at or after p_as_of - 1 hour and before the next whole second: their number, and the sum (knots) and number of the speeds that enter the mean.';
