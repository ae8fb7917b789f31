-- The vessels themselves, where their number is not enough: members that overlap have some of them in common.
-- In columns, since each name of a field would be told for each vessel.
create or replace function vessel_activity.vessel_lists(p_as_of timestamptz, p_from_state boolean)
returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
set row_security = off
set jit = off
set enable_mergejoin = off -- ids may be texts, which are slow to sort
set enable_nestloop = off
as $$
declare
  v_lists json;
begin
  execute format(
    $query$
      select row_to_json(d)
      from (
        select
          array(
            select h
            from (
              select vessel_activity.group_name(v.type_name) as type, vessel_activity.group_name(v.flag_name) as flag,
                coalesce(array_agg(vessel_activity.vessel_key(v.mmsi, r.vessel_id::text)) filter (where r.seen_at >= $4), '{}') as now,
                coalesce(array_agg(vessel_activity.vessel_key(v.mmsi, r.vessel_id::text))
                  filter (where r.seen_at < $4 and r.seen_at >= $2), '{}') as hour,
                coalesce(array_agg(vessel_activity.vessel_key(v.mmsi, r.vessel_id::text)) filter (where r.seen_at < $2), '{}') as day
              from (%s) as r
              left join (%s) as v on v.id = r.vessel_id
              group by v.type_name, v.flag_name
              order by v.type_name, v.flag_name
            ) as h
          ) as heard,
          array(
            select f
            from (
              select vessel_activity.group_name(r.type_name) as type, vessel_activity.group_name(r.flag_name) as flag,
                array_agg(r.key) as keys
              from (
                select s."vesselType"::text collate "C" as type_name, s.flag::text collate "C" as flag_name,
                  vessel_activity.vessel_key(s.mmsi::text, s.id::text) as key
                from public.vessels as s
                where s.active
              ) as r
              group by r.type_name, r.flag_name
              order by r.type_name, r.flag_name
            ) as f
          ) as fleet
      ) as d
    $query$,
    vessel_activity.reports_query(p_from_state), vessel_activity.vessels_query())
  into v_lists
  using p_as_of, p_as_of - interval '1 hour', p_as_of - interval '24 hours', p_as_of - interval '5 minutes';
  return v_lists;
end
$$;

comment on function vessel_activity.vessel_lists(timestamptz, boolean) is
  'The vessels of this database as of p_as_of by their keys (see vessel_activity.vessel_key()). heard: an array of type, flag and now, hour (not now) and day (not in the hour), when they were last heard; fleet: an array of type, flag and keys. p_from_state: from last_report, not by the definition.';
