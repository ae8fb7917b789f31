-- What a combining database asks its members. The member refreshes as of the instant of the question, so its own row and history
-- stay up to date too, and its own schedule has nothing to do. Then it tells its part.
-- If its row is of a later instant already, the part is computed by the definition, which any instant allows.
-- Returns NULL while another refresh runs: the caller asks again. It holds no lock meanwhile.
-- Raises feature_not_supported (0A000) if this database has members itself, and the errors of refresh_at.
create or replace function vessel_activity.member_part(
  p_as_of timestamptz, p_with_document boolean default false, p_with_ids boolean default false, p_asked json default null,
  p_with_vessels boolean default false
)
returns json
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set client_min_messages = error -- what a refresh says is told in its log here, not to the log of the other server
as $$
declare
  v_part vessel_activity.part;
  v_truth vessel_activity.feed_truth;
  v_from_state boolean;
  v_document json;
begin
  if exists (select from vessel_activity.member) then
    raise exception using
      errcode = 'feature_not_supported',
      message = 'this database has members itself, and so can''t be a member',
      hint = 'Add its members to the combining database instead.';
  end if;
  -- As in refresh_if_due: a crash may lose this refresh, and the next one comes in seconds.
  perform set_config('synchronous_commit', 'off', true);
  perform vessel_activity.refresh_at(p_as_of, 'combiner');
  select (g.part).* into v_part from vessel_activity.given_part as g where (g.part).as_of = p_as_of;
  if v_part.as_of is null then
    if not exists (select from public.vessel_activity_realtime as r where r.id = 'singleton' and r.updated_at > p_as_of) then
      return null;
    end if;
    v_part := vessel_activity.part_at(p_as_of);
    v_truth := vessel_activity.feed_truth_at(p_as_of);
  else
    select t.* into strict v_truth from vessel_activity.feed_truth as t;
  end if;
  v_from_state := exists (select from vessel_activity.state as s where s.fingerprint is not null and s.as_of = p_as_of);
  if p_with_document then
    v_document := vessel_activity.count_for_combiner(p_as_of, v_from_state, p_asked);
  end if;

  return (
    select row_to_json(a)
    from (
      select vessel_activity.node_id() as node, v_part as part, v_truth as truth,
        v_document -> 'pairs' as pairs, v_document -> 'areas' as areas,
        case when p_with_ids then vessel_activity.active_ids(p_as_of, v_from_state) end as ids,
        case when p_with_vessels then vessel_activity.vessel_lists(p_as_of, v_from_state) end as vessels
    ) as a
  );
end
$$;

comment on function vessel_activity.member_part(timestamptz, boolean, boolean, json, boolean) is
  'Refreshes as of p_as_of and tells a combining database as JSON: node (which database this is), part (vessel_activity.part) and truth (vessel_activity.feed_truth); with p_with_document pairs and areas, which the document of what is moving is made of (see vessel_activity.count_for_combiner(), also for p_asked); with p_with_ids the keys of the vessels of the last 24 hours; with p_with_vessels all vessels (see vessel_activity.vessel_lists()). NULL while another refresh runs.';
