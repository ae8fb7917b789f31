-- Gets the answers to a query that send_to_members() has sent. All members share the time, so one that hangs costs p_timeout in
-- all, however many others hang too. The connection to such a member is closed: it can't be cancelled without a wait.
-- Two things are tried again. A connection that was open may have been closed by a member that was restarted: the query is sent
-- once more over a new one. And a member that is refreshing answers null: it is asked again until it has ended.
-- The functions of dblink are told not to raise errors of a member: one that is cancelled there would look like a cancel here.
create or replace function vessel_activity.receive_from_members(
  p_replies vessel_activity.member_reply[], p_query text, p_timeout interval
)
returns vessel_activity.member_reply[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set client_min_messages = error
as $$
declare
  v_began_at constant timestamptz := statement_timestamp();
  v_ends_at constant timestamptz := clock_timestamp() + p_timeout;
  v_schema constant text := vessel_activity.dblink_schema();
  v_replies vessel_activity.member_reply[] := p_replies;
  v_reply vessel_activity.member_reply;
  v_busy integer;
  v_count integer;
  v_answer json;
  v_error text;
  v_waits boolean;
begin
  loop
    v_waits := false;
    for v_number in 1 .. cardinality(v_replies) loop
      v_reply := v_replies[v_number];
      continue when v_reply.answer is not null or v_reply.error is not null;
      begin
        execute format('select %s.dblink_is_busy(%L)', v_schema, v_reply.connection) into v_busy;
        if v_busy = 1 then
          v_waits := true;
          continue;
        end if;
        execute format('select count(*), min(r.answer) from %s.dblink_get_result(%L, false) as r (answer text)', v_schema, v_reply.connection)
          into v_count, v_answer;
        if v_count = 0 then
          execute format('select %s.dblink_error_message(%L)', v_schema, v_reply.connection) into v_error;
          v_error := left(regexp_replace(btrim(coalesce(v_error, '')), '\s+', ' ', 'g'), 500);
          if v_error not like 'ERROR:%' and not v_reply.is_retried then
            v_reply.is_retried := true;
            perform vessel_activity.send_to_member(v_reply.name, v_reply.connection, p_query, p_anew => true);
            v_waits := true;
          else
            v_reply.error := coalesce(nullif(v_error, ''), 'no answer came');
            execute format('select %s.dblink_disconnect(%L)', v_schema, v_reply.connection);
          end if;
        else
          perform vessel_activity.end_of_answer(v_reply.connection, v_ends_at);
          if v_answer is null then
            v_waits := true;
            perform pg_sleep(0.02);
            perform vessel_activity.send_to_member(v_reply.name, v_reply.connection, p_query);
          else
            v_reply.answer := v_answer;
            v_reply.round_trip_ms := extract(epoch from clock_timestamp() - v_began_at) * 1000;
          end if;
        end if;
      exception when others then
        get stacked diagnostics v_error = pg_exception_detail;
        v_reply.error := left(concat_ws(': ', sqlerrm, nullif(regexp_replace(btrim(v_error), '\s+', ' ', 'g'), '')), 500);
      end;
      v_replies[v_number] := v_reply;
    end loop;
    exit when not v_waits or clock_timestamp() > v_ends_at;
    perform pg_sleep(0.002);
  end loop;

  for v_number in 1 .. cardinality(v_replies) loop
    if v_replies[v_number].answer is null and v_replies[v_number].error is null then
      v_replies[v_number].error := format('no answer came within %s s', trim_scale(extract(epoch from p_timeout)));
      execute format('select %s.dblink_disconnect(%L)', v_schema, v_replies[v_number].connection);
    end if;
  end loop;
  return v_replies;
end
$$;

comment on function vessel_activity.receive_from_members(vessel_activity.member_reply[], text, interval) is
  'Waits up to p_timeout for the answers to p_query, which was sent with the given replies. Returns the replies: each has an answer or an error.';
