-- Keeps in which areas vessels are, every five minutes, to find those that have entered or left. The newest of the last hour's that
-- is an hour old is compared with the present. If there is none, because the state was lost or an area has changed, the definition
-- tells where vessels were an hour ago; that is then kept too.
-- What is kept is corrected for positions that come or go later: see correct_area_past(). While the definition is used, nobody
-- tells of them, so nothing is kept.
-- A combining database and its members compare with the same instant: p_asked says with which, and which is kept.
-- Vessels that are gone leave gaps in the numbers. If most numbers are gaps, all begins anew.
-- The caller holds the refresh lock.
create or replace function vessel_activity.keep_areas(
  p_as_of timestamptz, p_from_state boolean, p_asked json default null, out since timestamptz, out sets integer[]
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hour_ago constant timestamptz := p_as_of - interval '1 hour';
  v_asked_since constant timestamptz := p_asked ->> 'since';
  v_revision bigint;
begin
  select r.revision into v_revision from vessel_activity.area_revision as r;
  if not p_from_state or not exists (select from vessel_activity.known_areas()) then
    delete from vessel_activity.area_past;
    delete from vessel_activity.area_late;
    delete from vessel_activity.area_set;
    delete from vessel_activity.area_grid;
    return;
  end if;

  delete from vessel_activity.area_past as p
  where p.as_of <= v_hour_ago - interval '5 minutes' or p.as_of > p_as_of or p.revision <> v_revision;
  if exists (select from vessel_activity.area_past) then
    perform vessel_activity.correct_area_past();
  else
    perform vessel_activity.begin_areas();
  end if;

  if coalesce((p_asked ->> 'keeps')::boolean, false)
    or not exists (select from vessel_activity.area_past as p where p.as_of > p_as_of - interval '5 minutes') then
    perform vessel_activity.number_vessels();
    if (select max(r.number) > 1000 + 2 * count(*) from vessel_activity.last_report as r) then
      perform vessel_activity.begin_areas();
    end if;
    insert into vessel_activity.area_past (as_of, revision, sets)
    select p_as_of, v_revision,
      coalesce(array_agg(coalesce(case when r.seen_at >= p_as_of - interval '24 hours' then r.area_set end, 0) order by n.number), '{}')
    from generate_series(1, (select max(m.number) from vessel_activity.last_report as m)) as n (number)
    left join vessel_activity.last_report as r on r.number = n.number
    on conflict do nothing;
  end if;

  select p.as_of, p.sets into since, sets
  from vessel_activity.area_past as p
  where p.as_of <= v_hour_ago and p.as_of = coalesce(v_asked_since, p.as_of)
  order by p.as_of desc
  limit 1;
  if since is null then
    since := coalesce(v_asked_since, v_hour_ago);
    sets := vessel_activity.past_sets(since);
    insert into vessel_activity.area_past (as_of, revision, sets) values (since, v_revision, sets);
  end if;
end
$$;

comment on function vessel_activity.keep_areas(timestamptz, boolean, json) is
  'Brings vessel_activity.area_past up to date as of p_as_of. since, sets: the row with which the present is compared; NULL if there are no areas, or not p_from_state. p_from_state: whether last_report is as of p_as_of. p_asked: see vessel_activity.areas_question(); NULL if there are no members.';
