-- For messages: which sessions have a relation locked so that nobody can get a lock of p_mode on it. Locks of a mode conflict
-- with all modes from a certain strength on.
create or replace function vessel_activity.lock_holders(p_relation regclass, p_mode text)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select string_agg(h.who, '; ' order by h.since, h.who)
  from (
    select
      coalesce(format('process %s (%s)', a.pid, concat_ws(', ', 'user ' || a.usename, nullif(a.application_name, ''))),
        'prepared transaction ' || quote_literal(x.gid), 'another session')
        || format(', which holds %s on %s and whose transaction began %s', string_agg(l.mode, ' and ' order by l.mode),
          (select format('%s.%I', c.relnamespace::regnamespace, c.relname) from pg_class as c where c.oid = p_relation),
          coalesce('at ' || coalesce(a.xact_start, x.prepared)::timestamptz(0), 'at a time that this role may not see')) as who,
      coalesce(a.xact_start, x.prepared) as since
    from pg_locks as l
    left join pg_stat_activity as a on a.pid = l.pid
    left join pg_prepared_xacts as x on l.virtualtransaction = '-1/' || x.transaction
    where l.locktype = 'relation' and l.relation = p_relation and l.granted and l.pid is distinct from pg_backend_pid()
      and l.database = (select d.oid from pg_database as d where d.datname = current_database())
      and array_position(array[
          'AccessShareLock', 'RowShareLock', 'RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareLock',
          'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
        ], l.mode) >= case p_mode
          when 'access share' then 8 when 'share update exclusive' then 4 when 'share' then 3 when 'share row exclusive' then 3
          else 1
        end
      and not (p_mode = 'share' and l.mode = 'ShareLock')
      and a.state is distinct from 'idle' -- it has just ended its transaction
    group by l.virtualtransaction, a.pid, a.usename, a.application_name, a.xact_start, x.gid, x.prepared
    order by coalesce(a.xact_start, x.prepared)
    limit 3
  ) as h
$$;

comment on function vessel_activity.lock_holders(regclass, text) is
  'Names up to three sessions that hold a lock on p_relation which conflicts with p_mode (access share, share update exclusive, share, share row exclusive or access exclusive), the longest transaction first: process, user, application, what each holds, and when its transaction began. NULL if there is none.';
