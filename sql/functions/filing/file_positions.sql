-- Adds the positions of a batch, one for each MMSI and second. If several reports have the same MMSI and second, the first one
-- counts. A position is left out if its vessel already has one at that time. It is a plain INSERT, so the triggers of
-- the source table fire.
-- The INSERT may store fewer rows than it was given. If another writer has added a position in the same moment, the report is a
-- duplicate. Rows that a trigger, a rule or a view has dropped are found by vessel and time. So if a trigger changes these too,
-- the number is right, but which reports these were is a guess.
-- The caller has called lock_vessels() and file_vessels(), and has set TimeZone to UTC for columns without time zone.
create or replace function vessel_activity.file_positions(
  p_reports vessel_activity.report[],
  out p_added bigint[],
  out p_dropped bigint[]
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant record := vessel_activity.load_id_source('vessel_positions');
  v_id_type constant text := (
    select format_type(a.atttypid, a.atttypmod) from pg_attribute as a where a.attrelid = to_regclass(vessel_activity.actual_table('vessels')) and a.attname = vessel_activity.actual_column('vessels', 'id')
  );
  v_fields constant text := 'number, reason, kind, mmsi, reported_at, latitude, longitude, speed, course, name, type_code, raw';
  -- The reports that become positions, their places in the batch, and the ids of their vessels. The arrays are parallel.
  v_wanted vessel_activity.report[];
  v_places bigint[];
  v_vessel_ids text[];
  v_stored bigint;
begin
  -- Positions that are there already are looked up one by one: LATERAL with a LIMIT is always a probe of the index on vessel
  -- and time, however little the planner knows about the table.
  execute format(
    $sql$
    select array_agg(n.report), array_agg(n.place), array_agg(n.vessel_id::text)
    from (
      select distinct on (r.mmsi, r.reported_at)
        v.id as vessel_id, r.reported_at, r.place, row(%1$s)::vessel_activity.report as report
      from unnest($1) with ordinality as r (%1$s, place)
      join (
        select distinct on (m.mmsi) m.mmsi, w.id
        from unnest($2) as m (mmsi)
        join public.vessels as w on w.mmsi = m.mmsi::text::%2$s
        order by m.mmsi, w.id
      ) as v using (mmsi)
      where r.reason is null and not vessel_activity.is_static(r.kind, r.latitude, r.longitude)
      order by r.mmsi, r.reported_at, r.place
    ) as n
    left join lateral (
      select true as is_present
      from public.vessel_positions as q
      where q."vesselId" = n.vessel_id and q."timestamp" = n.reported_at
      limit 1
    ) as p on true
    where p.is_present is null
    $sql$,
    v_fields, vessel_activity.mmsi_type())
  into v_wanted, v_places, v_vessel_ids
  using p_reports, array(select distinct r.mmsi from unnest(p_reports) as r where r.reason is null);
  if v_wanted is null then
    return;
  end if;

  execute format(
    $sql$
    insert into %6$s (%1$s%7$s)
    select %2$sw.vessel_id::%5$s, w.reported_at, %8$s
    from rows from (unnest($1), unnest($2)) as w (%4$s, vessel_id)
    %3$s
    $sql$,
    v_id.id_column, v_id.id_value,
    vessel_activity.load_conflict_clause(
      to_regclass(vessel_activity.actual_table('vessel_positions')),
      array[vessel_activity.actual_column('vessel_positions', 'vesselId'), vessel_activity.actual_column('vessel_positions', 'timestamp')]),
    v_fields, v_id_type, vessel_activity.actual_table('vessel_positions'),
    (
      select string_agg(quote_ident(vessel_activity.actual_column('vessel_positions', n.name)), ', ' order by n.ordinal)
      from unnest('{vesselId,timestamp,latitude,longitude,speed,course}'::text[]) with ordinality as n (name, ordinal)
    ),
    concat_ws(', ',
      vessel_activity.stored_value('vessel_positions', 'latitude', 'w.latitude'),
      vessel_activity.stored_value('vessel_positions', 'longitude', 'w.longitude'),
      vessel_activity.stored_value('vessel_positions', 'speed', 'vessel_activity.known_speed(w.speed)'),
      vessel_activity.stored_value('vessel_positions', 'course', 'vessel_activity.known_course(w.course)')))
  using v_wanted, v_vessel_ids;
  get diagnostics v_stored = row_count;
  p_added := v_places;
  if v_stored = cardinality(v_places) then
    return;
  end if;

  execute format(
    $sql$
    select array_agg(d.place)
    from (
      select w.place
      from rows from (unnest($1), unnest($2), unnest($3)) as w (%1$s, vessel_id, place)
      where not exists (
        select from public.vessel_positions as q where q."vesselId" = w.vessel_id::%2$s and q."timestamp" = w.reported_at
      )
      order by w.place
      limit $4
    ) as d
    $sql$,
    v_fields, v_id_type)
  into p_dropped
  using v_wanted, v_vessel_ids, v_places, cardinality(v_places) - v_stored;
  p_added := array(select a.place from unnest(v_places) as a (place) where a.place <> all (coalesce(p_dropped, '{}')) order by a.place limit v_stored);
end
$$;

comment on function vessel_activity.file_positions(vessel_activity.report[]) is
  'Adds the positions of the reports that the source table does not have yet, one for each MMSI and second. p_added: places of their reports in p_reports. p_dropped: places of those that the table did not store. NULL if there are none.';
