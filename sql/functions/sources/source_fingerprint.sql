-- A digest of what the catalogs say about the source tables, their triggers and the tables of the state. It changes if anything
-- but INSERT, UPDATE and DELETE may have changed the rows or hidden changes:
--   * TRUNCATE, a rewrite, a restore, another table under the name, or other roots;
--   * a partition or child attached, detached or dropped;
--   * a column renamed, given another type, or made a generated one;
--   * a trigger made, dropped, disabled or enabled, also on a relation that is no source table;
--   * an inbox or a state table truncated or made again by hand, something dropped that the triggers need, or schema vessel_activity renamed: writers left changes out
--     while it had another name;
--   * the inboxes closed to writers, or opened again.
-- Two equal digests mean that source_obstacle() says the same. Refreshes compare digests, because this function is many times
-- faster: above all in a new session, which has to plan each query first. So it has few queries, and each reads by an index.
-- The state keeps the arguments and the digest from when it was built.
create or replace function vessel_activity.source_fingerprint(p_relations oid[], p_functions oid[])
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- the catalogs are small here, but may be large
set plan_cache_mode = force_generic_plan
as $$
declare
  v_own constant oid[] := array[
    to_regclass('vessel_activity.inbox'), to_regclass('vessel_activity.fleet_inbox'), to_regclass('vessel_activity.last_report'),
    to_regclass('vessel_activity.position_second'), to_regclass('vessel_activity.upcoming'), to_regclass('vessel_activity.fleet_count'),
    to_regclass('vessel_activity.last_report_count'), to_regclass('vessel_activity.inbox_parts')
  ];
begin
  perform vessel_activity.open_shards();
  return (
    select md5(row(
      pg_sequence_last_value('vessel_activity.reopenings'), pg_sequence_last_value('vessel_activity.inbox_guard'),
      array(select r.relation from vessel_activity.source_roots() as r order by r.source, r.relation), v_own,
      (select n.xmin from pg_namespace as n where n.nspname = 'vessel_activity'),
      -- Maintenance changes settings of the inboxes, so of those tables only the file counts.
      (select string_agg(concat_ws(':', c.oid, c.relfilenode, case when c.oid <> all (v_own) then c.xmin end), ',' order by c.oid)
        from pg_class as c where c.oid = any (p_relations || v_own)),
      (select string_agg(concat_ws(':', i.inhparent, i.inhrelid, i.inhdetachpending), ',' order by i.inhparent, i.inhrelid)
        from pg_inherits as i where i.inhparent = any (p_relations)),
      (select string_agg(concat_ws(':', a.attrelid, a.attnum, a.atttypid, a.attcollation, a.atttypmod, a.attgenerated), ',' order by a.attrelid, a.attname)
        from pg_attribute as a
        where a.attrelid = any (p_relations)
          and a.attname = any (vessel_activity.actual_columns())),
      (select string_agg(concat_ws(':', t.oid, t.xmin, t.tgenabled, p.oid, p.pronamespace, p.proname), ',' order by t.oid)
        from pg_trigger as t join pg_proc as p on p.oid = t.tgfoid
        where t.tgrelid = any (p_relations) and (p.oid = any (p_functions) or p.proname = 'citus_truncate_trigger')),
      (select string_agg(d.objid::text, ',' order by d.objid)
        from pg_depend as d
        where d.refclassid = 'pg_proc'::regclass and d.refobjid = any (p_functions) and d.classid = 'pg_trigger'::regclass)
    )::text)
  );
end
$$;

comment on function vessel_activity.source_fingerprint(oid[], oid[]) is
  'A digest of the catalog entries of the source tables, their triggers and the state. It changes when anything other than INSERT, UPDATE or DELETE may have changed rows, or changes may go unseen. p_relations: the relations of the source tables. p_functions: the functions of the triggers. Both as source_watched() gives them.';
