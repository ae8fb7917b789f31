-- The parts that members have given for an instant.
create or replace function vessel_activity.member_parts(p_as_of timestamptz)
returns vessel_activity.part[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select json_populate_record(null::vessel_activity.part, s.answer -> 'part')
    from vessel_activity.member_state as s
    where s.as_of = p_as_of and s.answer is not null
    order by s.name
  )
$$;

comment on function vessel_activity.member_parts(timestamptz) is
  'The parts that members have given to the refresh as of p_as_of.';
