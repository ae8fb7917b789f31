-- Makes area_grid from area_cell. A block stands for a cell of 4 degrees in which there are smaller cells.
create or replace function vessel_activity.make_area_grid()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_numbers integer[];
  v_areas integer[];
  v_count integer;
  v_crossed boolean[];
  v_sets integer[];
  v_blocks integer[];
begin
  -- Cells of 4 degrees come first, with the numbers from 1; then the smaller cells of each block.
  with block as materialized (
    select b.coarse, row_number() over (order by b.coarse) as number
    from (select distinct k.cell / 1440 / 16 * 90 + k.cell % 1440 / 16 as coarse from vessel_activity.area_cell as k where k.cell >= 0) as b
  ), place as materialized (
    select n.coarse + 1 as number, w.areas, false as is_crossed
    from generate_series(0, 4139) as n (coarse)
    left join vessel_activity.area_cell as w on w.cell = -1 - n.coarse
    union all
    select (4140 + (b.number - 1) * 256 + n.fine + 1)::integer, coalesce(w.areas, '{}') || coalesce(k.areas, '{}'),
      coalesce(k.parts <> '{}', false)
    from block as b
    cross join generate_series(0, 255) as n (fine)
    left join vessel_activity.area_cell as w on w.cell = -1 - b.coarse
    left join vessel_activity.area_cell as k on k.cell = (b.coarse / 90 * 16 + n.fine / 16) * 1440 + b.coarse % 90 * 16 + n.fine % 16
  )
  select array_agg(m.number) filter (where m.area is not null), array_agg(m.area) filter (where m.area is not null), max(m.number),
    (select array_agg(p.is_crossed order by p.number) from place as p),
    (select array_agg(coalesce(b.number, 0)::integer order by n.coarse)
      from generate_series(0, 4139) as n (coarse) left join block as b on b.coarse = n.coarse)
  into v_numbers, v_areas, v_count, v_crossed, v_blocks
  from (
    select p.number, a.area from place as p left join lateral (select distinct u.area from unnest(p.areas) as u (area)) as a on true
  ) as m;
  v_sets := vessel_activity.sets_of_members(v_numbers, v_areas, v_count);

  delete from vessel_activity.area_grid;
  insert into vessel_activity.area_grid (blocks, sets)
  select
    array(select case when b.block > 0 then b.block else - v_sets[b.number] end from unnest(v_blocks) with ordinality as b (block, number)
      order by b.number),
    array(select case when s.is_crossed then -1 else s.id end from unnest(v_sets, v_crossed) with ordinality as s (id, is_crossed, number)
      where s.number > 4140 order by s.number);
end
$$;

comment on function vessel_activity.make_area_grid() is
  'Makes vessel_activity.area_grid anew from vessel_activity.area_cell.';
