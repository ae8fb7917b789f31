-- Says why parts do not add up to the whole of the source tables, if the nodes of Citus follow their shards: a shard is in no part,
-- or in two. That is so for a moment while a shard moves to another node, and always if a node that has shards is no member.
-- The coordinator knows a move first, so its catalog is compared, as it is after the parts were computed: a part of the node that a
-- shard has left does not cover it, whatever that node knows.
create or replace function vessel_activity.uncovered_shards(p_parts vessel_activity.part[])
returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_flaw record;
begin
  if vessel_activity.followed_shards() is null or not vessel_activity.is_coordinator() then
    return null;
  end if;
  select a.shard, min(a.node_group) as node_group, sum(n.parts) as parts into v_flaw
  from (values ('vessels'), ('vessel_positions')) as q (source)
  cross join lateral vessel_activity.all_shards(q.source) as a
  cross join lateral (
    select count(*) as parts from unnest(p_parts) as p where concat_ws(' ', a.shard, a.node_group) = any (p.sources)
  ) as n
  group by a.shard
  having sum(n.parts) <> 1
  order by a.shard collate "C"
  limit 1;
  return case
    when v_flaw.parts = 0 then format('shard %s of %s is counted by no member: it is being moved, or its node is not a member yet',
      v_flaw.shard, vessel_activity.node_address(v_flaw.node_group))
    when v_flaw.parts > 1 then format('shard %s is counted %s times', v_flaw.shard, v_flaw.parts)
  end;
end
$$;

comment on function vessel_activity.uncovered_shards(vessel_activity.part[]) is
  'Why the parts do not cover each shard of the source tables once; NULL if they do, or if this is no coordinator whose nodes follow their shards.';
