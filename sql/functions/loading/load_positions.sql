-- Adds the positions of the landed reports, one for each MMSI and time. If several lines of a file have the same MMSI and
-- time, the first line counts. A position is left out if its vessel already has one at that time. It is a plain INSERT,
-- so the triggers of public.vessel_positions fire.
-- If a trigger of that table drops rows, their lines get a reason, for load_reject(). Which lines these are is found by
-- vessel and time. So if a trigger changes these too, the number is right, but the lines are a guess.
-- load_batch() calls load_vessels() first, and sets TimeZone to UTC for columns without time zone.
create or replace function vessel_activity.load_positions()
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant record := vessel_activity.load_id_source('public.vessel_positions');
  -- Existing positions are looked up by instant, because a batch has few instants and many rows. OFFSET 0 keeps the
  -- planner from turning the probes of the index on (timestamp) into a scan of the table.
  v_wanted constant text := $sql$
    with vessel as materialized (
      select distinct on (l.mmsi) l.mmsi, v.id
      from vessel_activity.landed_vessel as l
      join public.vessels as v on v.mmsi::text = l.mmsi::text
      order by l.mmsi, v.id
    ),
    present as materialized (
      select p."vesselId" as vessel_id, p."timestamp" as reported_at
      from (select distinct r.reported_at from vessel_activity.landing as r) as i
      cross join lateral (
        select q."vesselId", q."timestamp"
        from public.vessel_positions as q
        where q."timestamp" = i.reported_at
        offset 0
      ) as p
    ),
    wanted as (
      select v.id as vessel_id, n.*
      from (
        select distinct on (r.mmsi, r.reported_at)
          r.mmsi, r.reported_at, r.latitude, r.longitude, r.speed, r.course, r.line_number
        from vessel_activity.landing as r
        order by r.mmsi, r.reported_at, r.line_number
      ) as n
      join vessel as v on v.mmsi = n.mmsi
      where not exists (
        select from present as p where p.vessel_id = v.id and p.reported_at = n.reported_at
      )
    )
    $sql$;
  v_may_drop_rows constant boolean := vessel_activity.load_may_drop_rows('public.vessel_positions');
  v_wanted_rows bigint;
  v_loaded bigint;
begin
  if v_may_drop_rows then
    execute v_wanted || 'select count(*) from wanted' into v_wanted_rows;
  end if;

  execute v_wanted || format(
    $sql$
    insert into public.vessel_positions (%1$s"vesselId", "timestamp", latitude, longitude, speed, course)
    select %2$sw.vessel_id, w.reported_at, w.latitude, w.longitude,
      vessel_activity.known_speed(w.speed), vessel_activity.known_course(w.course)
    from wanted as w
    %3$s
    $sql$,
    v_id.id_column, v_id.id_value,
    vessel_activity.load_conflict_clause('public.vessel_positions', '{vesselId,timestamp}'));
  get diagnostics v_loaded = row_count;

  if v_loaded < v_wanted_rows then
    -- Positions that another session has added meanwhile are not wanted any more. They count as duplicates.
    execute v_wanted || $sql$
      update vessel_activity.landing as r
      set reason = 'position not stored by public.vessel_positions'
      where r.line_number in (select w.line_number from wanted as w order by w.line_number limit $1)
      $sql$
    using v_wanted_rows - v_loaded;
  end if;
  return v_loaded;
end
$$;

comment on function vessel_activity.load_positions() is
  'Adds the positions of the landed reports that public.vessel_positions does not have yet, one for each MMSI and time. Returns the number of stored positions, and sets vessel_activity.landing.reason for those that the table dropped.';
