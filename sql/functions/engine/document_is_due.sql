-- Refreshes come a little early or late. So the document is due half a refresh early: with two intervals of 30 seconds, each
-- refresh writes it. A document of an instant that the clock has not reached is replaced too.
create or replace function vessel_activity.document_is_due(p_as_of timestamptz, p_settings vessel_activity.settings)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select not exists (
    select from vessel_activity.activity as a
    where a.as_of > p_as_of - p_settings.detail_interval + p_settings.refresh_interval / 2 and a.as_of <= p_as_of
  )
$$;

comment on function vessel_activity.document_is_due(timestamptz, vessel_activity.settings) is
  'Whether a refresh as of p_as_of writes the document of vessel_activity.activity, since settings.detail_interval has passed.';
