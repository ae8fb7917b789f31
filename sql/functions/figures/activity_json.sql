-- Puts the document of GET /api/database/vessel-activity together. Each part is a function of its own. The text is compact, since
-- it is pushed to every open page: row_to_json and array_to_json write no spaces, json_build_object and json_agg do.
create or replace function vessel_activity.activity_json(
  p_as_of timestamptz,
  p_from_state boolean,
  p_pairs vessel_activity.pair_count[] default null
)
returns json
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_pairs constant vessel_activity.pair_count[] := coalesce(
    p_pairs, (vessel_activity.count_reports(p_as_of, p_from_state, null, null)).pairs) || vessel_activity.member_pairs(p_as_of);
  v_once record;
  v_groups record;
begin
  select c.pairs, c.fleet into v_once
  from vessel_activity.counted_once as c
  cross join vessel_activity.settings as s
  where c.as_of = p_as_of and s.overlapping_members and vessel_activity.has_members();
  if v_once.pairs is not null then
    v_groups := vessel_activity.groups(v_once.pairs, v_once.fleet);
  else
    v_groups := vessel_activity.groups(v_pairs, vessel_activity.fleet_groups(p_as_of, p_from_state));
  end if;
  return (
    select row_to_json(d)
    from (
      select
        vessel_activity.iso_instant(p_as_of) as "asOf",
        vessel_activity.feed_truth_json(p_as_of) as feed,
        vessel_activity.usual_json(p_as_of) as usual,
        vessel_activity.movement(v_pairs) as movement,
        v_groups.types as types,
        v_groups.flags as flags,
        vessel_activity.areas_part(p_as_of, p_from_state) as areas,
        vessel_activity.dark_json(p_as_of, p_from_state, 5) as dark
    ) as d
  );
end
$$;

comment on function vessel_activity.activity_json(timestamptz, boolean, vessel_activity.pair_count[]) is
  'The document of GET /api/database/vessel-activity as of p_as_of. p_from_state: from the state, which must be as of p_as_of; else by the definition, which any instant allows. p_pairs: what count_reports() has counted, if the caller has it already.';
