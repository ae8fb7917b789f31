-- The vessels behind a number: the body of GET /api/database/vessel-activity/vessels. The list is as of the last refresh, from the
-- state if it can be used, else by the definition.
-- Paged by key: the rows of a page are those after the last row of the page before, so no row is skipped or told twice because others
-- have moved meanwhile. The vessel id makes the order total.
-- What a caller gives are parameters of the query. Only the parts of the text in the arrays below are put into it.
-- A box has its western and southern edge, as a cell of the map has: see count_cells().
-- The caller limits the time. Raises invalid_parameter_value (22023) for a word that it does not know, and
-- feature_not_supported (0A000) if this database has members.
create or replace function vessel_activity.vessels_json(
  p_type text,
  p_flag text,
  p_window text,
  p_state text,
  p_box double precision[],
  p_area text,
  p_sort text,
  p_order text,
  p_after text[],
  p_limit integer
)
returns text
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set jit = off
as $$
declare
  v_as_of timestamptz;
  v_from_state boolean;
  v_since interval;
  v_condition constant text := case p_state
    when 'any' then 'true'
    when 'underWay' then 'r.speed >= 0.5'
    when 'stopped' then 'r.speed < 0.5'
    when 'unknown' then 'r.speed is null'
    when 'new' then 'r.arrived_at >= $1 - interval ''1 hour'''
    when 'silent' then 'r.seen_at < $1 - interval ''1 hour'''
  end;
  -- The key and its type. NULL comes last in either order of the names, and as the slowest.
  v_key constant text := case p_sort
    when 'lastHeard' then 'r.seen_at'
    when 'name' then 'coalesce(v.name, '''') collate "C"'
    when 'mmsi' then 'coalesce(v.mmsi, '''') collate "C"'
    when 'speed' then 'coalesce(r.speed, -1)'
  end;
  v_key_type constant text := case p_sort when 'lastHeard' then 'timestamptz' when 'speed' then 'double precision' else 'text' end;
  -- Most lists need the vessels only for the rows of their page.
  v_needs_vessels constant boolean := p_type is not null or p_flag is not null or p_sort in ('name', 'mmsi');
  v_area integer;
  v_reports text;
  v_answer text;
begin
  perform vessel_activity.refuse_members('a list of vessels');
  select a.id into v_area from public.vessel_activity_area as a where a.name = p_area;
  if p_area is not null and v_area is null then
    return null;
  end if;
  select s.as_of, true into v_as_of, v_from_state
  from vessel_activity.state as s
  join public.vessel_activity_realtime as c on c.id = 'singleton' and c.updated_at = s.as_of
  where s.fingerprint is not null;
  if v_as_of is null then
    v_from_state := false;
    v_as_of := coalesce((select c.updated_at from public.vessel_activity_realtime as c where c.id = 'singleton'), clock_timestamp());
  end if;
  v_since := case
    when p_state = 'silent' then interval '2 hours'
    when p_window = 'now' then interval '5 minutes'
    when p_window = '1h' then interval '1 hour'
    when p_window = '24h' then interval '24 hours'
  end;
  if v_since is null or v_condition is null or v_key is null or p_order is null or p_order not in ('asc', 'desc') then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('window %L, state %L, sort %L or order %L is unknown', p_window, p_state, p_sort, p_order),
      hint = 'Use window now, 1h or 24h; state any, underWay, stopped, unknown, new or silent; sort lastHeard, name, mmsi or speed; order asc or desc.';
  end if;

  v_reports := vessel_activity.reports_query(v_from_state);
  if v_area is not null then
    v_reports := vessel_activity.reports_in_area(v_area, v_reports, v_from_state);
  end if;
  execute format(
    $query$
      with chosen as (
        select %1$s as key, r.vessel_id, r.vessel_id::text collate "C" as id, r.seen_at, r.speed, r.latitude, r.longitude
        from (%2$s) as r
        %8$s
        where r.seen_at >= $4 and %4$s %9$s %10$s
          and ($7 is null or r.latitude >= $7[2] and (r.latitude < $7[4] or $7[4] = 90 and r.latitude = 90) and case
            when $7[1] < $7[3] then r.longitude >= $7[1] and r.longitude < $7[3] or $7[1] = -180 and r.longitude = 180
            else r.longitude >= $7[1] or r.longitude < $7[3] or r.longitude = 180 -- across the antimeridian
          end)
      ),
      page as (
        select f.*, row_number() over (order by f.key %5$s, f.id %5$s) as place
        from (
          -- The rows are numbered after the limit, so that PostgreSQL does not sort all of them.
          select c.*
          from chosen as c
          where $8 is null or (c.key, c.id) %6$s ($8[1]::%7$s, $8[2])
          order by c.key %5$s, c.id %5$s
          limit $9 + 1
        ) as f
      )
      select row_to_json(d)::text
      from (
        select
          vessel_activity.iso_instant($1) as "asOf",
          (select count(*) from chosen) as count,
          array_to_json(array(
            select t
            from (
              select vessel_activity.readable_name(p.id) as id, vessel_activity.readable_name(v.mmsi) as mmsi,
                vessel_activity.readable_name(left(v.name, 100)) as name,
                vessel_activity.readable_name(vessel_activity.group_name(v.type_name)) as type,
                vessel_activity.readable_name(vessel_activity.group_name(v.flag_name)) as flag,
                vessel_activity.iso_instant(p.seen_at) as "lastHeard", round(p.speed::numeric, 1) as speed,
                round(p.latitude::numeric, 5) as latitude, round(p.longitude::numeric, 5) as longitude
              from page as p
              left join (%3$s) as v on v.id = p.vessel_id
              where p.place <= $9
              order by p.place
            ) as t)) as vessels,
          (
            select array_to_json(array[p.key::text, p.id]) from page as p
            where p.place = $9 and exists (select from page as m where m.place > $9)
          ) as next
      ) as d
    $query$,
    v_key, v_reports, vessel_activity.vessels_query(), v_condition, p_order,
    case p_order when 'asc' then '>' else '<' end, v_key_type,
    case when v_needs_vessels then format('left join (%s) as v on v.id = r.vessel_id', vessel_activity.vessels_query()) else '' end,
    case when p_type is not null then 'and vessel_activity.group_name(v.type_name) = $5' else '' end,
    case when p_flag is not null then 'and vessel_activity.group_name(v.flag_name) = $6' else '' end)
  into v_answer
  using v_as_of, null::timestamptz, v_as_of - interval '24 hours', v_as_of - v_since, p_type, p_flag, p_box, p_after,
    least(greatest(p_limit, 1), 200);
  return v_answer;
end
$$;

comment on function vessel_activity.vessels_json(text, text, text, text, double precision[], text, text, text, text[], integer) is
  'The active vessels behind a number as JSON text, as of the last refresh: asOf, count, at most p_limit (1 to 200) vessels, and next, the key for p_after of the next page, or null. p_type, p_flag: only this group. p_window: now, 1h or 24h. p_state: any, underWay, stopped, unknown, new (in the last hour) or silent (heard in the hour before the last, not since). p_box: west, south, east, north in degrees; it crosses the antimeridian if east is not greater than west. p_area: name of an area, in which the last position must lie; the answer is NULL if there is no such area. p_sort: lastHeard, name, mmsi or speed. p_order: asc or desc.';
