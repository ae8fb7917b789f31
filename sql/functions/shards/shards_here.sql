-- Which shards this node should follow now: see followed_shards. A node other than the coordinator follows its shards as soon as
-- vessel activity is installed there. The coordinator follows its own once such a node is its member. Until then it asks all
-- shards.
create or replace function vessel_activity.shards_here()
returns text[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_group integer;
begin
  if to_regclass('pg_catalog.pg_dist_local_group') is null then
    return null;
  end if;
  execute 'select g.groupid from pg_dist_local_group as g' into v_group;
  if v_group = 0 and not exists (select from vessel_activity.member as m where m.has_shards) or vessel_activity.unfollowed_reason() is not null then
    return null;
  end if;
  return array(
    select concat_ws(' ', q.source, s.placement, s.shard)
    from (values ('vessels'), ('vessel_positions')) as q (source)
    cross join lateral vessel_activity.all_shards(q.source) as s
    where s.node_group = v_group
    order by q.source, s.placement
  );
end
$$;

comment on function vessel_activity.shards_here() is
  'What vessel_activity.followed_shards() should be, by the catalog of Citus.';
