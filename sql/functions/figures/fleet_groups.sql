-- The fleet by type and by flag state: that of this node, and those that members have told for this instant.
create or replace function vessel_activity.fleet_groups(p_as_of timestamptz, p_from_state boolean)
returns vessel_activity.fleet_group[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select row(c.kind, c.name, c.vessels)::vessel_activity.fleet_group from vessel_activity.fleet_count as c where p_from_state
    union all
    select row(c.kind, c.name, c.vessels)::vessel_activity.fleet_group from vessel_activity.fleet_counts_now() as c where not p_from_state
    union all
    select f from unnest(vessel_activity.member_parts(p_as_of)) as p cross join unnest(p.fleet) as f
  )
$$;

comment on function vessel_activity.fleet_groups(timestamptz, boolean) is
  'The fleet of this node and its members by type, by flag state and in total. p_from_state: of this node from fleet_count, not by the definition.';
