-- Takes in areas of a combining database, in which the vessels of this one are then counted. They are kept apart from the areas of this
-- database, and nobody sees them here. Those that the combining database does not have any more are removed.
-- Locks: the row of area_revision, until the transaction ends, as put_area() does. It waits up to half a second for somebody who puts
-- an area here. Refreshes do not wait for it.
-- Raises invalid_parameter_value (22023) if a shape is refused, lock_not_available (55P03), and configuration_limit_exceeded
-- (53400) if there were more than settings.area_limit areas of combining databases.
create or replace function vessel_activity.member_area_put(p_combiner text, p_key text, p_all json, p_shapes json)
returns json
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
set lock_timeout = '500ms' -- the combining database waits for the answer
as $$
declare
  v_limit constant integer := (select s.area_limit from vessel_activity.settings as s);
  v_area record;
  v_id integer;
  v_lacks bigint;
begin
  perform from vessel_activity.area_revision for update;
  insert into vessel_activity.area_asker as k (combiner, key) values (p_combiner, null)
  on conflict (combiner) do update set key = null, asked_at = clock_timestamp();
  perform vessel_activity.drop_asked_area(k.id)
  from vessel_activity.asked_area as k
  where k.combiner = p_combiner and not exists (
    select from json_to_recordset(p_all) as a (number integer, put_at text) where a.number = k.number and a.put_at = k.put_at);

  for v_area in
    select s.number, s.put_at, s.shape
    from json_to_recordset(p_shapes) as s (number integer, put_at text, shape jsonb)
    where not exists (select from vessel_activity.asked_area as k where k.combiner = p_combiner and k.number = s.number)
  loop
    if (select count(*) from vessel_activity.asked_area) >= v_limit then
      raise exception using
        errcode = 'configuration_limit_exceeded',
        message = format('there are %s areas of combining databases, as many as settings.area_limit of this member allows', v_limit),
        hint = 'Run update vessel_activity.settings set area_limit = 2000 on the member.';
    end if;
    insert into vessel_activity.asked_area (combiner, number, put_at, shape)
    values (p_combiner, v_area.number, v_area.put_at, v_area.shape)
    returning id into v_id;
    perform vessel_activity.cover_area(v_id, vessel_activity.checked_shape(v_area.number::text, v_area.shape));
    update vessel_activity.area_revision as r set revision = r.revision + 1;
  end loop;

  select count(*) into v_lacks
  from json_to_recordset(p_all) as a (number integer, put_at text)
  where not exists (
    select from vessel_activity.asked_area as k where k.combiner = p_combiner and k.number = a.number and k.put_at = a.put_at);
  if v_lacks = 0 then
    update vessel_activity.area_asker as k set key = p_key where k.combiner = p_combiner;
  end if;
  return json_build_object('lacks', v_lacks);
end
$$;

comment on function vessel_activity.member_area_put(text, text, json, json) is
  'Takes in areas of a combining database. p_key: which revision of its areas p_all is. p_all: number and put_at of all its areas. p_shapes: number, put_at and shape (GeoJSON geometry) of some of them. Returns lacks: how many shapes are still missing.';
