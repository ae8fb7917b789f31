-- Fills the past of the cells of the map. The fleet sails on the same routes all the time, so the reports of the last two hours tell
-- how many vessels are active in a cell. Only the share of reports that is received changes with the hour. Cells with few vessels
-- are left out, since they can't go dark.
create or replace function vessel_activity_demo.write_cells(p_now timestamptz)
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
  with cell as materialized (
    -- No vessel reports twice in five minutes.
    select vessel_activity.degree_cell(p.longitude, p.latitude) as cell,
      count(*) * 300 / 7200.0 / vessel_activity_demo.received(extract(epoch from p_now)::double precision - 3600) as vessels
    from public.vessel_positions as p
    where p."timestamp" > p_now - interval '2 hours' and p."timestamp" <= p_now and p.latitude is not null and p.longitude is not null
    group by 1
    having count(*) * 300 / 7200.0 >= 3
  ), hours as materialized (
    select g.hour, vessel_activity_demo.received(extract(epoch from g.hour)::double precision) as received
    from generate_series(
      date_bin('1 hour', p_now - interval '56 days', 'epoch'), p_now - interval '1 hour', interval '1 hour') as g (hour)
  )
  insert into vessel_activity.cell_history (hour, sampled_at, cells, vessels)
  select h.hour, h.hour, c.cells, array(select round(v.vessels * h.received)::integer from unnest(c.vessels) as v (vessels))
  from hours as h
  cross join (select array_agg(c.cell) as cells, array_agg(c.vessels) as vessels from cell as c) as c
  where c.cells is not null
  on conflict do nothing
$$;

comment on function vessel_activity_demo.write_cells(timestamptz) is
  'Writes what is missing of the eight weeks before p_now of the active vessels by cells.';
