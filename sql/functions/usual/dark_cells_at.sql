-- The definition of the cells that have gone dark, for any instant: from the source tables and the samples of the cells. A cell has
-- if settings.dark_cell_vessels vessels are usual in it at this hour of the week, and fewer than settings.dark_cell_share of the
-- usual number are active in it now. One week alone makes no habit, so two are needed.
create or replace function vessel_activity.dark_cells_at(p_as_of timestamptz, p_cells integer[] default '{}', p_vessels integer[] default '{}')
returns table (cell integer, vessels integer, usual numeric)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select u.cell, coalesce(g.vessels, 0), u.usual
  from vessel_activity.settings as s
  cross join vessel_activity.usual_cells_at(p_as_of) as d
  cross join lateral unnest(d.cells, d.usual) as u (cell, usual)
  left join (
    select k.cell, sum(k.vessels)::integer as vessels
    from (
      select vessel_activity.degree_cell(c.west::double precision, c.south::double precision) as cell, c.vessels
      from vessel_activity.grid_at(p_as_of) as c
      union all
      select o.cell, o.vessels from unnest(p_cells, p_vessels) as o (cell, vessels)
    ) as k
    group by k.cell
  ) as g on g.cell = u.cell
  where cardinality(d.sampled_ats) >= 2 and u.usual >= s.dark_cell_vessels and coalesce(g.vessels, 0) < s.dark_cell_share * u.usual
$$;

comment on function vessel_activity.dark_cells_at(timestamptz, integer[], integer[]) is
  'The cells of 1 degree that have gone dark as of p_as_of, by the definition: see degree_cell(). vessels: active now. usual: at this hour of the week. p_cells, p_vessels: active vessels of members, to be added to those of this database.';
