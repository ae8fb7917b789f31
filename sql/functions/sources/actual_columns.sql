-- As one array, because every refresh needs it for source_fingerprint; see actual_table.
create or replace function vessel_activity.actual_columns()
returns name[]
language sql immutable parallel safe
return '{vesselId,timestamp,speed,latitude,longitude,vesselType,flag,active}'::pg_catalog.name[];

comment on function vessel_activity.actual_columns() is
  'The names of the columns of both source tables that the figures need. A migrate that is given other names changes the function.';
