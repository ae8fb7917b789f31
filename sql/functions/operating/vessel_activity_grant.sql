-- Only the owner of vessel activity has rights on it. All other roles get theirs here, by the purpose they serve:
--   reader    reads the figures, as row and as JSON, and their history: for people, other programs, and a web server that only serves
--   server    what a reader does; also refreshes: for vessel-activity serve and vessel-activity refresh-loop
--   operator  what a server does; also status, schedule, verify, rebuild, backfill, the figures at any instant, the settings
--   feeder    adds positions and vessels: for vessel-activity load
--   combiner  asks for the part of this database and nothing else: for a database of which this one is a member
-- A role has one of reader, server and operator. Granting a lesser one takes the rest back. A role can be a feeder and a combiner besides.
-- The arguments are of type text, so that literals without a type find this function and no other: see
-- docs/operating.md, Roles and rights.
-- Raises the errors of checked_grantee.
create or replace function public.vessel_activity_grant(p_role text, p_purpose text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_role constant name := vessel_activity.checked_grantee(p_role, p_purpose);
begin
  perform vessel_activity.give_rights(v_role, p_purpose || array(
    select g.purpose from vessel_activity.granted() as g
    where g.role = v_role and (g.purpose in ('feeder', 'combiner') or p_purpose in ('feeder', 'combiner')) and g.purpose <> p_purpose
  ));
end
$$;

comment on function public.vessel_activity_grant(text, text) is
  'Gives p_role the purpose reader (figures and history), server (also refreshes), operator (also status, schedule, verify, rebuild, backfill, settings), feeder (adds positions and vessels) or combiner (asks for the part of this database). Of reader, server and operator a role has one: a lesser one takes the rest back. Example: select public.vessel_activity_grant(''dashboard'', ''reader'').';
