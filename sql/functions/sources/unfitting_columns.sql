-- Columns of the inbox and the state that hold a source column's values, and are not of its type: somebody has altered
-- the source. Without type modifiers, so that a longer varchar or a wider numeric fits as well. With its collation, without
-- which texts of two columns can't be compared.
-- Called by plan_refresh and source_fingerprint, into which it is inlined, and by fit_to_sources, which mends it.
create or replace function vessel_activity.unfitting_columns()
returns table (relation regclass, column_name name, type_name text)
language sql stable
begin atomic
  select a.attrelid::regclass, a.attname,
    format_type(s.atttypid, -1) || case when s.attcollation <> 0 then ' collate ' || s.attcollation::regcollation else '' end
  from (values
    ('vessel_activity.inbox', 'vessel_id', 'vesselId'),
    ('vessel_activity.inbox', 'seen_at', 'timestamp'),
    ('vessel_activity.inbox', 'speed', 'speed'),
    ('vessel_activity.upcoming', 'vessel_id', 'vesselId'),
    ('vessel_activity.upcoming', 'speed', 'speed'),
    ('vessel_activity.last_seen', 'vessel_id', 'vesselId')
  ) as k (relation, column_name, source_column)
  join pg_attribute as a on a.attrelid = to_regclass(k.relation) and a.attname = k.column_name
  join pg_attribute as s on s.attrelid = to_regclass('public.vessel_positions') and s.attname = k.source_column
  where a.atttypid <> s.atttypid or a.attcollation <> s.attcollation or a.atttypmod <> -1;
end;

comment on function vessel_activity.unfitting_columns() is
  'Columns of the inbox and the state whose type or collation is not that of the source column they hold, and that column''s type with its collation.';
