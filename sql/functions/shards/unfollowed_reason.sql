-- Shards can be followed if each vessel is on one node, with all its positions: both tables are distributed by the vessel and
-- colocated, or both are in one shard each on the same node. Then the figures of the nodes add up. A reference table is on every
-- node, so it would be counted more than once.
create or replace function vessel_activity.unfollowed_reason()
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason text;
begin
  if to_regclass('pg_catalog.pg_dist_partition') is null then
    return 'the source tables are not in shards';
  end if;
  execute $query$
    select case
        when count(t.logicalrelid) < 2 then 'the source tables are not both distributed'
        when bool_or(t.repmodel = 't') then 'a source table is a reference table'
        when bool_or(t.partmethod not in ('h', 'n')) then 'a source table is not distributed by a hash'
        when bool_or(t.partmethod = 'h' and column_to_column_name(t.logicalrelid, t.partkey) <> w.key_column)
          then 'the source tables are not distributed by the vessel'
        when min(t.colocationid) = 0 or min(t.colocationid) <> max(t.colocationid) then 'the source tables are not colocated'
        when exists (
          select from pg_dist_placement as p
          join pg_dist_shard as s on s.shardid = p.shardid
          where s.logicalrelid in (to_regclass($1), to_regclass($2)) and p.shardstate = 1
          group by s.shardid having count(*) > 1
        ) then 'a shard has copies on several nodes'
      end
    from (values
      (to_regclass($1), vessel_activity.actual_column('vessels', 'id')),
      (to_regclass($2), vessel_activity.actual_column('vessel_positions', 'vesselId'))
    ) as w (relation, key_column)
    left join pg_dist_partition as t on t.logicalrelid = w.relation
  $query$ into v_reason using vessel_activity.actual_table('vessels'), vessel_activity.actual_table('vessel_positions');
  return v_reason;
end
$$;

comment on function vessel_activity.unfollowed_reason() is
  'Why the shards of the source tables can''t be followed by the nodes that have them; NULL if they can.';
