-- The definition of what is usual in the cells: the median of the vessels in the samples of the same hour of the week. A sample that
-- does not name a cell counts as none there. So a cell has a number if vessels were in it in at least half of the samples.
create or replace function vessel_activity.usual_cells_at(
  p_as_of timestamptz, out sampled_ats timestamptz[], out cells integer[], out usual numeric[]
)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with known as materialized (
    select k.sampled_ats, cardinality(k.sampled_ats) as weeks
    from (select vessel_activity.cell_samples(p_as_of)) as k (sampled_ats)
  ), counted as (
    -- The emptiest weeks come last, and those without the cell after them.
    select c.cell, array_agg(c.vessels order by c.vessels desc) as vessels
    from generate_series(1, 8) as w (week)
    join vessel_activity.cell_history as h on h.hour = date_bin('1 hour', p_as_of, 'epoch') - w.week * interval '168 hours'
    cross join lateral unnest(h.cells, h.vessels) as c (cell, vessels)
    group by c.cell
  ), middle as (
    select c.cell,
      (coalesce(c.vessels[(k.weeks + 1) / 2], 0) + coalesce(c.vessels[(k.weeks + 2) / 2], 0)) / 2.0 as usual
    from counted as c
    cross join known as k
  )
  select k.sampled_ats, m.cells, m.usual
  from known as k
  cross join (
    select coalesce(array_agg(m.cell order by m.cell), '{}') as cells,
      coalesce(array_agg(round(m.usual, 1) order by m.cell), '{}') as usual
    from middle as m
    where m.usual > 0
  ) as m
$$;

comment on function vessel_activity.usual_cells_at(timestamptz) is
  'How many vessels are usual in the cells of 1 degree at p_as_of: the definition. sampled_ats: the samples of the same hour of the week, at most eight. cells, usual: see degree_cell(); cells without are left out.';
