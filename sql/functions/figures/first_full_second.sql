-- Where whole seconds of position_second begin to lie inside the hour; what is before it is counted by hour_edge.
create or replace function vessel_activity.first_full_second(p_as_of timestamptz)
returns timestamptz
language sql immutable parallel safe
return pg_catalog.date_bin('1 second', p_as_of - interval '1 hour' + interval '0.999999 seconds', 'epoch');

comment on function vessel_activity.first_full_second(timestamptz) is
  'The first second that begins at or after p_as_of - 1 hour.';
