-- What source_fingerprint has to look at. Without the functions, a trigger of vessel activity on a relation that is no source
-- table would go unseen: pg_restore can make one.
create or replace function vessel_activity.source_watched(out relations oid[], out functions oid[])
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select
    vessel_activity.source_tree(),
    array(
      select p.oid from pg_proc as p
      where p.pronamespace = 'vessel_activity'::regnamespace and p.prorettype = 'trigger'::regtype
      order by p.oid
    )
$$;

comment on function vessel_activity.source_watched() is
  'The oids that source_fingerprint() looks at. relations: the source tables with all their partitions and inheritance children. functions: the trigger functions of vessel activity.';
