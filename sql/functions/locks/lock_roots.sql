-- A part of lock_sources. On most nodes the only root is the source table.
create or replace function vessel_activity.lock_roots(p_source text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_names constant text := (
    select string_agg(r.relation::regclass::text, ', ' order by r.relation) from vessel_activity.source_roots() as r where r.source = p_source);
begin
  perform vessel_activity.open_shards();
  if v_names is not null then
    execute format('lock table %s in access share mode nowait', v_names);
  end if;
end
$$;

comment on function vessel_activity.lock_roots(text) is
  'Locks the relations that hold the rows of a source table on this node against changes of their definition. Raises lock_not_available if one is locked. p_source: vessels or vessel_positions.';
