-- Parts types and flags of the document: the groups of this node, and of the members that have told theirs for this instant.
-- The 50 groups with the most vessels active now are told, ties by the longer windows, the fleet, then by name.
create or replace function vessel_activity.groups(p_as_of timestamptz, p_from_state boolean, out types json, out flags json)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_is_utf8 constant boolean := getdatabaseencoding() = 'UTF8';
begin
  with told as (
    select g.* from vessel_activity.group_counts(p_as_of, p_from_state) as g
    union all
    select g.*
    from vessel_activity.member_state as s
    cross join lateral json_populate_recordset(null::vessel_activity.activity_group, s.answer -> 'groups') as g
    where s.as_of = p_as_of
  ),
  grouped as (
    select t.kind, case when v_is_utf8 then t.name else vessel_activity.readable_name(t.name) end as name,
      sum(t.active_now) as now, sum(t.active_last_hour) as hour, sum(t.active_last_24h) as day, sum(t.fleet) as fleet
    from told as t
    group by 1, 2
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

comment on function vessel_activity.groups(timestamptz, boolean) is
  'Parts types and flags of the document as of p_as_of: arrays of {name or flag, activeNow, activeLastHour, activeLast24h, fleet}, numbers of vessels, most active now first, at most 50. p_from_state: from last_report, not by the definition.';
