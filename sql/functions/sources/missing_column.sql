-- Refreshes read where a vessel is. If somebody drops or renames these columns after the migrate, a fold would fail, but the figures
-- of the row need none of them: the definition computes these. The triggers go on without the columns.
create or replace function vessel_activity.missing_column()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select min(vessel_activity.actual_column('vessel_positions', k.column_name)::text)
  from (values ('latitude'), ('longitude')) as k (column_name)
  where to_regclass(vessel_activity.actual_table('vessel_positions')) is not null
    and not exists (
      select from pg_attribute as a
      where a.attrelid = to_regclass(vessel_activity.actual_table('vessel_positions')) and a.attname = vessel_activity.actual_column('vessel_positions', k.column_name) and not a.attisdropped
    )
$$;

comment on function vessel_activity.missing_column() is
  'The name of the column that holds the latitude or longitude if the source table of positions lacks it; else NULL.';
