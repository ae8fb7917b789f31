-- A digest of dark cells, to compare those of the state with those of the definition. Their order does not matter.
create or replace function vessel_activity.cells_digest(p_cells integer[], p_vessels integer[], p_usual numeric[])
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select concat_ws(' ', count(*), sum(hashtextextended(concat_ws('|', c.cell, c.vessels, trim_scale(c.usual)), 0)::numeric))
  from unnest(p_cells, p_vessels, p_usual) as c (cell, vessels, usual)
$$;

comment on function vessel_activity.cells_digest(integer[], integer[], numeric[]) is
  'Number and digest of dark cells, as dark_cells_at() gives them. Equal digests: equal cells.';
