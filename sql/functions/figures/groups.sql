-- Active vessels by type and by flag state, beside the fleet: parts types and flags of the document. A vessel without a row in
-- public.vessels is Unknown. Type and flag state are those of now, as in the row. The fleet (active = true) need not be active in
-- a window, nor belong active vessels to the fleet.
-- The 50 groups with the most vessels active now are told, ties by the longer windows, the fleet, then by name.
-- p_pairs: count_reports() has counted the vessels. Pairs and fleets of several nodes can be given one after the other.
create or replace function vessel_activity.groups(
  p_pairs vessel_activity.pair_count[],
  p_fleet vessel_activity.fleet_group[],
  out types json,
  out flags json
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  with counted as (
    select 'type' as kind, vessel_activity.group_name(p.type_name) as name, p.active_now as now, p.active_last_hour as hour,
      p.active_last_24h as day, 0 as fleet
    from unnest(p_pairs) as p
    union all
    select 'flag', vessel_activity.group_name(p.flag_name), p.active_now, p.active_last_hour, p.active_last_24h, 0 from unnest(p_pairs) as p
    union all
    select f.kind, f.name, 0, 0, 0, f.vessels from unnest(p_fleet) as f where f.kind <> 'total'
  ),
  grouped as (
    select c.kind, case when getdatabaseencoding() = 'UTF8' then c.name else vessel_activity.readable_name(c.name) end as name,
      sum(c.now) as now, sum(c.hour) as hour, sum(c.day) as day, sum(c.fleet) as fleet
    from counted as c
    group by 1, 2
    having sum(c.day) > 0 or sum(c.fleet) > 0
  ),
  ranked as (
    select g.*,
      row_number() over (partition by g.kind order by g.now desc, g.hour desc, g.day desc, g.fleet desc, g.name collate "C") as place
    from grouped as g
  )
  select
    array_to_json(array(
      select t
      from (
        select k.name, k.now as "activeNow", k.hour as "activeLastHour", k.day as "activeLast24h", k.fleet
        from ranked as k where k.kind = 'type' and k.place <= 50 order by k.place
      ) as t)),
    array_to_json(array(
      select t
      from (
        select k.name as flag, k.now as "activeNow", k.hour as "activeLastHour", k.day as "activeLast24h", k.fleet
        from ranked as k where k.kind = 'flag' and k.place <= 50 order by k.place
      ) as t))
  into types, flags;
end
$$;

comment on function vessel_activity.groups(vessel_activity.pair_count[], vessel_activity.fleet_group[]) is
  'Parts types and flags of the document from the counts of count_reports(): arrays of {name or flag, activeNow, activeLastHour, activeLast24h, fleet}, numbers of vessels, most active now first, at most 50. p_fleet: the fleet by type and by flag state.';
