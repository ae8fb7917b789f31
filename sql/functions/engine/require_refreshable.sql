-- Says clearly why a refresh can't run in this transaction, before PostgreSQL would refuse one of its statements.
-- Raises read_only_sql_transaction (25006) on a standby and in a read-only transaction, and invalid_transaction_state (25000)
-- above READ COMMITTED.
create or replace function vessel_activity.require_refreshable()
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if pg_is_in_recovery() then
    raise exception using
      errcode = 'read_only_sql_transaction',
      message = 'this server is a standby: it receives the refreshed row from its primary',
      hint = 'Refresh on the primary.';
  end if;
  if current_setting('transaction_read_only')::boolean then
    raise exception using
      errcode = 'read_only_sql_transaction',
      message = 'a refresh can''t run in a read-only transaction' || case
        when current_setting('default_transaction_read_only')::boolean
          then format(', and default_transaction_read_only is on for role %I in this database', session_user)
        else ''
      end,
      hint = case
        when current_setting('default_transaction_read_only')::boolean then format(
          'Find out who set it: a provider does so if its disk is full. Then run alter role %I in database %I set default_transaction_read_only = off.',
          session_user, current_database())
        else 'Refresh in a transaction that may write.'
      end;
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'invalid_transaction_state',
      message = format('a refresh can''t run in a %s transaction: its snapshot would be older than the instant of the figures',
        upper(current_setting('transaction_isolation'))),
      hint = 'Refresh in a READ COMMITTED transaction, or outside of any transaction block.';
  end if;
end
$$;

comment on function vessel_activity.require_refreshable() is
  'Raises an error if a refresh can''t run in this transaction: on a standby, if it is read-only, or above READ COMMITTED.';
