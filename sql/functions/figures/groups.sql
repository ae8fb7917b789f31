-- Active vessels by type and by flag state, beside the fleet: parts types and flags of the document. A vessel without a row in
-- public.vessels is Unknown. Type and flag state are those of now, as in the row. The fleet (active = true) need not be active in
-- a window, nor belong active vessels to the fleet.
-- The 50 groups with the most vessels active now are told, ties by the longer windows, the fleet, then by name.
create or replace function vessel_activity.groups(p_as_of timestamptz, p_from_state boolean, out types json, out flags json)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_fleet vessel_activity.fleet_count[];
begin
  if p_from_state then
    v_fleet := array(select c from vessel_activity.fleet_count as c);
  else
    v_fleet := array(select c from vessel_activity.fleet_counts_now() as c);
  end if;

  execute format(
    $query$
      with pair as (
        select v.type_name, v.flag_name,
          count(*) filter (where r.seen_at >= $4) as now, count(*) filter (where r.seen_at >= $2) as hour, count(*) as day
        from (%s) as r
        left join (%s) as v on v.id = r.vessel_id
        group by 1, 2
      ),
      counted as (
        select 'type' as kind, vessel_activity.group_name(p.type_name) as name, p.now, p.hour, p.day, 0 as fleet from pair as p
        union all
        select 'flag', vessel_activity.group_name(p.flag_name), p.now, p.hour, p.day, 0 from pair as p
        union all
        select f.kind, f.name, 0, 0, 0, f.vessels from unnest($5) as f where f.kind <> 'total'
      ),
      grouped as (
        select c.kind, case when $6 then c.name else vessel_activity.readable_name(c.name) end as name,
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
    $query$,
    vessel_activity.reports_query(p_from_state), vessel_activity.vessels_query())
  into types, flags
  using p_as_of, p_as_of - interval '1 hour', p_as_of - interval '24 hours', p_as_of - interval '5 minutes', v_fleet,
    getdatabaseencoding() = 'UTF8';
end
$$;

comment on function vessel_activity.groups(timestamptz, boolean) is
  'Parts types and flags of the document as of p_as_of: arrays of {name or flag, activeNow, activeLastHour, activeLast24h, fleet}, numbers of vessels, most active now first, at most 50. p_from_state: from last_report, not by the definition.';
