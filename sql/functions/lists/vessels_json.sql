-- The vessels behind a number: the body of GET /api/database/vessel-activity/vessels. The list is as of the last refresh. On a combining
-- database each member gives its page, as of its last refresh, and the pages are put into one order.
-- Paged by key: the rows of a page are those after the last row of the page before, so no row is skipped or told twice because others
-- have moved meanwhile. The vessel id makes the order total, with members their names besides.
-- The caller limits the time. Raises invalid_parameter_value (22023) for a word that it does not know, and connection_exception
-- (08000) if a member does not answer, unless settings.allow_missing_members.
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
set jit = off
as $$
declare
  v_instant record;
  v_area integer;
  v_own json;
  v_names text[];
  v_pages json[];
  v_answer text;
begin
  select a.id into v_area from public.vessel_activity_area as a where a.name = p_area;
  if p_area is not null and v_area is null then
    return null;
  end if;
  v_instant := vessel_activity.listed_instant();
  v_own := vessel_activity.vessels_page(
    v_instant.as_of, v_instant.from_state, p_type, p_flag, p_window, p_state, p_box, v_area, p_sort, p_order, p_after, p_limit);
  select array_agg(p.name), array_agg(p.page) into v_names, v_pages
  from vessel_activity.pages_of_members(p_type, p_flag, p_window, p_state, p_box, v_area, p_sort, p_order, p_after, p_limit) as p;

  execute format(
    $query$
      with page as (
        select '' collate "C" as name, $2 as page
        union all
        select p.name, p.page from unnest($3, $4) as p (name, page)
      ),
      listed as (
        select r.key, r.id, r.vessel, p.name, row_number() over (order by r.key::%1$s %2$s, r.id collate "C" %2$s, p.name %2$s) as place
        from page as p
        cross join lateral json_to_recordset(p.page -> 'rows') as r (key text, id text, vessel json)
        where $5 is null or (r.key::%1$s, r.id collate "C", p.name) %3$s ($5[1]::%1$s, $5[2], coalesce($5[3], ''))
      )
      select row_to_json(d)::text
      from (
        select
          vessel_activity.iso_instant($1) as "asOf",
          (select sum((p.page ->> 'count')::bigint) from page as p) as count,
          array_to_json(array(select l.vessel from listed as l where l.place <= $6 order by l.place)) as vessels,
          (
            select array_to_json(array[l.key, l.id] || case when $3 is not null then array[l.name] else '{}' end)
            from listed as l
            where l.place = $6 and exists (select from listed as m where m.place > $6)
          ) as next
      ) as d
    $query$,
    vessel_activity.list_key_type(p_sort), p_order, case p_order when 'asc' then '>' else '<' end)
  into v_answer
  using v_instant.as_of, v_own, v_names, v_pages, p_after, least(greatest(p_limit, 1), 200);
  return v_answer;
end
$$;

comment on function vessel_activity.vessels_json(text, text, text, text, double precision[], text, text, text, text[], integer) is
  'The active vessels behind a number as JSON text, as of the last refresh: asOf, count, at most p_limit (1 to 200) vessels, and next, the key for p_after of the next page, or null. p_type, p_flag: only this group. p_window: now, 1h or 24h. p_state: any, underWay, stopped, unknown, new (in the last hour) or silent (heard in the hour before the last, not since). p_box: west, south, east, north in degrees; it crosses the antimeridian if east is not greater than west. p_area: name of an area, in which the last position must lie; the answer is NULL if there is no such area. p_sort: lastHeard, name, mmsi or speed. p_order: asc or desc.';
