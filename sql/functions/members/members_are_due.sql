-- Whether it is time to look for vessels that two members have: at every settings.verify_interval, and once a member is new.
create or replace function vessel_activity.members_are_due(p_as_of timestamptz, p_settings vessel_activity.settings)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from vessel_activity.member as m
    left join vessel_activity.member_state as s on s.name = m.name
    where coalesce(s.compared_at <= p_as_of - p_settings.verify_interval, true)
  )
$$;

comment on function vessel_activity.members_are_due(timestamptz, vessel_activity.settings) is
  'Whether a refresh as of p_as_of compares the vessels of the members.';
