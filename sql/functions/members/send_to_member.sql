-- Sends a query to a member and does not wait for the answer. A session keeps its connections, so that only its first refresh
-- opens them. A connection on which a refresh that failed has left a query is closed and opened anew.
-- Opening one takes as long as the connect_timeout of the foreign server allows: see member_add.
-- Raises the error of dblink if the member can't be reached. It names the member's host, but never a password.
create or replace function vessel_activity.send_to_member(
  p_name text, p_connection text, p_query text, p_anew boolean default false
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = error
as $$
declare
  v_schema constant text := vessel_activity.dblink_schema();
  v_is_open boolean;
  v_sent integer := 0;
begin
  execute format('select %L = any (coalesce(%s.dblink_get_connections(), ''{}''))', p_connection, v_schema) into v_is_open;
  if v_is_open and not p_anew then
    -- The first call reads what has arrived, and so finds a connection that the member has closed.
    execute format('select case when %1$s.dblink_is_busy(%2$L) = 0 then %1$s.dblink_send_query(%2$L, %3$L) else 0 end',
      v_schema, p_connection, p_query) into v_sent;
  end if;
  if v_sent = 1 then
    return;
  end if;
  if v_is_open then
    execute format('select %s.dblink_disconnect(%L)', v_schema, p_connection);
  end if;
  execute format('select %s.dblink_connect(%L, %L)', v_schema, p_connection, vessel_activity.member_server(p_name));
  execute format('select %s.dblink_send_query(%L, %L)', v_schema, p_connection, p_query) into v_sent;
  if v_sent <> 1 then
    raise exception using errcode = 'connection_exception', message = 'the query could not be sent';
  end if;
end
$$;

comment on function vessel_activity.send_to_member(text, text, text, boolean) is
  'Sends a query to a member. p_connection: see member_connection(). p_anew: over a new connection, even if this session has one.';
