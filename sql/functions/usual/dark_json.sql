-- The part dark of the document and of the grid. Without two weeks of samples nothing is said, and nothing while a member is missing.
create or replace function vessel_activity.dark_json(p_as_of timestamptz, p_from_state boolean, p_limit integer)
returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_weeks constant integer := cardinality(vessel_activity.cell_samples(p_as_of));
  v_others record;
begin
  if v_weeks < 2 then
    return null;
  end if;
  v_others := vessel_activity.active_cells_of_members();
  if v_others.cells is null then
    return null;
  end if;
  return (
    with dark as materialized (
      select c.* from vessel_activity.dark_cells(p_as_of, v_others.cells, v_others.vessels) as c where p_from_state
      union all
      select c.* from vessel_activity.dark_cells_at(p_as_of, v_others.cells, v_others.vessels) as c where not p_from_state
    )
    select row_to_json(d)
    from (
      select v_weeks as weeks,
        (select count(*) from dark) as count,
        array_to_json(array(
          select array_to_json(array[c.cell % 360 - 180, c.cell / 360 - 90, c.vessels, trim_scale(c.usual)])
          from dark as c
          order by c.usual - c.vessels desc, c.cell
          limit p_limit
        )) as cells
    ) as d
  );
end
$$;

comment on function vessel_activity.dark_json(timestamptz, boolean, integer) is
  'The cells of 1 degree that have gone dark as of p_as_of, as JSON: weeks (how many tell what is usual), count, and at most p_limit cells, each [west, south, vessels now, usual], those that miss the most vessels first. NULL with fewer than two weeks, or if a member does not answer. p_from_state: from last_report, not by the definition.';
