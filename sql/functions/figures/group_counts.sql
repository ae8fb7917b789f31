-- Active vessels by type and by flag state, beside the fleet. A vessel without a row in public.vessels is Unknown. Type and flag
-- state are those of now, as in the row. The fleet (active = true) need not be active in a window, nor belong active vessels to
-- the fleet. All groups are given, so that those of other nodes can be added.
create or replace function vessel_activity.group_counts(p_as_of timestamptz, p_from_state boolean)
returns setof vessel_activity.activity_group
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_fleet vessel_activity.fleet_group[];
begin
  if p_from_state then
    v_fleet := array(select row(c.kind, c.name, c.vessels)::vessel_activity.fleet_group from vessel_activity.fleet_count as c);
  else
    v_fleet := array(select row(c.kind, c.name, c.vessels)::vessel_activity.fleet_group from vessel_activity.fleet_counts_now() as c);
  end if;

  return query execute format(
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
      )
      select c.kind, c.name, sum(c.now)::bigint, sum(c.hour)::bigint, sum(c.day)::bigint, sum(c.fleet)::bigint
      from counted as c
      group by 1, 2
      having sum(c.day) > 0 or sum(c.fleet) > 0
    $query$,
    vessel_activity.reports_query(p_from_state), vessel_activity.vessels_query())
  using p_as_of, p_as_of - interval '1 hour', p_as_of - interval '24 hours', p_as_of - interval '5 minutes', v_fleet;
end
$$;

comment on function vessel_activity.group_counts(timestamptz, boolean) is
  'Active vessels of this node by type and by flag state as of p_as_of, all groups. p_from_state: from last_report and fleet_count, not by the definition.';
