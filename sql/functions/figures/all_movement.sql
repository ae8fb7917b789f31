-- Part movement of the document: that of this node and of the members that have told theirs for this instant, key by key.
create or replace function vessel_activity.all_movement(p_as_of timestamptz, p_from_state boolean)
returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select ('{' || string_agg(format('%s:%s', to_json(a.key), a.vessels), ',' order by a.number) || '}')::json
  from (
    select m.key, sum(m.value::bigint) as vessels, min(m.number) as number
    from (
      select vessel_activity.movement(p_as_of, p_from_state) as told
      union all
      select s.answer -> 'movement' from vessel_activity.member_state as s
      where s.as_of = p_as_of and json_typeof(s.answer -> 'movement') = 'object'
    ) as t
    cross join lateral json_each_text(t.told) with ordinality as m (key, value, number)
    group by m.key
  ) as a
$$;

comment on function vessel_activity.all_movement(timestamptz, boolean) is
  'Part movement of the document as of p_as_of, of this node and its members: see vessel_activity.movement().';
