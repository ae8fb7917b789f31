-- The pages of a list that members give, for vessels_json.
create or replace function vessel_activity.pages_of_members(
  p_type text,
  p_flag text,
  p_window text,
  p_state text,
  p_box double precision[],
  p_area integer,
  p_sort text,
  p_order text,
  p_after text[],
  p_limit integer
)
returns table (name text, page json)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_settings vessel_activity.settings;
begin
  if not vessel_activity.has_members() then
    return;
  end if;
  select s.* into strict v_settings from vessel_activity.settings as s;
  return query
    select r.name, r.answer
    from unnest(vessel_activity.ask_members(
      format(
        'select vessel_activity.member_vessels(%L::json, %L::text, %L::text, %L::text, %L::text, %L::double precision[], %L::text, %L::text, %L::text[], %L::integer)',
        case when p_area is not null then json_build_object(
          'combiner', vessel_activity.combiner_id(), 'key', vessel_activity.areas_key(), 'number', p_area) end,
        p_type, p_flag, p_window, p_state, p_box, p_sort, p_order, p_after[1:2], p_limit),
      v_settings.member_timeout, v_settings.allow_missing_members)) as r
    where r.answer is not null;
end
$$;

comment on function vessel_activity.pages_of_members(text, text, text, text, double precision[], integer, text, text, text[], integer) is
  'The pages of all members for a list, by the names of the members: see vessel_activity.vessels_page(). p_area: vessel_activity_area.id here. No row if there are no members.';
