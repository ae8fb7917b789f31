-- The vessels of the members whose parts are in the row, from their replies. They are not stored: they may be megabytes.
create or replace function vessel_activity.lists_of_replies(p_replies vessel_activity.member_reply[], p_as_of timestamptz)
returns json[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select r.answer -> 'vessels'
    from unnest(p_replies) as r
    join vessel_activity.member_state as s on s.name = r.name
    where s.as_of = p_as_of and s.answer is not null
    order by r.name collate "C"
  )
$$;

comment on function vessel_activity.lists_of_replies(vessel_activity.member_reply[], timestamptz) is
  'vessel_activity.vessel_lists() of the members that gave their parts to the refresh as of p_as_of, by their names.';
