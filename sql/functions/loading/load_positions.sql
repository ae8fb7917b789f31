-- Adds the positions of the landed reports, one for each MMSI and time. If several lines of a file have the same MMSI and
-- time, the first line counts. A position is left out if its vessel already has one at that time. It is a plain INSERT,
-- so the triggers of public.vessel_positions fire.
-- load_batch() calls load_vessels() first, and sets TimeZone to UTC for columns without time zone.
create or replace function vessel_activity.load_positions()
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant record := vessel_activity.load_id_source('public.vessel_positions');
  v_loaded bigint;
begin
  -- Existing positions are looked up by instant, because a batch has few instants and many rows. OFFSET 0 keeps the
  -- planner from turning the probes of the index on (timestamp) into a scan of the table.
  execute format(
    $sql$
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
    )
    insert into public.vessel_positions (%1$s"vesselId", "timestamp", latitude, longitude, speed, course)
    select %2$sv.id, n.reported_at, n.latitude, n.longitude,
      vessel_activity.known_speed(n.speed), vessel_activity.known_course(n.course)
    from (
      select distinct on (r.mmsi, r.reported_at)
        r.mmsi, r.reported_at, r.latitude, r.longitude, r.speed, r.course
      from vessel_activity.landing as r
      order by r.mmsi, r.reported_at, r.line_number
    ) as n
    join vessel as v on v.mmsi = n.mmsi
    where not exists (
      select from present as p where p.vessel_id = v.id and p.reported_at = n.reported_at
    )
    $sql$,
    v_id.id_column, v_id.id_value);
  get diagnostics v_loaded = row_count;
  return v_loaded;
end
$$;

comment on function vessel_activity.load_positions() is
  'Adds the positions of the landed reports that public.vessel_positions does not have yet, one for each MMSI and time. Returns their number.';
