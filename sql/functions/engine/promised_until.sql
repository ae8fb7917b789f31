-- A promise far ahead is none: the clock was ahead when it was made.
create or replace function vessel_activity.promised_until()
returns timestamptz
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select p.until
  from (select to_timestamp(pg_sequence_last_value('vessel_activity.refresh_promise') / 1000.0) as until) as p
  where p.until <= clock_timestamp() + interval '1 hour'
$$;

comment on function vessel_activity.promised_until() is
  'Until when the refresh that runs has promised to show progress; in the past if none runs. NULL if there was none yet.';
