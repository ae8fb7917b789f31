-- Makes the hours from p_from to p_to equal to hours_of() their samples. Whatever changes samples calls it, in the same
-- transaction. An hour has a row once there is a sample of a later hour. A final hour has lost its samples and stays as it is.
-- Locks history_hour against other roll-ups until the transaction ends, and then reads the samples in a new snapshot. So
-- whoever is last sees all samples. Raises lock_not_available (55P03) if lock_timeout is over.
create or replace function vessel_activity.roll_up_history(p_from timestamptz, p_to timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_first timestamptz := date_bin('1 hour', p_from, 'epoch');
  v_newest timestamptz;
begin
  lock table vessel_activity.history_hour in share update exclusive mode;
  select date_bin('1 hour', max(h.minute), 'epoch') into v_newest from vessel_activity.history as h;
  -- The last hour before may be over now, or no longer.
  select least(v_first, date_bin('1 hour', max(h.minute), 'epoch')) into v_first
  from vessel_activity.history as h where h.minute < v_first;

  delete from vessel_activity.history_hour as o
  where o.hour >= v_first and o.hour <= p_to and not o.is_final
    and (v_newest is null or o.hour >= v_newest or not exists (
      select from vessel_activity.history as h where h.minute >= o.hour and h.minute < o.hour + interval '1 hour'));

  insert into vessel_activity.history_hour as o
  select r.*
  from vessel_activity.hours_of(array(
    select h
    from vessel_activity.history as h
    where h.minute >= v_first and h.minute < least(p_to + interval '1 hour', v_newest)
  )) as r
  where r.hour <= p_to
  on conflict (hour) do update set
    samples = excluded.samples,
    active_now_min = excluded.active_now_min,
    active_now_mean = excluded.active_now_mean,
    active_now_max = excluded.active_now_max,
    active_last_hour_min = excluded.active_last_hour_min,
    active_last_hour_mean = excluded.active_last_hour_mean,
    active_last_hour_max = excluded.active_last_hour_max,
    active_last_24h_min = excluded.active_last_24h_min,
    active_last_24h_mean = excluded.active_last_24h_mean,
    active_last_24h_max = excluded.active_last_24h_max,
    total_vessels_min = excluded.total_vessels_min,
    total_vessels_mean = excluded.total_vessels_mean,
    total_vessels_max = excluded.total_vessels_max,
    positions_last_hour_min = excluded.positions_last_hour_min,
    positions_last_hour_mean = excluded.positions_last_hour_mean,
    positions_last_hour_max = excluded.positions_last_hour_max,
    speed_avg_min = excluded.speed_avg_min,
    speed_avg_mean = excluded.speed_avg_mean,
    speed_avg_max = excluded.speed_avg_max
  where not o.is_final and o is distinct from excluded;
end
$$;

comment on function vessel_activity.roll_up_history(timestamptz, timestamptz) is
  'Computes the rows of history_hour from p_from to p_to anew from the samples. Hours that are final stay as they are. Run it after changing vessel_activity.history by hand.';
