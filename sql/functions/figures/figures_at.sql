-- The definition of the row, for any instant: of this node, and of all members if there are any. Errors: see part_at and
-- defined_parts.
create or replace function vessel_activity.figures_at(p_as_of timestamptz)
returns public.vessel_activity_realtime
language sql stable
set search_path = pg_catalog, pg_temp
set row_security = off -- an error is better than figures from a part of the rows
set jit = off
as $$
  select vessel_activity.row_of_parts(vessel_activity.part_at(p_as_of) || vessel_activity.defined_parts(p_as_of))
$$;

comment on function vessel_activity.figures_at(timestamptz) is
  'The figures as of p_as_of, computed from the source tables alone: the definition of the figures.';
