-- An incident: no report from a region is received for a while, as if its receivers had lost their link.
create or replace function vessel_activity_demo.start_incident(p_starts_at timestamptz)
returns vessel_activity_demo.incident
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  -- Ten minutes, the default, would tell of it when it is over.
  update vessel_activity.settings as s set below_usual_for = least(s.below_usual_for, interval '2 minutes');
  insert into vessel_activity_demo.incident (starts_at, ends_at, region, south, north, west, east)
  values (p_starts_at, p_starts_at + interval '10 minutes', 'European waters', 30, 72, -12, 42)
  returning *;
$$;

comment on function vessel_activity_demo.start_incident(timestamptz) is
  'Cuts off European waters for ten minutes from p_starts_at: the simulated reports from there are lost. Sets settings.below_usual_for to two minutes, so that the incident is told of before it is over.';
