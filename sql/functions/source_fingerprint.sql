-- Two things about the source tables and what follows them, read from the catalogs in well under a millisecond:
-- obstacle: why changes could go unseen, so that the state can't be used at all; NULL where they can't.
-- fingerprint: changes whenever something else than INSERT, UPDATE and DELETE may have changed the rows or hidden
--   changes: TRUNCATE, a rewrite, another table under the name, a partition attached, detached or dropped, a column
--   renamed, triggers dropped, disabled or enabled (which leaves a new row version in pg_trigger), a restore; the
--   inboxes opened again to writers, after they left changes out.
-- Called by refresh_at and vessel_activity_status.
create or replace function vessel_activity.source_fingerprint(out fingerprint text, out obstacle text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  with recursive tree (relation) as (
    select c.oid from pg_class as c
    where c.relnamespace = 'public'::regnamespace and c.relname in ('vessels', 'vessel_positions')
    union
    select i.inhrelid from tree as t join pg_inherits as i on i.inhparent = t.relation and not i.inhdetachpending
  ),
  relations as materialized (
    select s.relation, c.relkind, c.relfilenode,
      (select string_agg(concat(t.oid, ':', t.xmin, t.tgenabled), ',' order by t.oid) from pg_trigger as t
        where t.tgrelid = s.relation and t.tgname like 'vessel\_activity\_%') as triggers,
      (select count(*) from pg_trigger as t
        where t.tgrelid = s.relation and t.tgname like 'vessel\_activity\_%' and t.tgenabled = 'A') as trigger_count,
      (select string_agg(a.attnum || ':' || a.atttypid, ',' order by a.attname) from pg_attribute as a
        where a.attrelid = s.relation and a.attname in ('vesselId', 'timestamp', 'speed', 'vesselType', 'flag', 'active')) as attributes
    from tree as s
    join pg_class as c on c.oid = s.relation
  )
  select
    md5(concat(
      pg_sequence_last_value('vessel_activity.reopenings'), ';',
      string_agg(concat_ws('|', r.relation, r.relfilenode, r.triggers, r.attributes), ';' order by r.relation))),
    case
      when count(*) filter (where r.relkind not in ('r', 'p')) > 0 then
        format('%s is a view or foreign table, which can carry no triggers',
          min(r.relation::regclass::text) filter (where r.relkind not in ('r', 'p')))
      when exists (select from pg_subscription_rel as s where s.srrelid in (select r2.relation from relations as r2)) then
        'a source table is filled by logical replication, which fires no statement triggers'
      when exists (
        select from pg_inherits as i
        join relations as r3 on r3.relation = i.inhparent and r3.relkind = 'r'
      ) then
        'a source table has inheritance children; only partitions can be told apart from former ones'
      when count(*) filter (where r.trigger_count <> 3) > 0 then
        format('%s lacks our triggers, or they are not ENABLE ALWAYS',
          min(r.relation::regclass::text) filter (where r.trigger_count <> 3))
      when exists (select from vessel_activity.our_triggers() as o where o.relation not in (select r4.relation from relations as r4)) then
        (select format('%s carries our triggers, and is no source', min(o.relation::regclass::text))
          from vessel_activity.our_triggers() as o where o.relation not in (select r5.relation from relations as r5))
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
