-- Keeps the names that find_names.sql has found, for the migrations and functions that follow and for later migrates. The table
-- has no rows if all names are the usual ones.
create table if not exists vessel_activity_migrations.source_name (
  source text not null check (source in ('vessels', 'vessel_positions')),
  name text not null,
  ordinal integer not null,
  actual text,
  factor numeric,
  written text,
  primary key (source, name)
);
comment on table vessel_activity_migrations.source_name is 'The names of the source tables and their columns, if a migrate was given other names than the usual ones. Only a migrate may change it.';
comment on column vessel_activity_migrations.source_name.source is 'vessels or vessel_positions.';
comment on column vessel_activity_migrations.source_name.name is 'What vessel activity calls the column; empty for the table itself.';
comment on column vessel_activity_migrations.source_name.ordinal is 'Place among the columns.';
comment on column vessel_activity_migrations.source_name.actual is 'Name of the column; for the table its qualified name, quoted as in SQL. NULL: there is no such column.';
comment on column vessel_activity_migrations.source_name.factor is 'What a value is multiplied by to get knots or degrees; NULL if it needs no conversion.';
comment on column vessel_activity_migrations.source_name.written is 'As a migrate was given it; NULL if it was not given.';
delete from vessel_activity_migrations.source_name;
insert into vessel_activity_migrations.source_name (source, name, ordinal, actual, factor, written)
select n.source, n.name, n.ordinal, n.actual, n.factor, n.written
from pg_catalog.jsonb_to_recordset(pg_catalog.current_setting('vessel_activity.found_names')::jsonb)
  as n (source text, name text, ordinal integer, actual text, factor numeric, written text);
