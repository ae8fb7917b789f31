-- The body of GET /api/database/vessel-activity/grid: from the state if it can be used, else by the definition as of the row.
-- Cells of members are added. Raises connection_exception (08000) if one does not answer.
-- An answer has 10,000 cells at most; the emptiest ones are left out.
create or replace function vessel_activity.grid_json(p_degrees numeric, p_box double precision[], p_window text)
returns text
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_instant constant record := vessel_activity.grid_instant();
begin
  return (
    with cell as materialized (
      select c.west, c.south, sum(c.vessels) as vessels, row_number() over (order by sum(c.vessels) desc, c.west, c.south) as place
      from (
        select k.* from vessel_activity.count_cells(v_instant.as_of, v_instant.from_state, p_degrees, p_box, p_window) as k
        union all
        select k.* from vessel_activity.cells_of_members(p_degrees, p_box, p_window) as k
      ) as c
      group by c.west, c.south
    )
    select row_to_json(g)::text
    from (
      select vessel_activity.iso_instant(v_instant.as_of) as "asOf", p_degrees as degrees, p_window as "window", p_box as box,
        coalesce(sum(c.vessels), 0) as vessels, count(*) filter (where c.place > 10000) as omitted,
        coalesce(('[' || string_agg(format('[%s,%s,%s]', trim_scale(c.west), trim_scale(c.south), c.vessels), ',' order by c.place)
          filter (where c.place <= 10000) || ']'), '[]')::json as cells,
        vessel_activity.dark_json(v_instant.as_of, v_instant.from_state, 500) as dark
      from cell as c
    ) as g
  );
end
$$;

comment on function vessel_activity.grid_json(numeric, double precision[], text) is
  'Vessels by the cells of a grid, as the JSON text of the API: asOf, degrees, window, box, vessels (in all cells), omitted (cells left out) and cells, an array of [west, south, vessels], most vessels first, and dark: see dark_json(). For the arguments see vessel_activity.count_cells().';
