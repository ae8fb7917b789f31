-- The statement_timeout of the sessions in which pg_cron runs the job, as far as this session can see it. Of the settings for
-- a role and a database, PostgreSQL uses the most specific one. The value of the server itself can't be seen from a session
-- for which a role, a database or the client has set another value.
create or replace function vessel_activity.job_statement_timeout(p_role name)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  with setting as (
    select s.setrole, s.setdatabase, substring(c.item from '^statement_timeout=(.*)$') as value
    from pg_db_role_setting as s
    cross join lateral unnest(s.setconfig) as c (item)
    where s.setdatabase in (0, (select d.oid from pg_database as d where d.datname = current_database()))
      and c.item like 'statement_timeout=%'
  ),
  found as (
    select coalesce(
      (
        select s.value from setting as s
        where s.setrole in (0, (select r.oid from pg_roles as r where r.rolname = p_role))
        order by s.setrole = 0, s.setdatabase = 0
        limit 1
      ),
      (
        select s.reset_val from pg_settings as s
        where s.name = 'statement_timeout' and s.source <> 'client'
          and not exists (
            select from setting as o where o.setrole in (0, (select r.oid from pg_roles as r where r.rolname = session_user))
          )
      )
    ) as value
  )
  select case when f.value ~ '^\s*[\d.]+\s*$' then trim(f.value) || 'ms' else f.value end
  from found as f
  where f.value !~ '^\s*0+\s*[a-z]*\s*$'
$$;

comment on function vessel_activity.job_statement_timeout(name) is
  'The statement_timeout that applies to a session of p_role in this database, with its unit, such as 5s or 5000ms. NULL if there is none or this session can''t see it.';
