-- The newest position stamped after an instant, from shards. Errors: see ask_shards.
create or replace function vessel_activity.shard_newest_after(p_at timestamptz)
returns timestamptz
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  select max((a.answer ->> 'newest')::timestamptz)
  from vessel_activity.ask_shards(
    array['vessel_positions'],
    array[format('select %s as newest from {shard} as p where p."timestamp" > %s order by p."timestamp" desc limit 1',
      vessel_activity.shard_utc('p."timestamp"'), vessel_activity.shard_instant(p_at))]
  ) as a
$$;

comment on function vessel_activity.shard_newest_after(timestamptz) is
  'The newest timestamp of a position after p_at, if Citus keeps vessel_positions in shards; NULL if there is none.';
