-- Finds the shards of a source table, and for each a node that has it. A reference table is a shard that every node has; the
-- coordinator is asked for it. A view stands for one shard on this node, which asks the others: Citus knows where its rows are.
-- The catalog of Citus is named only where a query is executed: it is not there without Citus.
-- It is volatile so that each call sees the placements as they are then: see ask_shards.
-- Raises insufficient_privilege (42501) for a view of tables with row-level security, and object_not_in_prerequisite_state (55000)
-- if a shard can't be found or read: without it the figures would be too small.
create or replace function vessel_activity.shard_placements(p_source text)
returns table (shard text, node_name text, node_port integer, has_whole_vessels boolean)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_name constant text := vessel_activity.actual_table(p_source);
  v_table constant regclass := to_regclass(v_name);
  v_guarded regclass;
  v_lost text;
  v_shards integer;
begin
  if exists (select from pg_class as c where c.oid = v_table and c.relkind = 'v') then
    -- Its policies would be those for the owner of the view, and ask_shards can't tell what they hide.
    select r.relation::regclass into v_guarded
    from vessel_activity.relations_read(p_source) as r
    join pg_class as c on c.oid = r.relation
    where c.relrowsecurity
    limit 1;
    if v_guarded is not null then
      raise exception using
        errcode = 'insufficient_privilege',
        message = format('row-level security of %s could hide rows of the view %s', v_guarded, v_name),
        hint = format('Turn it off: alter table %s disable row level security.', v_guarded);
    end if;
    return query execute $query$
      select vessel_activity.shard_rows($2, $1), coalesce(n.nodename::text, current_setting('citus.local_hostname')),
        coalesce(n.nodeport, current_setting('port')::integer), true
      from pg_dist_local_group as g
      left join pg_dist_node as n on n.groupid = g.groupid and n.noderole = 'primary'
    $query$ using v_name, p_source;
    return;
  end if;

  execute $query$
    select count(*), min(s.shardid::text) filter (where not exists (
      select from pg_dist_placement as p
      join pg_dist_node as n on n.groupid = p.groupid and n.noderole = 'primary' and n.isactive
      where p.shardid = s.shardid and p.shardstate = 1
    ))
    from pg_dist_shard as s
    where s.logicalrelid = $1
  $query$ into v_shards, v_lost using v_table;
  if v_shards = 0 or v_lost is not null then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('%s is managed by Citus, but %s', v_name,
        case v_shards when 0 then 'it has no shard' else format('no active node has its shard %s', v_lost) end),
      hint = 'Look at select * from pg_dist_shard natural join pg_dist_placement. The row stays as it is until the shard is back.';
  end if;

  return query execute $query$
    select distinct on (a.shard_id) vessel_activity.shard_rows($3, a.shard), n.nodename::text, n.nodeport,
      $2 = 1 or t.partmethod in ('h', 'r') and column_to_column_name(t.logicalrelid, t.partkey) = vessel_activity.actual_column('vessel_positions', 'vesselId')
    from vessel_activity.all_shards($3) as a
    join pg_dist_partition as t on t.logicalrelid = $1
    join pg_dist_node as n on n.groupid = a.node_group and n.noderole = 'primary' and n.isactive
    order by a.shard_id, n.groupid, n.nodeid
  $query$ using v_table, v_shards, p_source;
end
$$;

comment on function vessel_activity.shard_placements(text) is
  'The shards of a source table that Citus manages: what stands after FROM to read the shard, and the node that is asked for it. has_whole_vessels: no other shard has rows of the same "vesselId". p_source: vessels or vessel_positions.';
