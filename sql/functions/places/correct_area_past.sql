-- Corrects what area_past keeps, for positions that have come or gone since, and that are older than the instant that is kept.
-- Each such vessel is looked up again for that instant in the source tables. Most reports arrive within seconds, so only the
-- first refresh after an instant was kept finds many.
-- The caller holds the refresh lock.
create or replace function vessel_activity.correct_area_past()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set jit = off
as $$
declare
  v_ids text[];
  v_changed_ats timestamptz[];
  v_past vessel_activity.area_past;
  v_late text[];
  v_member_ids text[];
  v_member_areas integer[];
  v_query text;
begin
  with taken as (
    delete from vessel_activity.area_late as l
    returning l.vessel_id, l.changed_at
  )
  select array_agg(v.vessel_id), array_agg(v.changed_at)
  into v_ids, v_changed_ats
  from (select t.vessel_id, min(t.changed_at) as changed_at from taken as t group by t.vessel_id) as v;
  if v_ids is null then
    return;
  end if;

  v_query := format(
    'select coalesce(array_agg(m.vessel_id), ''{}'') as vessel_ids, coalesce(array_agg(m.area), ''{}'') as areas from (%s) as m',
    vessel_activity.members_query(
      format(
        $query$
          select x.id as vessel_id, l.seen_at, v.speed, v.latitude, v.longitude
          from (select u.id, u.id::%s as vessel_id from unnest($2) as u (id)) as x
          cross join lateral (
            select vessel_activity.utc_instant(p."timestamp") as seen_at
            from public.vessel_positions as p
            where p."vesselId" = x.vessel_id
              and p."timestamp" <= vessel_activity.source_time($1, p."timestamp")
            order by p."timestamp" desc
            limit 1
          ) as l
          cross join lateral vessel_activity.report_values(x.vessel_id, l.seen_at) as v
          where l.seen_at >= $1 - interval '24 hours'
        $query$,
        (select format_type(a.atttypid, a.atttypmod) from pg_attribute as a
          where a.attrelid = to_regclass('public.vessel_positions') and a.attname = 'vesselId')),
      true));
  for v_past in
    select p.* from vessel_activity.area_past as p where p.as_of >= (select min(c.at) from unnest(v_changed_ats) as c (at))
  loop
    v_late := array(
      select c.vessel_id from unnest(v_ids, v_changed_ats) as c (vessel_id, changed_at) where c.changed_at <= v_past.as_of);
    execute v_query into v_member_ids, v_member_areas using v_past.as_of, v_late;
    with member as (
      select k.vessel_id, k.area
      from unnest(v_past.vessel_ids, v_past.areas) as k (vessel_id, area)
      where not exists (select from unnest(v_late) as n (vessel_id) where n.vessel_id = k.vessel_id)
      union all
      select k.vessel_id, k.area from unnest(v_member_ids, v_member_areas) as k (vessel_id, area)
    )
    update vessel_activity.area_past as p
    set vessel_ids = c.vessel_ids, areas = c.areas
    from (
      select coalesce(array_agg(m.vessel_id), '{}') as vessel_ids, coalesce(array_agg(m.area), '{}') as areas from member as m
    ) as c
    where p.as_of = v_past.as_of;
  end loop;
end
$$;

comment on function vessel_activity.correct_area_past() is
  'Corrects vessel_activity.area_past for the vessels of vessel_activity.area_late, and empties the latter.';
