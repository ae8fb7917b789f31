-- The definition of the row, for any instant: of this node, and of all members if there are any. Errors: see part_at and
-- defined_answers. Raises object_in_use (55006) if the nodes of Citus have not counted each shard once.
create or replace function vessel_activity.figures_at(p_as_of timestamptz)
returns public.vessel_activity_realtime
language plpgsql stable
set search_path = pg_catalog, pg_temp
set row_security = off -- an error is better than figures from a part of the rows
set jit = off
as $$
declare
  v_overlaps constant boolean := vessel_activity.has_members() and (select s.overlapping_members from vessel_activity.settings as s);
  v_part constant vessel_activity.part := vessel_activity.part_at(p_as_of);
  v_answers constant json[] := vessel_activity.defined_answers(p_as_of, v_overlaps);
  v_parts constant vessel_activity.part[] := v_part || array(
    select json_populate_record(null::vessel_activity.part, a.answer -> 'part') from unnest(v_answers) as a (answer));
  v_flaw constant text := vessel_activity.uncovered_shards(v_parts);
  v_row public.vessel_activity_realtime;
begin
  if v_flaw is not null then
    raise exception using
      errcode = 'object_in_use',
      message = v_flaw,
      hint = 'If a shard is being moved, try again in a moment. See docs/scaling.md.';
  end if;
  v_row := vessel_activity.row_of_parts(v_parts);
  if v_overlaps then
    v_row := (vessel_activity.count_once(
      v_row, vessel_activity.vessel_lists(p_as_of, false) || array(select a.answer -> 'vessels' from unnest(v_answers) as a (answer))
    )).counted;
  end if;
  return v_row;
end
$$;

comment on function vessel_activity.figures_at(timestamptz) is
  'The figures as of p_as_of, computed from the source tables alone: the definition of the figures.';
