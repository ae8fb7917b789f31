-- A transaction that holds the refresh lock keeps all others from refreshing. If its client is frozen, or the network is cut,
-- the server has to end it. So whoever takes the refresh lock sets these limits for the rest of its transaction, whichever
-- program has opened the session. A smaller idle_in_transaction_session_timeout stays.
create or replace function vessel_activity.limit_transaction()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if current_setting('idle_in_transaction_session_timeout')::interval not between interval '1 millisecond' and interval '20 seconds' then
    perform set_config('idle_in_transaction_session_timeout', '20s', true);
  end if;
  begin
    perform set_config('tcp_keepalives_idle', '5', true), set_config('tcp_keepalives_interval', '2', true),
      set_config('tcp_keepalives_count', '3', true), set_config('tcp_user_timeout', '10s', true);
  exception when invalid_parameter_value then
    null; -- this operating system lacks one of them
  end;
end
$$;

comment on function vessel_activity.limit_transaction() is
  'Lets the server end this transaction if its client leaves it idle for 20 seconds or can''t be reached. Call it with the refresh lock.';
