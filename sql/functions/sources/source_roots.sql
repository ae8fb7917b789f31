-- The relations that hold the rows of the source tables on this node, without their partitions and children. Whatever reads
-- the catalogs of the source tables begins here: triggers, fingerprint, obstacles. A source table that does not exist has no root.
-- If this node follows shards of Citus, these are the roots.
-- BEGIN ATOMIC instead of a pinned search_path, so that PostgreSQL can inline it: note_tree runs it at every statement on a
-- partitioned table.
create or replace function vessel_activity.source_roots()
returns table (source text, relation oid)
language sql stable
begin atomic
  select s.source, to_regclass(vessel_activity.actual_table(s.source))::oid
  from (values ('vessels'), ('vessel_positions')) as s (source)
  where vessel_activity.followed_shards() is null and to_regclass(vessel_activity.actual_table(s.source)) is not null
  union all
  select e.source, to_regclass(e.shard)::oid
  from vessel_activity.shard_entries(vessel_activity.followed_shards()) as e
  where to_regclass(e.shard) is not null;
end;

comment on function vessel_activity.source_roots() is
  'The relations that hold the rows of vessels and vessel_positions on this node, without partitions and children.';
