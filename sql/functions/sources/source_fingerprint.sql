-- Reads two things about the source tables and their triggers from the catalogs, in well under a millisecond.
-- obstacle: why changes could go unseen, so that the state can't be used; NULL if no change can.
-- fingerprint: a digest that changes if anything but INSERT, UPDATE and DELETE may have changed the rows or hidden changes:
--   * TRUNCATE, a rewrite, a restore, or another table under the name;
--   * a partition attached, detached or dropped, or a first inheritance child (which writes a new row version in pg_class);
--   * a column renamed, or made a generated one; a trigger dropped, disabled or enabled;
--   * the inboxes opened again to writers, who left changes out before;
--   * an inbox or a state table truncated or made again by hand, or schema vessel_activity renamed: writers left changes out
--     while it had another name.
-- vessel_activity_status() chooses its hint by words of the obstacle.
create or replace function vessel_activity.source_fingerprint(
  p_columns_fit boolean default false, out fingerprint text, out obstacle text
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  with carried as materialized (
    select t.* from vessel_activity.note_triggers() as t
  ),
  relations as materialized (
    select s.relation, s.refusal, s.needed_triggers, c.relfilenode, c.xmin,
      (select string_agg(t.version, ',' order by t.version) from carried as t where t.relation = s.relation) as triggers,
      (select count(*) from carried as t where t.relation = s.relation and t.is_right) as right_triggers,
      (select count(*) from carried as t where t.relation = s.relation and not t.is_right) as wrong_triggers,
      (select string_agg(concat_ws(':', a.attnum, a.atttypid, a.attgenerated), ',' order by a.attname) from pg_attribute as a
        where a.attrelid = s.relation and a.attname in ('vesselId', 'timestamp', 'speed', 'vesselType', 'flag', 'active')) as attributes
    from vessel_activity.source_relations() as s
    join pg_class as c on c.oid = s.relation
  ),
  lacking as (
    select min(r.relation::regclass::text) as name,
      (select f.problem from vessel_activity.refused_triggers as f
        where f.relation in (select r1.relation from relations as r1 where r1.right_triggers < r1.needed_triggers)
        order by f.relation limit 1) as problem
    from relations as r
    where r.right_triggers < r.needed_triggers or r.wrong_triggers > 0
  )
  select
    md5(concat(
      pg_sequence_last_value('vessel_activity.reopenings'), ';',
      (select n.xmin from pg_namespace as n where n.nspname = 'vessel_activity'), ';',
      -- A new table has a new file too.
      pg_relation_filenode(to_regclass('vessel_activity.inbox')), ',', pg_relation_filenode(to_regclass('vessel_activity.fleet_inbox')), ',',
      pg_relation_filenode(to_regclass('vessel_activity.last_seen')), ',', pg_relation_filenode(to_regclass('vessel_activity.position_second')), ',',
      pg_relation_filenode(to_regclass('vessel_activity.upcoming')), ',', pg_relation_filenode(to_regclass('vessel_activity.fleet_count')), ';',
      string_agg(concat_ws('|', r.relation, r.relfilenode, r.xmin, r.triggers, r.attributes), ';' order by r.relation))),
    case
      when to_regclass('public.vessels') is null then 'public.vessels does not exist'
      when to_regclass('public.vessel_positions') is null then 'public.vessel_positions does not exist'
      when count(r.refusal) > 0 then min(r.refusal)
      when count(*) filter (where r.right_triggers < r.needed_triggers or r.wrong_triggers > 0) > 0 then
        (select coalesce(
            'a source table lacks triggers of vessel activity, which were refused: ' || l.problem,
            l.name || ' lacks triggers of vessel activity, or they are not enabled as they should be, or have other names')
          from lacking as l)
      when exists (select from carried as t where t.relation not in (select r4.relation from relations as r4)) then
        (select format('%s carries triggers of vessel activity but is no source table', min(t.relation::regclass::text))
          from carried as t where t.relation not in (select r5.relation from relations as r5))
    end
  into fingerprint, obstacle
  from relations as r;
  -- Apart from the statement above: a new session plans this query only if it is needed.
  if obstacle is not null then
    return;
  elsif not p_columns_fit and exists (select from vessel_activity.unfitting_columns()) then
    obstacle := 'a column of vessel_positions has another type or collation than at the last migrate';
  elsif pg_sequence_last_value('vessel_activity.inbox_guard') is distinct from 1 then
    obstacle := 'writers leave changes out because an inbox is over its limit';
  end if;
end
$$;

comment on function vessel_activity.source_fingerprint(boolean) is
  'Tells whether changes of the source tables could go unseen, and gives a digest of their catalog entries. obstacle: why changes could go unseen; NULL if none can. fingerprint: the digest; it changes when anything other than INSERT, UPDATE or DELETE may have changed rows. p_columns_fit: the caller knows that there are no unfitting_columns() and that no column can be altered meanwhile.';
