-- Finds the columns of the source tables that the figures need and that are virtual generated columns. PostgreSQL 18 has these
-- columns. Triggers can't read them, and no index can contain them.
-- BEGIN ATOMIC instead of a pinned search_path, so that PostgreSQL can inline it.
create or replace function vessel_activity.virtual_columns()
returns table (source text, column_name name)
language sql stable
begin atomic
  select k.source, k.column_name::name
  from (values
    ('vessels', 'vesselType'), ('vessels', 'flag'), ('vessels', 'active'),
    ('vessel_positions', 'vesselId'), ('vessel_positions', 'timestamp'), ('vessel_positions', 'speed'),
    ('vessel_positions', 'latitude'), ('vessel_positions', 'longitude')
  ) as k (source, column_name)
  join pg_attribute as a
    on a.attrelid = to_regclass(vessel_activity.actual_table(k.source)) and a.attname = vessel_activity.actual_column(k.source, k.column_name) and not a.attisdropped
  where a.attgenerated = 'v';
end;

comment on function vessel_activity.virtual_columns() is
  'The columns of vessels and vessel_positions that the figures need and that are virtual generated columns, by the names that vessel activity uses.';
