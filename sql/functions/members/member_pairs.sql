-- What members have counted for the document of an instant.
create or replace function vessel_activity.member_pairs(p_as_of timestamptz)
returns vessel_activity.pair_count[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select p
    from vessel_activity.member_state as s
    cross join lateral json_populate_recordset(null::vessel_activity.pair_count, s.answer -> 'pairs') as p
    where s.as_of = p_as_of and json_typeof(s.answer -> 'pairs') = 'array'
  )
$$;

comment on function vessel_activity.member_pairs(timestamptz) is
  'The active vessels of the members by type and flag state, as they have told them for the document as of p_as_of: see vessel_activity.count_reports().';
