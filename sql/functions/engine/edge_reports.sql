-- Each window begins within a second, and last_report_count counts by whole seconds. So the positions between the beginning of a
-- window and its first whole second are read from public.vessel_positions, as in hour_edge. As a stable function it reads with the
-- snapshot with which the inbox is emptied. Which of them are the last of their vessels is seen once last_report is up to date: by
-- edge_vessels.
-- In most seconds that are an hour or a day old no vessel was last heard. They are not read, unless the fold may put one there.
create or replace function vessel_activity.edge_reports(
  p_as_of timestamptz,
  p_like anyarray,
  p_changed_from timestamptz,
  out vessel_ids anyarray,
  out seen_ats timestamptz[]
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $$
declare
  v_window record;
  v_edge record;
begin
  for v_window in
    select w.starts_at, w.first_second
    from vessel_activity.window_starts(p_as_of) as w
    where w.starts_at < w.first_second and (
      p_changed_from < w.first_second or exists (
        select from vessel_activity.last_report_count as c
        where c.seconds = 1 and c.starts_at = w.first_second - interval '1 second' and c.vessels > 0
      )
    )
  loop
    select array_agg(e.vessel_id) as vessel_ids, array_agg(e.seen_at) as seen_ats into v_edge
    from (
      select distinct p."vesselId" as vessel_id, vessel_activity.utc_instant(p."timestamp") as seen_at
      from public.vessel_positions as p
      where p."timestamp" >= vessel_activity.source_time(v_window.starts_at, p."timestamp")
        and p."timestamp" < vessel_activity.source_time(v_window.first_second, p."timestamp")
        and p."vesselId" is not null
    ) as e;
    vessel_ids := vessel_ids || v_edge.vessel_ids;
    seen_ats := seen_ats || v_edge.seen_ats;
  end loop;
end
$$;

comment on function vessel_activity.edge_reports(timestamptz, anyarray, timestamptz) is
  'The positions at or after the beginning of a window (5 minutes, an hour or 24 hours before p_as_of) and before its first whole second, if the last one of a vessel can be among them. p_like: an array of the type of the ids. p_changed_from: earliest last position that the fold can have changed to; NULL: none.';
