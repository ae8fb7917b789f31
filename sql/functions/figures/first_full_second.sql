-- vessel_activity.position_second counts positions by whole seconds. Its counts are used from this instant on. Earlier
-- positions of the hour are counted by vessel_activity.hour_edge().
create or replace function vessel_activity.first_full_second(p_as_of timestamptz)
returns timestamptz
language sql immutable parallel safe
return pg_catalog.date_bin('1 second', p_as_of - interval '1 hour' + interval '0.999999 seconds', 'epoch');

comment on function vessel_activity.first_full_second(timestamptz) is
  'The first second that begins at or after p_as_of - 1 hour.';
