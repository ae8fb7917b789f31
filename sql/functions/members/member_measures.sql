-- What /metrics tells of the members, for vessel_activity.measures().
create or replace function vessel_activity.member_measures()
returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_is_in_recovery() then
    return '[]'; -- a standby can't read the unlogged table
  end if;
  return (select coalesce(json_agg(json_build_object(
      'name', m.name, 'answers', s.answered_at is not null and s.error is null, 'answered_at', s.answered_at,
      'round_trip_ms', s.round_trip_ms, 'clashes', case when not o.overlapping_members then s.clashes end) order by m.name), '[]')
  from vessel_activity.member as m
  cross join vessel_activity.settings as o
  left join vessel_activity.member_state as s on s.name = m.name);
end
$$;

comment on function vessel_activity.member_measures() is
  'What /metrics tells of the members, as a JSON array of {name, answers (to the last refresh), answered_at, round_trip_ms, clashes}: see vessel_activity.member_state.';
