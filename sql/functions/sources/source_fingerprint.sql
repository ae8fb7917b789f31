-- Two things about the source tables and what follows them, read from the catalogs in well under a millisecond:
-- obstacle: why changes could go unseen, so that the state can't be used at all; NULL where they can't.
-- fingerprint: changes whenever something else than INSERT, UPDATE and DELETE may have changed the rows or hidden
--   changes: TRUNCATE, a rewrite, another table under the name, a partition attached, detached or dropped, a first
--   inheritance child (which leaves a new row version in pg_class), a column renamed, triggers dropped, disabled or enabled
--   (in pg_trigger), a restore; the inboxes opened again to writers, after they left changes out.
-- Called by refresh_at and vessel_activity_status.
create or replace function vessel_activity.source_fingerprint(out fingerprint text, out obstacle text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  with ours as materialized (
    select o.* from vessel_activity.our_triggers() as o
  ),
  relations as materialized (
    select s.relation, s.kind, s.needed_triggers, c.relfilenode, c.xmin,
      (select string_agg(o.version, ',' order by o.version) from ours as o where o.relation = s.relation) as triggers,
      (select count(*) from ours as o where o.relation = s.relation and o.is_right) as right_triggers,
      (select count(*) from ours as o where o.relation = s.relation and not o.is_right) as wrong_triggers,
      (select string_agg(a.attnum || ':' || a.atttypid, ',' order by a.attname) from pg_attribute as a
        where a.attrelid = s.relation and a.attname in ('vesselId', 'timestamp', 'speed', 'vesselType', 'flag', 'active')) as attributes
    from vessel_activity.source_relations() as s
    join pg_class as c on c.oid = s.relation
  )
  select
    md5(concat(
      pg_sequence_last_value('vessel_activity.reopenings'), ';',
      string_agg(concat_ws('|', r.relation, r.relfilenode, r.xmin, r.triggers, r.attributes), ';' order by r.relation))),
    case
      when count(*) filter (where r.kind not in ('r', 'p')) > 0 then
        format('%s is a view or foreign table, which can carry no triggers',
          min(r.relation::regclass::text) filter (where r.kind not in ('r', 'p')))
      when exists (select from pg_subscription_rel as s where s.srrelid in (select r2.relation from relations as r2)) then
        'a source table is filled by logical replication, which fires no statement triggers'
      when exists (
        select from pg_inherits as i
        join relations as r3 on r3.relation = i.inhparent and r3.kind = 'r'
      ) then
        'a source table has inheritance children; only partitions can be told apart from former ones'
      when count(*) filter (where r.right_triggers < r.needed_triggers or r.wrong_triggers > 0) > 0 then
        format('%s lacks our triggers, or they are not ENABLE ALWAYS, or have other names',
          min(r.relation::regclass::text) filter (where r.right_triggers < r.needed_triggers or r.wrong_triggers > 0))
      when exists (select from ours as o where o.relation not in (select r4.relation from relations as r4)) then
        (select format('%s carries our triggers, and is no source', min(o.relation::regclass::text))
          from ours as o where o.relation not in (select r5.relation from relations as r5))
      when exists (select from vessel_activity.unfitting_columns()) then
        'a column of vessel_positions has another type or collation than at the last migrate'
      when pg_sequence_last_value('vessel_activity.inbox_guard') is distinct from 1 then
        'writers leave their changes out, since an inbox is over its limit'
    end
  into fingerprint, obstacle
  from relations as r;
end
$$;

comment on function vessel_activity.source_fingerprint() is
  'obstacle: why changes of the source tables could go unseen, NULL where they can''t; fingerprint: a digest that changes with everything but INSERT, UPDATE and DELETE that can change their rows.';
