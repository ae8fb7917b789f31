-- Finds columns of the inbox and the state whose type differs from the source column they hold, because the source column has
-- been altered. fit_to_sources repairs them.
-- Type modifiers are ignored, so that a longer varchar or a wider numeric fits too. Collations count: texts with two different
-- collations can't be compared.
-- BEGIN ATOMIC instead of a pinned search_path, so that PostgreSQL can inline it.
create or replace function vessel_activity.unfitting_columns()
returns table (relation regclass, column_name name, type_name text)
language sql stable
begin atomic
  select a.attrelid::regclass, a.attname,
    format_type(n.type, -1) || case when s.attcollation <> 0 then ' collate ' || s.attcollation::regcollation else '' end
  from (values
    ('vessel_activity.inbox', 'vessel_id', 'vesselId'),
    ('vessel_activity.inbox', 'seen_at', 'timestamp'),
    ('vessel_activity.inbox', 'speed', 'speed'),
    ('vessel_activity.upcoming', 'vessel_id', 'vesselId'),
    ('vessel_activity.upcoming', 'speed', 'speed'),
    ('vessel_activity.last_report', 'vessel_id', 'vesselId')
  ) as k (relation, column_name, source_column)
  join pg_attribute as a on a.attrelid = to_regclass(k.relation) and a.attname = k.column_name
  join pg_attribute as s on s.attrelid = to_regclass(vessel_activity.actual_table('vessel_positions')) and s.attname = vessel_activity.actual_column('vessel_positions', k.source_column)
  join pg_type as t on t.oid = s.atttypid
  -- Converted numbers are numeric, see vessel_activity.scaled().
  cross join lateral (
    select case
      when t.typcategory = 'N' and vessel_activity.actual_factor('vessel_positions', k.source_column) is not null then 'numeric'::regtype::oid
      else s.atttypid
    end as type
  ) as n
  where a.atttypid <> n.type or a.attcollation <> s.attcollation or a.atttypmod <> -1;
end;

comment on function vessel_activity.unfitting_columns() is
  'Columns of the inbox and the state whose type or collation differs from that of the source column they hold. type_name: the type and collation of the source column.';
