-- Counts the vessels of each area by the definition. count_reports() counts them for the refresh.
-- Speeds are added in thousandths of a knot, so that the mean does not depend on the order of the vessels.
create or replace function vessel_activity.count_areas(
  p_as_of timestamptz,
  p_since timestamptz,
  p_past_ids text[],
  p_past_areas integer[],
  p_max_types integer default 5
)
returns setof vessel_activity.area_count
language plpgsql stable
set search_path = pg_catalog, pg_temp
set row_security = off
set jit = off
set enable_mergejoin = off -- ids may be texts, which are slow to sort
set enable_nestloop = off
set enable_sort = off -- to count by hashes
as $$
begin
  return query execute format(
    $query$
      with report as not materialized (%1$s),
      inside as materialized (select m.*, m.vessel_id::text as id from (%2$s) as m),
      counted as (
        select i.area,
          count(*) filter (where i.seen_at >= $4)::integer as active_now,
          count(*) filter (where i.seen_at >= $2)::integer as active_last_hour,
          count(*)::integer as active_last_24h,
          sum((i.speed * 1000)::bigint) filter (where i.seen_at >= $2 and i.speed > 0 and i.speed < 50)::bigint as speed_sum,
          count(*) filter (where i.seen_at >= $2 and i.speed > 0 and i.speed < 50) as speed_count
        from inside as i
        group by i.area
      ),
      changed as materialized (
        select coalesce(i.id, p.id) as id, coalesce(i.area, p.area) as area, i.seen_at, i.id is not null as is_inside
        from inside as i
        full join unnest($6, $7) as p (id, area) on p.id = i.id and p.area = i.area
        where i.id is null or p.id is null
      ),
      entered as (
        select c.area, count(*)::integer as vessels from changed as c where c.is_inside and c.seen_at > $5 group by c.area
      ),
      departed as (
        select c.area, count(*)::integer as vessels
        from changed as c
        join report as r on r.vessel_id = c.id::%4$s
        where not c.is_inside and r.seen_at > $5
        group by c.area
      ),
      typed as (
        select t.area, t.name, t.vessels, row_number() over (partition by t.area order by t.vessels desc, t.name collate "C") as place
        from (
          -- First by the raw types, so that few names have to be read.
          select r.area, vessel_activity.group_name(r.type_name) as name, sum(r.vessels) as vessels
          from (
            select l.area, v.type_name, count(*) as vessels
            from inside as l
            left join (%3$s) as v on v.id = l.vessel_id
            where l.seen_at >= $4
            group by l.area, v.type_name
          ) as r
          group by r.area, 2
        ) as t
      ),
      types as (
        select t.area, ('[' || string_agg(row_to_json(x)::text, ',' order by t.place) || ']')::json as types
        from typed as t
        cross join lateral (select t.name, t.vessels as "activeNow") as x
        where $8 is null or t.place <= $8
        group by t.area
      )
      select a.id, coalesce(c.active_now, 0)::bigint, coalesce(c.active_last_hour, 0)::bigint, coalesce(c.active_last_24h, 0)::bigint,
        coalesce(e.vessels, 0)::bigint, coalesce(d.vessels, 0)::bigint, coalesce(c.speed_sum, 0)::bigint, coalesce(c.speed_count, 0),
        coalesce(t.types, '[]')
      from vessel_activity.known_areas() as a (id)
      left join counted as c on c.area = a.id
      left join entered as e on e.area = a.id
      left join departed as d on d.area = a.id
      left join types as t on t.area = a.id
    $query$,
    vessel_activity.reports_query(false),
    vessel_activity.members_query('select * from report', false),
    vessel_activity.vessels_query(),
    (select format_type(a.atttypid, a.atttypmod) from pg_attribute as a
      where a.attrelid = to_regclass('vessel_activity.last_report') and a.attname = 'vessel_id'))
  using p_as_of, p_as_of - interval '1 hour', p_as_of - interval '24 hours', p_as_of - interval '5 minutes', p_since, p_past_ids,
    p_past_areas, p_max_types;
end
$$;

comment on function vessel_activity.count_areas(timestamptz, timestamptz, text[], integer[], integer) is
  'The counts of each area as of p_as_of. p_past_ids, p_past_areas: the vessels and areas of vessel_activity.area_members() as of p_since. p_max_types: how many types of an area are named.';
