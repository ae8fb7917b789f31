-- Whether the figures of this database are those of several.
create or replace function vessel_activity.has_members()
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select exists (select from vessel_activity.member)
$$;

comment on function vessel_activity.has_members() is
  'Whether this is a combining database.';
