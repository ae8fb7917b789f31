-- Keeps the active vessels by cells of the first document of each hour, and deletes samples that tell nothing any more. Most
-- documents find a sample of their hour, which costs one probe.
create or replace function vessel_activity.record_cells(p_as_of timestamptz, p_from_state boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hour constant timestamptz := date_bin('1 hour', p_as_of, 'epoch');
  v_others record;
begin
  if v_hour is null or exists (select from vessel_activity.cell_history as h where h.hour = v_hour) then
    return;
  end if;
  v_others := vessel_activity.active_cells_of_members();
  if v_others.cells is null then -- the next document has all of them
    return;
  end if;
  insert into vessel_activity.cell_history (hour, sampled_at, cells, vessels)
  select v_hour, p_as_of, coalesce(array_agg(c.cell order by c.cell), '{}'), coalesce(array_agg(c.vessels order by c.cell), '{}')
  from (
    select k.cell, sum(k.vessels)::integer as vessels
    from (
      select vessel_activity.degree_cell(g.west::double precision, g.south::double precision) as cell, g.vessels
      from vessel_activity.count_cells(p_as_of, p_from_state, 1, null, 'now') as g
      union all
      select o.cell, o.vessels from unnest(v_others.cells, v_others.vessels) as o (cell, vessels)
    ) as k
    group by k.cell
  ) as c
  on conflict do nothing;
  delete from vessel_activity.cell_history as h
  where h.hour < v_hour - 8 * interval '168 hours' or h.sampled_at > p_as_of; -- the clock was ahead
end
$$;

comment on function vessel_activity.record_cells(timestamptz, boolean) is
  'Keeps the active vessels by cells of 1 degree as of p_as_of as the sample of its hour, if there is none yet, and deletes samples of more than eight weeks. p_from_state: from last_report, not by the definition.';
