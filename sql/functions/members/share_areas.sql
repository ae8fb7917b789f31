-- Sends areas to the members that have answered that they lack some. A member that was away, or that was added later, gets them in
-- the same way. A million characters of shapes at a time, so that a refresh is not held up: the next document goes on.
-- A refresh must not fail because of it: what went wrong is kept for the status.
-- The caller holds the refresh lock.
create or replace function vessel_activity.share_areas(p_as_of timestamptz, p_asked json, p_timeout interval)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_lacking constant text[] := array(
    select s.name from vessel_activity.member_state as s where s.as_of = p_as_of and s.answer #> '{areas,have}' is not null order by s.name);
  v_query text;
  v_replies vessel_activity.member_reply[];
begin
  update vessel_activity.member_state as s
  set areas_flaw = null
  where s.areas_flaw is not null and (p_asked is null or s.answer #> '{areas,key}' is not null);
  if p_asked is null or v_lacking = '{}' then
    return;
  end if;

  with known as (
    select a.id as number, extract(epoch from a.put_at)::text as put_at, a.shape from public.vessel_activity_area as a
  ), lacked as (
    select k.number, k.put_at, k.shape, row_number() over w as place, sum(length(k.shape::text)) over w as so_far
    from known as k
    where exists (
      select from vessel_activity.member_state as s
      where s.name = any (v_lacking) and not exists (
        select from json_to_recordset(s.answer #> '{areas,have}') as h (number integer, put_at text)
        where h.number = k.number and h.put_at = k.put_at))
    window w as (order by length(k.shape::text), k.number)
  )
  select format('select vessel_activity.member_area_put(%L::text, %L::text, %L::json, %L::json)',
    p_asked ->> 'combiner', vessel_activity.areas_key(),
    (select coalesce(json_agg(json_build_object('number', k.number, 'put_at', k.put_at)), '[]') from known as k),
    (select coalesce(json_agg(json_build_object('number', l.number, 'put_at', l.put_at, 'shape', l.shape)), '[]')
      from lacked as l where l.so_far <= 1000000 or l.place = 1))
  into v_query;
  v_replies := vessel_activity.receive_from_members(vessel_activity.send_to_members(v_query, v_lacking), v_query, p_timeout);
  update vessel_activity.member_state as s
  set areas_flaw = case
    when r.error is not null then r.error
    when (r.answer ->> 'lacks')::bigint > 0 then format('it still lacks %s shapes, which the next documents send', r.answer ->> 'lacks')
  end
  from unnest(v_replies) as r
  where s.name = r.name;
exception when others then
  update vessel_activity.member_state as s set areas_flaw = sqlerrm where s.name = any (v_lacking);
end
$$;

comment on function vessel_activity.share_areas(timestamptz, json, interval) is
  'Sends areas to the members that lacked some when they were asked as of p_as_of. p_asked: what they were asked, see vessel_activity.areas_question(). p_timeout: how long to wait for them.';
