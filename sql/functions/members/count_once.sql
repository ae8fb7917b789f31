-- Counts each vessel once where members overlap. It was active when any of the databases has heard it. The fleet has it with the type
-- and flag state of the first database that has it: this one, then the members by their names.
-- Positions and their mean speed stay sums: each database has received its own reports.
create or replace function vessel_activity.count_once(p_row public.vessel_activity_realtime, p_lists json[])
returns public.vessel_activity_realtime
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
set work_mem = '64MB' -- a hundred thousand keys
as $$
declare
  v_row public.vessel_activity_realtime := p_row;
  v_fleet vessel_activity.fleet_group[];
  v_figures record;
begin
  select count(*) filter (where k.heard = 1), count(*) filter (where k.heard <= 2), count(*)
  into v_row.active_now, v_row.active_last_hour, v_row.active_last_24h
  from (
    select h.key, min(w.number) as heard
    from unnest(p_lists) as l (list)
    cross join lateral (values (1, 'now'), (2, 'hour'), (3, 'day')) as w (number, name)
    cross join lateral json_array_elements_text(l.list -> w.name) as h (key)
    group by h.key
  ) as k;

  with grouped as materialized (
    select row_number() over (order by l.place, f.place) as number, f.described ->> 'type' as type, f.described ->> 'flag' as flag,
      f.described -> 'keys' as keys
    from unnest(p_lists) with ordinality as l (list, place)
    cross join lateral json_array_elements(l.list -> 'fleet') with ordinality as f (described, place)
  ),
  vessel as (
    select k.key, min(g.number) as number
    from grouped as g
    cross join lateral json_array_elements_text(g.keys) as k (key)
    group by k.key
  ),
  counted as materialized (
    select g.type, g.flag, c.vessels
    from (select v.number, count(*) as vessels from vessel as v group by v.number) as c
    join grouped as g on g.number = c.number
  )
  select array(
    select row(case when grouping(c.type) = 0 then 'type' when grouping(c.flag) = 0 then 'flag' else 'total' end,
      coalesce(c.type, c.flag, ''), coalesce(sum(c.vessels), 0))::vessel_activity.fleet_group
    from counted as c
    group by grouping sets ((c.type), (c.flag), ())
  )
  into v_fleet;
  v_figures := vessel_activity.fleet_figures(v_fleet);
  v_row.total_vessels := v_figures.total_vessels;
  v_row.vessel_types := v_figures.vessel_types;
  v_row.top_flags := v_figures.top_flags;
  return v_row;
end
$$;

comment on function vessel_activity.count_once(public.vessel_activity_realtime, json[]) is
  'p_row, the sum of several databases, with each vessel counted once: active_now, active_last_hour, active_last_24h, total_vessels, vessel_types and top_flags. p_lists: vessel_activity.vessel_lists() of each database.';
