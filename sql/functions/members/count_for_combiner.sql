-- What a combining database gets for its document. Its areas are counted in the same pass as the types, with the state of the areas of
-- this database: see asked_area. If it has other areas than this database knows of, it is told which are here, and sends the others.
-- The caller holds the refresh lock.
create or replace function vessel_activity.count_for_combiner(p_as_of timestamptz, p_from_state boolean, p_asked json)
returns json
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_combiner constant text := p_asked ->> 'combiner';
  v_is_known constant boolean := exists (
    select from vessel_activity.area_asker as k where k.combiner = v_combiner and k.key = p_asked ->> 'key');
  v_past record;
  v_counts record;
  v_areas json;
begin
  if v_is_known and p_from_state then
    v_past := vessel_activity.keep_areas(p_as_of, true, p_asked);
    v_counts := vessel_activity.count_reports(p_as_of, true, v_past.since, v_past.sets, null);
  else
    v_counts := vessel_activity.count_reports(p_as_of, p_from_state, null, null);
  end if;

  if v_is_known then
    update vessel_activity.area_asker as k
    set asked_at = clock_timestamp()
    where k.combiner = v_combiner and k.asked_at < clock_timestamp() - interval '1 hour';
    v_areas := json_build_object('key', p_asked -> 'key', 'counts', vessel_activity.asked_counts(v_combiner, case
      when p_from_state then v_counts.areas
      else array(select c from vessel_activity.area_counts_at(p_as_of, (p_asked ->> 'since')::timestamptz, null) as c)
    end));
  elsif p_asked is not null then
    select json_build_object('have', coalesce(json_agg(json_build_object('number', k.number, 'put_at', k.put_at)), '[]')) into v_areas
    from vessel_activity.asked_area as k
    where k.combiner = v_combiner;
  end if;
  return json_build_object('pairs', v_counts.pairs, 'areas', v_areas);
end
$$;

comment on function vessel_activity.count_for_combiner(timestamptz, boolean, json) is
  'What this database adds to the document of a combining database as of p_as_of: pairs (see vessel_activity.count_reports()) and areas: key and counts, or have, the number and put_at of each area of its that is here, if it must send others. p_from_state: from the state, not by the definition. p_asked: see vessel_activity.areas_question().';
