-- Takes what a fold has changed in last_report into the counts by second and minute, and deletes those that are too old.
create or replace function vessel_activity.count_last_reports(
  p_as_of timestamptz, p_was_ats timestamptz[], p_seen_ats timestamptz[]
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if cardinality(p_seen_ats) > 0 then
    insert into vessel_activity.last_report_count as c (seconds, starts_at, vessels)
    select n.seconds, n.starts_at, n.vessels from vessel_activity.count_changes(p_as_of, p_was_ats, p_seen_ats) as n
    on conflict (seconds, starts_at) do update set vessels = c.vessels + excluded.vessels;
  end if;

  delete from vessel_activity.last_report_count as c
  where c.seconds in (1, 60) and c.starts_at < date_bin('1 minute', p_as_of - interval '24 hours', 'epoch')
    or c.seconds = 3600 and c.starts_at < date_bin('1 hour', p_as_of - interval '24 hours', 'epoch');
end
$$;

comment on function vessel_activity.count_last_reports(timestamptz, timestamptz[], timestamptz[]) is
  'Brings vessel_activity.last_report_count up to date as of p_as_of. p_was_ats, p_seen_ats: when the vessels of a fold were last heard before it, and after it.';
