-- Counts vessels by the cells of a grid, by their last positions. A cell has its western and southern edge. Longitude 180 is
-- -180, and latitude 90 is in the northernmost row.
-- Only whole numbers of cells to a degree are possible, so the edges of cells are the same for all.
create or replace function vessel_activity.count_cells(
  p_as_of timestamptz,
  p_from_state boolean,
  p_degrees numeric,
  p_box double precision[],
  p_window text
)
returns table (west numeric, south numeric, vessels integer)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set row_security = off
set jit = off
as $$
declare
  v_per_degree constant integer := case when p_degrees in (1, 0.5, 0.25, 0.1, 0.05) then 1 / p_degrees end;
  v_seen_from constant timestamptz := p_as_of - case p_window
    when 'now' then interval '5 minutes' when '1h' then interval '1 hour' when '24h' then interval '24 hours' end;
begin
  if v_per_degree is null or v_seen_from is null
    or p_box is not null and (cardinality(p_box) <> 4 or not (
      p_box[1] between -180 and 180 and p_box[3] between -180 and 180 and p_box[2] between -90 and 90 and p_box[4] between p_box[2] and 90)) then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('there is no grid of %s degrees in the box %s for the window %s',
        coalesce(p_degrees::text, 'NULL'), coalesce(p_box::text, 'NULL'), coalesce(p_window, 'NULL')),
      hint = 'Give 1, 0.5, 0.25, 0.1 or 0.05 degrees; a box of west, south, east and north, or none; and the window now, 1h or 24h.';
  end if;
  return query execute format(
    $query$
      select round((c.across / $5)::numeric, 2), round((c.up / $5)::numeric, 2), count(*)::integer
      from (
        select floor(p.longitude * $5) as across, least(floor(p.latitude * $5), 90 * $5 - 1) as up
        from (
          select case when r.longitude = 180 then -180 else r.longitude end as longitude, r.latitude
          from (%s) as r
          where r.seen_at >= $4 and r.latitude is not null and r.longitude is not null
        ) as p
        where $6 is null or p.latitude >= $6[2] and (p.latitude < $6[4] or $6[4] = 90)
          and case when $6[1] < $6[3] then p.longitude >= $6[1] and p.longitude < $6[3] else p.longitude >= $6[1] or p.longitude < $6[3] end
      ) as c
      group by c.across, c.up
    $query$,
    vessel_activity.reports_query(p_from_state))
  using p_as_of, null::timestamptz, p_as_of - interval '24 hours', v_seen_from, v_per_degree, p_box;
end
$$;

comment on function vessel_activity.count_cells(timestamptz, boolean, numeric, double precision[], text) is
  'Vessels by the cells of a grid of p_degrees, by their last positions as of p_as_of: the western and southern edge of each cell with vessels. p_box: west, south, east and north in degrees, or NULL for the world; it crosses the antimeridian if east is not greater than west. p_window: now (5 minutes), 1h or 24h. p_from_state: from last_report, not by the definition.';
