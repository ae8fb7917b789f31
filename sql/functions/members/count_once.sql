-- Counts each vessel once where members overlap. It was active when any of the databases has heard it. It has the type and the flag
-- state that the first database tells that has it: this one, then the members by their names.
-- Positions and their mean speed stay sums: each database has received its own reports.
create or replace function vessel_activity.count_once(
  p_row public.vessel_activity_realtime,
  p_lists json[],
  out counted public.vessel_activity_realtime,
  out pairs vessel_activity.pair_count[],
  out fleet vessel_activity.fleet_group[]
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
set work_mem = '64MB' -- a hundred thousand keys
as $$
declare
  v_figures record;
begin
  with grouped as materialized (
    select row_number() over (order by l.place, g.place) as number, g.told
    from unnest(p_lists) with ordinality as l (list, place)
    cross join lateral json_array_elements(l.list -> 'heard') with ordinality as g (told, place)
  ),
  vessel as (
    select k.key collate "C" as key, min(w.heard) as heard, min(g.number) as number
    from grouped as g
    cross join lateral (values (1, 'now'), (2, 'hour'), (3, 'day')) as w (heard, name)
    cross join lateral json_array_elements_text(g.told -> w.name) as k (key)
    group by k.key collate "C"
  ),
  counted as (
    select v.number, count(*) filter (where v.heard = 1) as now, count(*) filter (where v.heard <= 2) as hour, count(*) as day
    from vessel as v
    group by v.number
  )
  select coalesce(array_agg(row(g.told ->> 'type', g.told ->> 'flag', c.now, c.hour, c.day, 0, 0, 0, 0)::vessel_activity.pair_count), '{}')
  into pairs
  from counted as c
  join grouped as g on g.number = c.number;

  with grouped as materialized (
    select row_number() over (order by l.place, g.place) as number, g.told
    from unnest(p_lists) with ordinality as l (list, place)
    cross join lateral json_array_elements(l.list -> 'fleet') with ordinality as g (told, place)
  ),
  vessel as (
    select k.key collate "C" as key, min(g.number) as number
    from grouped as g
    cross join lateral json_array_elements_text(g.told -> 'keys') as k (key)
    group by k.key collate "C"
  ),
  counted as materialized (
    select g.told ->> 'type' as type, g.told ->> 'flag' as flag, c.vessels
    from (select v.number, count(*) as vessels from vessel as v group by v.number) as c
    join grouped as g on g.number = c.number
  )
  select array(
    select row(case when grouping(c.type) = 0 then 'type' when grouping(c.flag) = 0 then 'flag' else 'total' end,
      coalesce(c.type, c.flag, ''), coalesce(sum(c.vessels), 0))::vessel_activity.fleet_group
    from counted as c
    group by grouping sets ((c.type), (c.flag), ())
  )
  into fleet;

  counted := p_row;
  select coalesce(sum(p.active_now), 0), coalesce(sum(p.active_last_hour), 0), coalesce(sum(p.active_last_24h), 0)
  into counted.active_now, counted.active_last_hour, counted.active_last_24h
  from unnest(pairs) as p;
  v_figures := vessel_activity.fleet_figures(fleet);
  counted.total_vessels := v_figures.total_vessels;
  counted.vessel_types := v_figures.vessel_types;
  counted.top_flags := v_figures.top_flags;
end
$$;

comment on function vessel_activity.count_once(public.vessel_activity_realtime, json[]) is
  'Each vessel of several databases once. p_lists: vessel_activity.vessel_lists() of each. counted: p_row, the sum of the databases, with other active_now, active_last_hour, active_last_24h, total_vessels, vessel_types and top_flags. pairs: active vessels by type and flag state. fleet: the fleet by type, by flag state and in total.';
