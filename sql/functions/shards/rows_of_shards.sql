-- What the functions read in place of a source table: its shards on this node. PostgreSQL pulls the query up, so it walks the indexes
-- of the shards.
create or replace function vessel_activity.rows_of_shards(p_source text, p_shards text[])
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_shards is null then vessel_activity.safe_name(vessel_activity.actual_table(p_source))
    else coalesce(
      (
        select '(' || string_agg(
          'select * from ' || vessel_activity.safe_name(e.shard), ' union all ' order by e.shard collate "C") || ')'
        from vessel_activity.shard_entries(p_shards) as e
        where e.source = p_source
      ),
      (
        select '(select ' || string_agg(
          format('null::%s.%s as %s', vessel_activity.text_safe(n.nspname), vessel_activity.text_safe(t.typname), vessel_activity.text_safe(a.attname)),
          ', ' order by a.attnum) || ' where false)'
        from pg_attribute as a
        join pg_type as t on t.oid = a.atttypid
        join pg_namespace as n on n.oid = t.typnamespace
        where a.attrelid = to_regclass(vessel_activity.actual_table(p_source)) and a.attnum > 0 and not a.attisdropped
      ))
  end
$$;

comment on function vessel_activity.rows_of_shards(text, text[]) is
  'Text that stands after FROM in place of a source table: the shards of p_shards, which are as vessel_activity.followed_shards() gives them, or no rows; the table itself if p_shards is NULL. p_source: vessels or vessel_positions.';
