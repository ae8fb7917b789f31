-- The name is in schema-less pg_foreign_server, so it begins with that of vessel activity.
create or replace function vessel_activity.member_server(p_name text)
returns text
language sql immutable parallel safe
return 'vessel_activity_member_' || p_name;

comment on function vessel_activity.member_server(text) is
  'Name of the foreign server that has the address of a member.';
