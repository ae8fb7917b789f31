-- Lets the statements of this transaction that follow see the shards of this node in the catalog, lock them and put triggers on them.
-- Citus keeps users from that by default. On a node without shards it does nothing. The settings can't be in a SET clause: a role that
-- is no superuser could not make such a function where Citus is not loaded.
create or replace function vessel_activity.open_shards()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if vessel_activity.followed_shards() is not null then
    perform set_config('citus.override_table_visibility', 'off', true);
    perform set_config('citus.enable_manual_changes_to_shards', 'on', true);
    perform set_config('citus.enable_ddl_propagation', 'off', true);
  end if;
end
$$;

comment on function vessel_activity.open_shards() is
  'Lets this transaction see, lock and alter the shards of Citus that this node follows.';
