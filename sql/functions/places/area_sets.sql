-- Finds the areas of positions. The fold calls it for the positions that it takes in, so it takes no time without areas.
-- Most positions lie in a cell that no edge crosses, whose set is looked up in area_grid. The others are tested against the shapes.
create or replace function vessel_activity.area_sets(p_longitudes double precision[], p_latitudes double precision[])
returns integer[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
set enable_hashjoin = off -- a probe for each position: there are more cells than positions
set enable_mergejoin = off
as $$
declare
  v_blocks integer[];
  v_grid integer[];
  v_sets integer[];
  v_numbers integer[];
  v_longitudes double precision[];
  v_latitudes double precision[];
  v_member_numbers integer[];
  v_member_areas integer[];
  v_tested integer[];
begin
  select g.blocks, g.sets into v_blocks, v_grid from vessel_activity.area_grid as g;
  if not found then
    return null;
  end if;

  with place as materialized (
    select b.number, b.longitude, b.latitude,
      case when b.block > 0 then v_grid[(b.block - 1) * 256 + b.up % 16 * 16 + b.across % 16 + 1] else coalesce(- b.block, 0) end as area_set
    from (
      select c.*, v_blocks[c.up / 16 * 90 + c.across / 16 + 1] as block
      from (
        select u.number, u.longitude, u.latitude,
          case when u.longitude = 180 then 0 when u.longitude between -180 and 180 then floor((u.longitude + 180) * 4)::integer end as across,
          case when u.latitude between -90 and 90 then floor((u.latitude + 90) * 4)::integer end as up
        from unnest(p_longitudes, p_latitudes) with ordinality as u (longitude, latitude, number)
        offset 0 -- to compute each once
      ) as c
      offset 0
    ) as b
  )
  select array_agg(p.area_set order by p.number),
    array_agg(p.number::integer) filter (where p.area_set < 0),
    array_agg(p.longitude) filter (where p.area_set < 0),
    array_agg(p.latitude) filter (where p.area_set < 0)
  into v_sets, v_numbers, v_longitudes, v_latitudes
  from place as p;
  if v_numbers is null then
    return v_sets;
  end if;

  execute format(
    'select array_agg(m.vessel_id::integer), array_agg(m.area) from (%s) as m',
    vessel_activity.members_query(
      'select u.vessel_id, null::timestamptz as seen_at, null::double precision as speed, u.longitude, u.latitude '
      'from unnest($1, $2) with ordinality as u (longitude, latitude, vessel_id)',
      true))
  into v_member_numbers, v_member_areas
  using v_longitudes, v_latitudes;
  v_tested := vessel_activity.sets_of_members(v_member_numbers, v_member_areas, cardinality(v_numbers));
  for v_place in 1..cardinality(v_numbers) loop
    v_sets[v_numbers[v_place]] := v_tested[v_place];
  end loop;
  return v_sets;
end
$$;

comment on function vessel_activity.area_sets(double precision[], double precision[]) is
  'For each position area_set.id of the areas in which it lies, 0 for none. NULL if there are no areas.';
