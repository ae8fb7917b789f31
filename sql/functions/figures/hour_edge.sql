-- The positions in the part of a second at the lower edge of the hour, read from the source: position_second can't
-- divide a second. Called by fold_inbox and rebuild_state within their one statement, whose snapshot it shares.
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
  'Positions in [p_as_of - 1 hour, first full second of the hour): how many, and sum and number of the speeds that enter the mean.';
