-- Gives each of p_count vessels, which are numbered from 1, the number of the set of its areas. Sets that are not known yet get a
-- number. Only refreshes write sets, so no two can add the same one.
create or replace function vessel_activity.sets_of_members(p_numbers integer[], p_areas integer[], p_count integer)
returns integer[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
set enable_hashjoin = on -- its callers have other settings
set enable_nestloop = off
set enable_mergejoin = off
as $$
declare
  v_sets integer[];
begin
  with found as materialized (
    select m.number, array_agg(m.area) as areas
    from (select u.number, u.area from unnest(p_numbers, p_areas) as u (number, area) order by u.number, u.area) as m
    group by m.number
  ), known as materialized (
    select f.number, f.areas, s.id
    from found as f
    left join vessel_activity.area_set as s on s.areas = f.areas
  ), added as (
    insert into vessel_activity.area_set (id, areas)
    select (select coalesce(max(s.id), 0) from vessel_activity.area_set as s) + row_number() over (), n.areas
    from (select distinct k.areas from known as k where k.id is null) as n
    returning id, areas
  ), given as (
    select k.number, coalesce(k.id, a.id) as id
    from known as k
    left join added as a on k.id is null and a.areas = k.areas
  )
  select array_agg(coalesce(g.id, 0) order by c.number) into v_sets
  from generate_series(1, p_count) as c (number)
  left join given as g on g.number = c.number;
  return coalesce(v_sets, '{}');
end
$$;

comment on function vessel_activity.sets_of_members(integer[], integer[], integer) is
  'For vessels numbered from 1 to p_count: area_set.id of the areas of each, 0 for none. p_numbers, p_areas: which vessels are in which areas.';
