-- Counts the last reports of all vessels in one pass, for several parts of the document: by type and flag state, and by area. A pass
-- of its own for each part would take twice as long.
-- By type and flag state, a vessel without a row in public.vessels has neither.
-- Areas are only counted from the state. Vessels are counted by the sets of areas in which they are, and then each area adds its
-- sets. A vessel has entered the areas of its set that are not in its set as of p_since, and left those that only that one has.
-- Speeds are added in whole thousandths of a knot, so that the mean does not depend on the order of the vessels. Such sums are exact
-- as double precision, which is faster to add than numeric.
create or replace function vessel_activity.count_reports(
  p_as_of timestamptz,
  p_from_state boolean,
  p_since timestamptz,
  p_past_sets integer[],
  p_max_types integer default 5,
  out pairs vessel_activity.pair_count[],
  out areas vessel_activity.area_count[]
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set row_security = off
set jit = off
set enable_mergejoin = off -- ids may be texts, which are slow to sort
set enable_nestloop = off
set enable_sort = off -- to count by hashes
as $$
declare
  v_pairs constant text := $query$
    select v.type_name, v.flag_name,
      count(*) filter (where r.seen_at >= $4)::integer as active_now,
      count(*) filter (where r.seen_at >= $2)::integer as active_last_hour,
      count(*)::integer as active_last_24h,
      count(*) filter (where r.seen_at >= $2 and r.speed >= 0.5)::integer as under_way,
      count(*) filter (where r.seen_at >= $2 and r.speed < 0.5)::integer as stopped,
      count(*) filter (where r.arrived_at >= $2)::integer as arrived,
      count(*) filter (where r.seen_at < $2 and r.seen_at >= $5)::integer as silent
      %s
    from (%s) as r
    left join (%s) as v on v.id = r.vessel_id
    group by %s
  $query$;
begin
  if p_past_sets is null then
    execute 'select array_agg(row(c.*)::vessel_activity.pair_count) from ('
      || format(v_pairs, '', vessel_activity.reports_query(p_from_state), vessel_activity.vessels_query(), 'v.type_name, v.flag_name')
      || ') as c'
    into pairs
    using p_as_of, p_as_of - interval '1 hour', p_as_of - interval '24 hours', p_as_of - interval '5 minutes',
      p_as_of - interval '2 hours';
    return;
  end if;

  execute format(
    $query$
      with counted as materialized (%s),
      pair as (
        select array_agg(row(
          c.type_name, c.flag_name, c.active_now, c.active_last_hour, c.active_last_24h, c.under_way, c.stopped, c.arrived, c.silent
        )::vessel_activity.pair_count) as pairs
        from counted as c
        where c.is_pair
      ),
      placed as materialized (
        select unnest(s.areas) as area, c.type_name, c.active_now, c.active_last_hour, c.active_last_24h, c.speed_sum, c.speed_count
        from counted as c
        join vessel_activity.area_set as s on s.id = c.area_set
        where not c.is_pair
      ),
      total as (
        select p.area, sum(p.active_now) as active_now, sum(p.active_last_hour) as active_last_hour,
          sum(p.active_last_24h) as active_last_24h, sum(p.speed_sum)::bigint as speed_sum, sum(p.speed_count) as speed_count
        from placed as p
        group by p.area
      ),
      typed as (
        select g.area, g.name, g.vessels, row_number() over (partition by g.area order by g.vessels desc, g.name collate "C") as place
        from (
          select p.area, vessel_activity.group_name(p.type_name) as name, sum(p.active_now) as vessels
          from placed as p
          where p.active_now > 0
          group by 1, 2
        ) as g
      ),
      types as (
        select t.area, ('[' || string_agg(row_to_json(x)::text, ',' order by t.place) || ']')::json as types
        from typed as t
        cross join lateral (select t.name, t.vessels as "activeNow") as x
        where $8 is null or t.place <= $8
        group by t.area
      ),
      moved as materialized (
        select m.before, m.after, count(*) as vessels
        from (
          select coalesce(($7)[r.number], 0) as before, coalesce(r.area_set, 0) as after
          from vessel_activity.last_report as r
          where r.seen_at > $6
        ) as m
        where m.before <> m.after
        group by m.before, m.after
      ),
      crossing as materialized (
        select m.vessels, coalesce(b.areas, '{}') as before, coalesce(a.areas, '{}') as after
        from moved as m
        left join vessel_activity.area_set as b on b.id = m.before
        left join vessel_activity.area_set as a on a.id = m.after
      ),
      crossed as (
        select x.area, sum(x.entered) as entered, sum(x.departed) as departed
        from (
          select u.area, c.vessels as entered, 0 as departed
          from crossing as c
          cross join lateral unnest(c.after) as u (area)
          where u.area <> all (c.before)
          union all
          select u.area, 0, c.vessels
          from crossing as c
          cross join lateral unnest(c.before) as u (area)
          where u.area <> all (c.after)
        ) as x
        group by x.area
      )
      select
        (select p.pairs from pair as p),
        array(
          select row(a.id, coalesce(t.active_now, 0), coalesce(t.active_last_hour, 0), coalesce(t.active_last_24h, 0),
            coalesce(x.entered, 0), coalesce(x.departed, 0), coalesce(t.speed_sum, 0), coalesce(t.speed_count, 0),
            coalesce(y.types, '[]'))::vessel_activity.area_count
          from vessel_activity.known_areas() as a (id)
          left join total as t on t.area = a.id
          left join crossed as x on x.area = a.id
          left join types as y on y.area = a.id
        )
    $query$,
    format(v_pairs,
      $query$, r.area_set, grouping(r.area_set) = 1 as is_pair,
      sum((r.speed * 1000)::integer) filter (where r.seen_at >= $2 and r.speed > 0 and r.speed < 50)::double precision as speed_sum,
      count(*) filter (where r.seen_at >= $2 and r.speed > 0 and r.speed < 50)::integer as speed_count$query$,
      'select s.vessel_id, s.seen_at, s.speed, s.arrived_at, s.area_set from vessel_activity.last_report as s where s.seen_at >= $3',
      vessel_activity.vessels_query(),
      'grouping sets ((v.type_name, v.flag_name), (r.area_set, v.type_name))'))
  into pairs, areas
  using p_as_of, p_as_of - interval '1 hour', p_as_of - interval '24 hours', p_as_of - interval '5 minutes',
    p_as_of - interval '2 hours', p_since, p_past_sets, p_max_types;
end
$$;

comment on function vessel_activity.count_reports(timestamptz, boolean, timestamptz, integer[], integer) is
  'The last reports as of p_as_of, counted. pairs: by type and flag state. areas: the counts of each area, if p_past_sets is given: area_past.sets as of p_since. p_max_types: how many types of an area are named. p_from_state: from last_report, not by the definition; areas need it.';
