-- The name of a source table. Whatever reads the catalogs of the source tables, or says their names, gets them here.
-- This file has the usual names. If a migrate was given others, follow_names() replaces the function by one that gives these.
-- It is declared immutable, so that PostgreSQL computes it while it plans. A replaced function makes sessions plan anew.
create or replace function vessel_activity.actual_table(p_source text)
returns text
language sql immutable parallel safe
return case p_source when 'vessels' then 'public.vessels' when 'vessel_positions' then 'public.vessel_positions' end;

comment on function vessel_activity.actual_table(text) is
  'The qualified name of a source table, quoted as in SQL. p_source: vessels or vessel_positions. A migrate that is given other names changes the function.';
