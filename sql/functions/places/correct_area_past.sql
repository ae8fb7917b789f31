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
  v_numbers integer[];
  v_past record;
  v_sets integer[];
  v_found_numbers integer[];
  v_found_areas integer[];
  v_found_sets integer[];
  v_id_type constant text := (
    select format_type(a.atttypid, a.atttypmod) from pg_attribute as a
    where a.attrelid = to_regclass(vessel_activity.actual_table('vessel_positions')) and a.attname = vessel_activity.actual_column('vessel_positions', 'vesselId'));
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

  perform vessel_activity.number_vessels();
  -- Vessels that are not in last_report any more have not been heard since, so they are of no interest.
  execute format(
    'select array_agg(u.id), array_agg(u.changed_at), array_agg(r.number) '
    'from unnest($1, $2) as u (id, changed_at) join vessel_activity.last_report as r on r.vessel_id = u.id::%s', v_id_type)
  into v_ids, v_changed_ats, v_numbers
  using v_ids, v_changed_ats;
  if v_ids is null then
    return;
  end if;

  for v_past in
    select p.as_of, p.sets from vessel_activity.area_past as p where p.as_of >= (select min(c.at) from unnest(v_changed_ats) as c (at))
  loop
    execute format(
      'select array_agg(m.vessel_id::integer), array_agg(m.area) from (%s) as m',
      vessel_activity.members_query(
        format(
          $query$
            select x.place as vessel_id, l.seen_at, v.speed, v.latitude, v.longitude
            from (
              select u.id::%s as id, u.place from unnest($2, $3) with ordinality as u (id, changed_at, place) where u.changed_at <= $1
            ) as x
            cross join lateral (
              select vessel_activity.utc_instant(p."timestamp") as seen_at
              from public.vessel_positions as p
              where p."vesselId" = x.id
                and p."timestamp" <= vessel_activity.source_time($1, p."timestamp")
              order by p."timestamp" desc
              limit 1
            ) as l
            cross join lateral vessel_activity.report_values(x.id, l.seen_at) as v
            where l.seen_at >= $1 - interval '24 hours'
          $query$,
          v_id_type),
        true))
    into v_found_numbers, v_found_areas
    using v_past.as_of, v_ids, v_changed_ats;
    v_found_sets := vessel_activity.sets_of_members(v_found_numbers, v_found_areas, cardinality(v_ids));
    v_sets := v_past.sets;
    if cardinality(v_sets) < (select max(n) from unnest(v_numbers) as n) then
      v_sets := v_sets || array_fill(0, array[(select max(n) from unnest(v_numbers) as n) - cardinality(v_sets)]);
    end if;
    for v_place in 1..cardinality(v_ids) loop
      if v_changed_ats[v_place] <= v_past.as_of then
        v_sets[v_numbers[v_place]] := v_found_sets[v_place];
      end if;
    end loop;
    update vessel_activity.area_past as p set sets = v_sets where p.as_of = v_past.as_of;
  end loop;
end
$$;

comment on function vessel_activity.correct_area_past() is
  'Corrects vessel_activity.area_past for the vessels of vessel_activity.area_late, and empties the latter.';
