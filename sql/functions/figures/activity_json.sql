-- Puts the document of GET /api/database/vessel-activity together. Each part is a function of its own. The text is compact, since
-- it is pushed to every open page: row_to_json and array_to_json write no spaces, json_build_object and json_agg do.
create or replace function vessel_activity.activity_json(p_as_of timestamptz, p_from_state boolean)
returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_groups record;
begin
  v_groups := vessel_activity.groups(p_as_of, p_from_state);
  return (
    select row_to_json(d)
    from (
      select
        vessel_activity.iso_instant(p_as_of) as "asOf",
        vessel_activity.feed_truth_json(p_as_of) as feed,
        vessel_activity.usual_json(p_as_of) as usual,
        vessel_activity.all_movement(p_as_of, p_from_state) as movement,
        v_groups.types as types,
        v_groups.flags as flags,
        vessel_activity.areas_part(p_as_of, p_from_state) as areas
    ) as d
  );
end
$$;

comment on function vessel_activity.activity_json(timestamptz, boolean) is
  'The document of GET /api/database/vessel-activity as of p_as_of. p_from_state: from the state, which must be as of p_as_of; else by the definition, which any instant allows.';
