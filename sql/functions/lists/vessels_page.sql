-- One page of a list of vessels, from this database alone: see vessels_json(), also for the words.
-- The page begins with the row of p_after itself, and has two rows more than asked: so the caller can leave out the rows up to the last
-- one of the page before, and sees whether there is a further page. That differs where a list is of several databases, in
-- which two vessels may have the same id.
-- What a caller gives are parameters of the query. Only the parts of the text in the arrays below are put into it.
-- A box has its western and southern edge, as a cell of the map has: see count_cells().
-- Raises invalid_parameter_value (22023) for a word that it does not know.
create or replace function vessel_activity.vessels_page(
  p_as_of timestamptz,
  p_from_state boolean,
  p_type text,
  p_flag text,
  p_window text,
  p_state text,
  p_box double precision[],
  p_area integer,
  p_sort text,
  p_order text,
  p_after text[],
  p_limit integer
)
returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
set row_security = off
set jit = off
as $$
declare
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
  v_key_type constant text := vessel_activity.list_key_type(p_sort);
  -- Most lists need the vessels only for the rows of their page.
  v_needs_vessels constant boolean := p_type is not null or p_flag is not null or p_sort in ('name', 'mmsi');
  v_reports text;
  v_answer json;
begin
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

  v_reports := vessel_activity.reports_query(p_from_state);
  if p_area is not null then
    v_reports := vessel_activity.reports_in_area(p_area, v_reports, p_from_state);
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
          limit $9
        ) as f
      )
      select row_to_json(d)
      from (
        select
          (select count(*) from chosen) as count,
          array_to_json(array(
            select r
            from (
              select to_json(p.key) #>> '{}' as key, p.id, row_to_json(t) as vessel
              from page as p
              left join (%3$s) as v on v.id = p.vessel_id
              cross join lateral (
                select vessel_activity.readable_name(p.id) as id, vessel_activity.readable_name(v.mmsi) as mmsi,
                  vessel_activity.readable_name(left(v.name, 100)) as name,
                  vessel_activity.readable_name(vessel_activity.group_name(v.type_name)) as type,
                  vessel_activity.readable_name(vessel_activity.group_name(v.flag_name)) as flag,
                  vessel_activity.iso_instant(p.seen_at) as "lastHeard", round(p.speed::numeric, 1) as speed,
                  round(p.latitude::numeric, 5) as latitude, round(p.longitude::numeric, 5) as longitude
              ) as t
              order by p.place
            ) as r)) as rows
      ) as d
    $query$,
    v_key, v_reports, vessel_activity.vessels_query(), v_condition, p_order,
    case p_order when 'asc' then '>=' else '<=' end, v_key_type,
    case when v_needs_vessels then format('left join (%s) as v on v.id = r.vessel_id', vessel_activity.vessels_query()) else '' end,
    case when p_type is not null then 'and vessel_activity.group_name(v.type_name) = $5' else '' end,
    case when p_flag is not null then 'and vessel_activity.group_name(v.flag_name) = $6' else '' end)
  into v_answer
  using p_as_of, null::timestamptz, p_as_of - interval '24 hours', p_as_of - v_since, p_type, p_flag, p_box, p_after,
    least(greatest(p_limit, 1), 200) + 2;
  return v_answer;
end
$$;

comment on function vessel_activity.vessels_page(timestamptz, boolean, text, text, text, text, double precision[], integer, text, text, text[], integer) is
  'Vessels of this database as of p_as_of: count, and rows of key, id and vessel (what the API tells) from p_after on, at most p_limit and two more. p_from_state: from the state, which must be as of p_as_of; else by the definition. p_area: number of an area. p_after: key and id of the last row of the page before. For the others see vessel_activity.vessels_json().';
