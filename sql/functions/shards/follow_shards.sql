-- Makes this node follow the shards that it has: the functions then read these instead of the source tables, and source_roots() names
-- them. A migrate calls it, and so does each refresh, because shards move. The triggers of a shard that has come are put on by the
-- next maintain(); until then the node computes by the definition, of the right shards.
-- The caller holds the refresh lock, or is a migrate: two sessions can't replace a function at once.
create or replace function vessel_activity.follow_shards()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_shards constant text[] := vessel_activity.shards_here();
  v_old_vessels text;
  v_old_positions text;
  v_vessels text;
  v_positions text;
begin
  if v_shards is not distinct from vessel_activity.followed_shards() then
    return;
  end if;
  perform set_config('citus.enable_ddl_propagation', 'off', true); -- the functions of this node are its own
  v_old_vessels := vessel_activity.actual_rows('vessels');
  v_old_positions := vessel_activity.actual_rows('vessel_positions');
  v_vessels := vessel_activity.rows_of_shards('vessels', v_shards);
  v_positions := vessel_activity.rows_of_shards('vessel_positions', v_shards);
  perform vessel_activity.run_ddl(format(
    'create or replace function vessel_activity.followed_shards() returns text[] language sql stable parallel safe return %L::pg_catalog.text[]',
    v_shards));
  perform vessel_activity.run_ddl(format(
    'create or replace function vessel_activity.actual_rows(p_source text) returns text language sql stable parallel safe '
    'return case p_source when ''vessels'' then %L when ''vessel_positions'' then %L end',
    v_vessels, v_positions));
  perform vessel_activity.rewrite_functions(
    array['from ' || v_old_vessels || ' as source', 'from ' || v_old_positions || ' as source'],
    array['from ' || v_vessels || ' as source', 'from ' || v_positions || ' as source']);
end
$$;

comment on function vessel_activity.follow_shards() is
  'Makes the functions of this node read the shards that Citus has put here, if they can be followed, else the source tables.';
