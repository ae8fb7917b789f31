-- Says whether triggers can read the columns of a source table. They can't read a virtual generated column (PostgreSQL 18):
-- an expression over it fails with an internal error, which would stop the writer.
-- The queries of the triggers have this condition. It is declared immutable although it reads a catalog: so PostgreSQL
-- evaluates it while it plans the query, and leaves the query out if the answer is no. A trigger pays nothing for it. After
-- ALTER TABLE, PostgreSQL plans the queries of a table's triggers again.
-- The columns of a partition are of the same kind as those of its parent.
create or replace function vessel_activity.columns_are_readable(p_source text)
returns boolean
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select not exists (select from vessel_activity.virtual_columns() as v where v.source = p_source)
$$;

comment on function vessel_activity.columns_are_readable(text) is
  'Whether triggers can read the columns of the source table that they note. False if one is a virtual generated column. p_source: vessels or vessel_positions.';
