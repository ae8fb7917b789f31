-- Fills the history of the demo. See write_details() for the types and the areas.
create or replace function vessel_activity_demo.write_past(p_now timestamptz)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_since constant timestamptz := date_bin('1 hour', p_now - interval '56 days', 'epoch');
  v_samples_from constant timestamptz := (
    select date_bin('1 hour', p_now - s.history_retention, 'epoch') + interval '1 hour' from vessel_activity.settings as s);
  v_until constant timestamptz := date_bin('1 minute', p_now - interval '24 hours', 'epoch');
  v_hours bigint;
  v_samples bigint;
begin
  -- A sample in five minutes is as many as the charts of a week show.
  insert into vessel_activity.history (
    minute, sampled_at, active_now, active_last_hour, active_last_24h, total_vessels, positions_last_hour, speed_avg
  )
  select p.*
  from vessel_activity_demo.past(
    greatest(v_since, v_samples_from), v_until, interval '5 minutes') as p
  where not exists (
    select from vessel_activity.history as h
    where h.minute > p.minute - interval '5 minutes' and h.minute < p.minute + interval '5 minutes')
  on conflict (minute) do nothing;
  get diagnostics v_samples = row_count;
  perform vessel_activity.roll_up_history(greatest(v_since, v_samples_from), v_until);

  insert into vessel_activity.history_hour
  select o.*
  from vessel_activity.hours_of(array(
    select row(p.*)::vessel_activity.history
    from vessel_activity_demo.past(v_since, v_samples_from - interval '5 minutes', interval '5 minutes') as p
  ), true) as o
  where v_since < v_samples_from
  on conflict (hour) do nothing;
  get diagnostics v_hours = row_count;
  perform vessel_activity_demo.write_cells(p_now);
  return v_samples + v_hours;
end
$$;

comment on function vessel_activity_demo.write_past(timestamptz) is
  'Writes what is missing of the eight weeks before p_now but its last 24 hours: samples as far back as samples are kept, hours before that. Returns how many rows it wrote.';
