-- Refreshes read where a vessel is. If somebody drops or renames these columns after the migrate, a fold would fail, but the figures
-- of the row need none of them: the definition computes these. The triggers go on without the columns.
create or replace function vessel_activity.missing_column()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select min(k.column_name)
  from (values ('latitude'), ('longitude')) as k (column_name)
  where to_regclass('public.vessel_positions') is not null
    and not exists (
      select from pg_attribute as a
      where a.attrelid = to_regclass('public.vessel_positions') and a.attname = k.column_name and not a.attisdropped
    )
$$;

comment on function vessel_activity.missing_column() is
  'The column latitude or longitude if public.vessel_positions lacks it; else NULL.';
