-- What feed_truth_at takes from shards, except the seconds.
-- Errors: see ask_shards.
create or replace function vessel_activity.shard_truth(
  p_as_of timestamptz,
  out newest_report timestamptz,
  out reports_last_minute bigint,
  out positions_ahead bigint
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_at constant text := vessel_activity.shard_instant(p_as_of);
begin
  select max(r.newest), sum(r.last_minute), sum(r.ahead)
  into newest_report, reports_last_minute, positions_ahead
  from vessel_activity.ask_shards(
    array['vessel_positions'],
    array[format(
      $query$
        select
          (select %1$s from {shard} as p where p."timestamp" <= %2$s and p."timestamp" >= %3$s order by p."timestamp" desc limit 1) as newest,
          (select count(*) from {shard} as p where p."timestamp" <= %2$s and p."timestamp" >= %4$s) as last_minute,
          (select count(*) from {shard} as p where p."timestamp" > %2$s) as ahead
      $query$,
      vessel_activity.shard_utc('p."timestamp"'), v_at,
      vessel_activity.shard_instant('epoch'), vessel_activity.shard_instant(p_as_of - interval '1 minute'))]
  ) as a
  cross join lateral json_to_record(a.answer) as r (newest timestamptz, last_minute bigint, ahead bigint);
end
$$;

comment on function vessel_activity.shard_truth(timestamptz) is
  'newest_report, reports_last_minute and positions_ahead of vessel_activity.feed_truth as of p_as_of, if Citus keeps vessel_positions in shards.';
