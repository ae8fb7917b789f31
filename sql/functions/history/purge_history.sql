-- Deletes what settings.history_retention and settings.hour_retention no longer keep. record_history calls it once an hour,
-- after the roll-up. Samples are deleted by whole hours, and their hours become final before.
-- At most two days of samples and of hours are deleted at a time. So no refresh takes long, and a clock that is wrong for a
-- moment costs no more than that.
-- The caller holds the lock of roll_up_history.
create or replace function vessel_activity.purge_history(p_as_of timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings vessel_activity.settings;
  v_kept_from timestamptz;
  v_hours_from timestamptz;
begin
  select s.* into strict v_settings from vessel_activity.settings as s;
  select least(
    date_bin('1 hour', p_as_of - v_settings.history_retention, 'epoch'),
    date_bin('1 hour', min(h.minute), 'epoch') + interval '48 hours')
  into v_kept_from
  from vessel_activity.history as h;
  select least(
    date_bin('1 hour', p_as_of - v_settings.hour_retention, 'epoch'), min(o.hour) + interval '48 hours', v_kept_from)
  into v_hours_from
  from vessel_activity.history_hour as o;

  update vessel_activity.history_hour as o
  set is_final = true
  where o.hour < v_kept_from and not o.is_final
    and o.hour >= (select date_bin('1 hour', min(h.minute), 'epoch') from vessel_activity.history as h);
  delete from vessel_activity.history as h where h.minute < v_kept_from;
  delete from vessel_activity.history_hour as o where o.hour < v_hours_from;
end
$$;

comment on function vessel_activity.purge_history(timestamptz) is
  'Deletes the samples and the hours that are too old as of p_as_of, at most two days of each at a time.';
