-- For people: see vessel_activity.member_add. Only the owner of vessel activity may execute it: the database server connects to
-- the address.
create or replace function public.vessel_activity_member_add(p_name text, p_address text)
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.member_add(p_name, p_address)
$$;

comment on function public.vessel_activity_member_add(text, text) is
  'Adds a database (a member) whose figures are added to those of this one. p_address: a URI, or keywords and values; user and password are kept in a user mapping. The role needs the purpose combiner there. Example: select public.vessel_activity_member_add(''north''::text, ''postgresql://combiner@db-north/ais''::text).';
