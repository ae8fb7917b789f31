-- Which shards this node should follow now: see followed_shards. A node other than the coordinator follows its shards as soon as
-- vessel activity is installed there. The coordinator follows its own once such a node is its member. Until then it asks all
-- shards.
create or replace function vessel_activity.shards_here()
returns text[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_shards text[];
begin
  if to_regclass('pg_catalog.pg_dist_local_group') is null then
    return null;
  end if;
  if vessel_activity.is_coordinator() and not exists (select from vessel_activity.member as m where m.has_shards) then
    return null;
  end if;
  v_shards := array(
    select concat_ws(' ', q.source, s.node_group, s.shard)
    from (values ('vessels'), ('vessel_positions')) as q (source)
    cross join lateral vessel_activity.all_shards(q.source) as s
    where s.is_here
    order by q.source, s.shard collate "C"
  );
  -- Whether they can be followed depends on the tables. Other tables have other shards.
  if v_shards = vessel_activity.followed_shards() and v_shards <> '{}' or vessel_activity.unfollowed_reason() is null then
    return v_shards;
  end if;
  return null;
end
$$;

comment on function vessel_activity.shards_here() is
  'What vessel_activity.followed_shards() should be, by the catalog of Citus.';
