-- Says why changes of the source tables could go unseen, so that the state can't be used.
-- vessel_activity_status() chooses its hint by words of the obstacle.
create or replace function vessel_activity.source_obstacle()
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_obstacle text;
begin
  perform vessel_activity.open_shards();
  with carried as materialized (
    select t.* from vessel_activity.note_triggers() as t
  ),
  relations as materialized (
    select s.relation, s.refusal,
      (select count(*) from carried as t where t.relation = s.relation and t.is_right) < s.needed_triggers as lacks_triggers,
      exists (select from carried as t where t.relation = s.relation and not t.is_right) as has_wrong_triggers
    from vessel_activity.source_relations() as s
  ),
  lacking as (
    select min(r.relation::regclass::text) as name,
      (select f.problem from vessel_activity.refused_triggers as f
        where f.relation in (select r1.relation from relations as r1 where r1.lacks_triggers)
        order by f.relation limit 1) as problem
    from relations as r
    where r.lacks_triggers or r.has_wrong_triggers
  )
  select case
      when to_regclass(vessel_activity.actual_table('vessels')) is null then vessel_activity.actual_table('vessels') || ' does not exist'
      when to_regclass(vessel_activity.actual_table('vessel_positions')) is null then vessel_activity.actual_table('vessel_positions') || ' does not exist'
      when (select count(*) from vessel_activity.source_roots()) < cardinality(vessel_activity.followed_shards()) then
        'a shard that Citus has put on this node is not there'
      when vessel_activity.followed_shards() is null and (select count(distinct o.source) from vessel_activity.source_roots() as o) < 2 then
        'no relation here holds the rows of a source table'
      when count(r.refusal) > 0 then min(r.refusal)
      when bool_or(r.lacks_triggers or r.has_wrong_triggers) then
        (select coalesce(
            'a source table lacks triggers of vessel activity, which were refused: ' || l.problem,
            l.name || ' lacks triggers of vessel activity, or they are not enabled as they should be, or have other names')
          from lacking as l)
      when exists (select from carried as t where t.relation not in (select r4.relation from relations as r4)) then
        (select format('%s carries triggers of vessel activity but is no source table', min(t.relation::regclass::text))
          from carried as t where t.relation not in (select r5.relation from relations as r5))
      when to_regclass('vessel_activity.inbox_parts') is null then
        'something that the triggers need was dropped, so writers leave changes out'
      when vessel_activity.missing_column() is not null then
        format('%s has no column %I any more', vessel_activity.actual_table('vessel_positions'), vessel_activity.missing_column())
      when exists (select from vessel_activity.unfitting_columns()) then
        format('a column of %s has another type or collation than at the last migrate', vessel_activity.actual_table('vessel_positions'))
      when pg_sequence_last_value('vessel_activity.inbox_guard') is distinct from 1 then
        'writers leave changes out because an inbox is over its limit'
    end
  into v_obstacle
  from relations as r;
  return v_obstacle;
end
$$;

comment on function vessel_activity.source_obstacle() is
  'Why changes of the source tables could go unseen by refreshes, such as a missing trigger. NULL if none can.';
