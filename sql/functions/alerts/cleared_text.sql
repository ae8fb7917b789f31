create or replace function vessel_activity.cleared_text(p_name text, p_since timestamptz, p_until timestamptz)
returns text
language sql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select format('%s is over: it lasted %s', p_name, date_trunc('second', greatest(p_until - p_since, interval '0')))
$$;

comment on function vessel_activity.cleared_text(text, timestamptz, timestamptz) is
  'The sentence that says that an alert of the rule p_name is over: its condition was true from p_since to p_until.';
