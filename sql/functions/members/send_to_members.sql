-- Sends a query to all members, or to some, so that all work on it at the same time. receive_from_members() gets the answers.
-- If the shards of Citus can't be followed any more, its other nodes are left out: all shards are asked otherwise then.
-- A member that can't be reached has an error in its reply; the others are asked all the same.
create or replace function vessel_activity.send_to_members(p_query text, p_names text[] default null)
returns vessel_activity.member_reply[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_replies vessel_activity.member_reply[] := array(
    select row(m.name, null, null, null, null, false)::vessel_activity.member_reply 
    from vessel_activity.member as m
    where (p_names is null or m.name = any (p_names)) and (not m.has_shards or vessel_activity.followed_shards() is not null)
    order by m.name);
  v_schema constant text := vessel_activity.dblink_schema();
  v_old text;
  v_detail text;
begin
  for v_number in 1 .. cardinality(v_replies) loop
    begin
      v_replies[v_number].connection := vessel_activity.member_connection(v_replies[v_number].name);
      perform vessel_activity.send_to_member(v_replies[v_number].name, v_replies[v_number].connection, p_query);
    exception when others then
      get stacked diagnostics v_detail = pg_exception_detail;
      v_replies[v_number].error := left(concat_ws(': ', sqlerrm, nullif(regexp_replace(btrim(v_detail), '\s+', ' ', 'g'), '')), 500);
    end;
  end loop;
  if p_names is not null then
    return v_replies;
  end if;
  -- Connections to members that were removed, or whose address was changed.
  for v_old in
    execute format('select c from unnest(%s.dblink_get_connections()) as c where c like ''vessel\_activity %%''', v_schema)
  loop
    if not exists (select from unnest(v_replies) as r where r.connection = v_old) then
      execute format('select %s.dblink_disconnect(%L)', v_schema, v_old);
    end if;
  end loop;
  return v_replies;
end
$$;

comment on function vessel_activity.send_to_members(text, text[]) is
  'Sends a query, which gives one value of type json, to all members, or to those of p_names. Returns a reply for each, with an error if the member could not be asked.';
