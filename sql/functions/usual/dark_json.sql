-- The part dark of the document and of the grid. Without two weeks of samples nothing is said, and nothing where there are members:
-- what is usual in their cells is not known here.
create or replace function vessel_activity.dark_json(p_as_of timestamptz, p_from_state boolean, p_limit integer)
returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with dark as materialized (
    select c.* from vessel_activity.dark_cells(p_as_of) as c where p_from_state
    union all
    select c.* from vessel_activity.dark_cells_at(p_as_of) as c where not p_from_state
  )
  select row_to_json(d)
  from (
    select k.weeks,
      (select count(*) from dark) as count,
      array_to_json(array(
        select array_to_json(array[c.cell % 360 - 180, c.cell / 360 - 90, c.vessels, trim_scale(c.usual)])
        from dark as c
        order by c.usual - c.vessels desc, c.cell
        limit p_limit
      )) as cells
    from (select cardinality(vessel_activity.cell_samples(p_as_of)) as weeks) as k
    where k.weeks >= 2 and not exists (select from vessel_activity.member)
  ) as d
$$;

comment on function vessel_activity.dark_json(timestamptz, boolean, integer) is
  'The cells of 1 degree that have gone dark as of p_as_of, as JSON: weeks (how many tell what is usual), count, and at most p_limit cells, each [west, south, vessels now, usual], those that miss the most vessels first. NULL with fewer than two weeks, or if there are members. p_from_state: from last_report, not by the definition.';
