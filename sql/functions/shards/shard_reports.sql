-- last_reports_at for shards. Each shard tells the last report of each vessel, and between which reports its last hour began; what
-- these mean is decided here, by the same functions and in the same order as report_values and arrival do. So vessels whose rows
-- are in several shards are right too.
-- The values come as text. A text of a float is exact.
-- Errors: see ask_shards.
create or replace function vessel_activity.shard_reports(p_as_of timestamptz)
returns setof vessel_activity.last_report
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hour_ago constant text := vessel_activity.shard_instant(p_as_of - interval '1 hour');
  v_types record;
begin
  select
    max(c.type_name) filter (where c.name = 'vesselId') as id,
    max(c.type_name) filter (where c.name = 'latitude') as latitude,
    max(c.type_name) filter (where c.name = 'longitude') as longitude,
    max(c.type_name) filter (where c.name = 'speed') as speed
  into v_types
  from (
    select k.name,
      case when vessel_activity.actual_factor('vessel_positions', k.name) is null then format_type(a.atttypid, a.atttypmod) else 'numeric' end as type_name
    from (values ('vesselId'), ('latitude'), ('longitude'), ('speed')) as k (name)
    join pg_attribute as a on a.attrelid = to_regclass(vessel_activity.actual_table('vessel_positions'))
      and a.attname = vessel_activity.actual_column('vessel_positions', k.name) and not a.attisdropped
  ) as c;

  return query execute format(
    $query$
      with report as materialized (
        select r.id::%1$s as vessel_id, r.seen_at, r.began_at, r.before_at,
          vessel_activity.known_number(r.latitude::%2$s, -90, 90) as latitude,
          vessel_activity.known_number(r.longitude::%3$s, -180, 180) as longitude,
          vessel_activity.known_number(r.speed::%4$s, 0, 102.2) as speed
        from vessel_activity.ask_shards(array['vessel_positions'], array[$2]) as a
        cross join lateral json_to_record(a.answer) as r (
          id text, seen_at timestamptz, latitude text, longitude text, speed text, began_at timestamptz, before_at timestamptz)
      ),
      hour as (
        select h.vessel_id, h.began_at
        from (
          select r.vessel_id, min(r.began_at) as began_at, max(r.before_at) as before_at from report as r group by r.vessel_id
        ) as h
        where h.began_at - interval '24 hours' > h.before_at or h.before_at is null
      )
      select d.vessel_id, d.seen_at, d.latitude, d.longitude, d.speed, h.began_at, null::integer, null::integer
      from (
        select distinct on (r.vessel_id) r.* from report as r
        order by r.vessel_id, r.seen_at desc, r.speed desc nulls last, r.latitude desc nulls last, r.longitude desc nulls last
      ) as d
      left join hour as h on h.vessel_id = d.vessel_id and d.seen_at >= $1
    $query$,
    v_types.id, v_types.latitude, v_types.longitude, v_types.speed)
  using p_as_of - interval '1 hour', format(
    $query$
      select l.vessel_id::text as id, %1$s as seen_at, v.latitude::text, v.longitude::text, v.speed::text,
        %3$s as began_at, %4$s as before_at
      from (%2$s) as l
      join {shard} as v on v."vesselId" = l.vessel_id and v."timestamp" = l.seen_at
      left join lateral (
        select min(p."timestamp") as at from {shard} as p
        where p."vesselId" = l.vessel_id and p."timestamp" >= %5$s and p."timestamp" <= %6$s
      ) as f on true
      left join lateral (
        select max(p."timestamp") as at from {shard} as p
        where p."vesselId" = l.vessel_id and p."timestamp" < %5$s and p."timestamp" >= %7$s
      ) as b on true
    $query$,
    vessel_activity.shard_utc('l.seen_at'), vessel_activity.shard_last_positions(p_as_of), vessel_activity.shard_utc('f.at'), vessel_activity.shard_utc('b.at'),
    v_hour_ago, vessel_activity.shard_instant(p_as_of), vessel_activity.shard_instant(p_as_of - interval '25 hours'));
end
$$;

comment on function vessel_activity.shard_reports(timestamptz) is
  'The rows of vessel_activity.last_reports_at(), if Citus keeps vessel_positions in shards.';
