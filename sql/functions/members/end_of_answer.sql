-- After the rows of an answer its end has to be read, or the connection can't be used again. The end mostly comes with the rows.
create or replace function vessel_activity.end_of_answer(p_connection text, p_ends_at timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_schema constant text := vessel_activity.dblink_schema();
  v_busy integer;
begin
  loop
    execute format('select %s.dblink_is_busy(%L)', v_schema, p_connection) into v_busy;
    exit when v_busy = 0;
    if clock_timestamp() > p_ends_at then
      execute format('select %s.dblink_disconnect(%L)', v_schema, p_connection);
      return;
    end if;
    perform pg_sleep(0.001);
  end loop;
  execute format('select count(*) from %s.dblink_get_result(%L, false) as r (answer text)', v_schema, p_connection);
end
$$;

comment on function vessel_activity.end_of_answer(text, timestamptz) is
  'Reads the end of an answer of a member. If it does not come until p_ends_at, closes the connection.';
