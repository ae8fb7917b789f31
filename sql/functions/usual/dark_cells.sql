-- The cells that have gone dark, as dark_cells_at() defines them, from the state: last_report, and what is kept of the usual. Only
-- vessels of the last five minutes are looked at.
create or replace function vessel_activity.dark_cells(p_as_of timestamptz, p_cells integer[] default '{}', p_vessels integer[] default '{}')
returns table (cell integer, vessels integer, usual numeric)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
  v_since constant timestamptz := p_as_of - interval '5 minutes';
  v_settings vessel_activity.settings;
  v_usual record;
begin
  select s.* into strict v_settings from vessel_activity.settings as s;
  select k.sampled_ats, k.cells, k.usual into v_usual
  from vessel_activity.cell_usual as k
  where k.hour = date_bin('1 hour', p_as_of, 'epoch') and k.sampled_ats = vessel_activity.cell_samples(p_as_of);
  if not found then -- a document comes seldom, and this hour has none yet
    v_usual := vessel_activity.usual_cells_at(p_as_of);
  end if;
  if cardinality(v_usual.sampled_ats) < 2 then
    return;
  end if;
  return query
    with usual as materialized (
      select u.cell, u.usual from unnest(v_usual.cells, v_usual.usual) as u (cell, usual) where u.usual >= v_settings.dark_cell_vessels
    )
    select u.cell, coalesce(n.vessels, 0), u.usual
    from usual as u
    left join (
      select k.cell, sum(k.vessels)::integer as vessels
      from (
        select vessel_activity.degree_cell(r.longitude, r.latitude) as cell, count(*) as vessels
        from vessel_activity.last_report as r
        where r.seen_at >= v_since and r.latitude is not null and r.longitude is not null
        group by 1
        union all
        select o.cell, o.vessels from unnest(p_cells, p_vessels) as o (cell, vessels)
      ) as k
      group by k.cell
    ) as n on n.cell = u.cell
    where coalesce(n.vessels, 0) < v_settings.dark_cell_share * u.usual;
end
$$;

comment on function vessel_activity.dark_cells(timestamptz, integer[], integer[]) is
  'The cells of 1 degree that have gone dark as of p_as_of, from last_report, which must be as of p_as_of: see dark_cells_at(), also for p_cells and p_vessels.';
