-- Brings area_figures up to date. To find the vessels that have entered or left, it keeps which vessels were in which areas every
-- five minutes. The newest of these that is an hour old is compared with the present. If there is none, because the state was
-- lost or an area has changed, the definition tells where vessels were an hour ago; that is then kept too.
-- What is kept is corrected for positions that come or go later: see correct_area_past(). While the definition is used, nobody
-- tells of them, so nothing is kept.
-- The caller holds the refresh lock.
create or replace function vessel_activity.refresh_areas(p_as_of timestamptz, p_from_state boolean)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hour_ago constant timestamptz := p_as_of - interval '1 hour';
  v_revision bigint;
  v_past vessel_activity.area_past;
  v_members record;
begin
  select r.revision into v_revision from vessel_activity.area_revision as r;
  if not exists (select from public.vessel_activity_area) then
    delete from vessel_activity.area_past;
    delete from vessel_activity.area_late;
    delete from vessel_activity.area_figures;
    return;
  end if;
  delete from vessel_activity.area_past as p
  where p.as_of <= v_hour_ago - interval '5 minutes' or p.as_of > p_as_of or p.revision is distinct from v_revision or not p_from_state;
  perform vessel_activity.correct_area_past();

  if p_from_state and not exists (select from vessel_activity.area_past as p where p.as_of > p_as_of - interval '5 minutes') then
    v_members := vessel_activity.area_members(p_as_of, p_from_state);
    insert into vessel_activity.area_past (as_of, revision, vessel_ids, areas)
    values (p_as_of, v_revision, v_members.vessel_ids, v_members.areas);
  end if;
  select p.* into v_past from vessel_activity.area_past as p where p.as_of <= v_hour_ago order by p.as_of desc limit 1;
  if v_past.as_of is null then
    v_members := vessel_activity.area_members(v_hour_ago, false);
    insert into vessel_activity.area_past (as_of, revision, vessel_ids, areas)
    values (v_hour_ago, v_revision, v_members.vessel_ids, v_members.areas)
    returning * into v_past;
  end if;

  insert into vessel_activity.area_figures as f
  select c.* from vessel_activity.count_areas(p_as_of, p_from_state, v_past.as_of, v_past.vessel_ids, v_past.areas) as c
  on conflict (area) do update set
    as_of = excluded.as_of,
    since = excluded.since,
    active_now = excluded.active_now,
    active_last_hour = excluded.active_last_hour,
    active_last_24h = excluded.active_last_24h,
    entered = excluded.entered,
    departed = excluded.departed,
    mean_speed = excluded.mean_speed,
    types = excluded.types;
  perform vessel_activity.record_areas(p_as_of);
end
$$;

comment on function vessel_activity.refresh_areas(timestamptz, boolean) is
  'Brings vessel_activity.area_figures up to date as of p_as_of. p_from_state: from last_report, which must be as of p_as_of; else by the definition.';
