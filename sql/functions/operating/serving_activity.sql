-- Gives the server the document of GET /api/database/vessel-activity. A server that has it already gets no body: it asks every
-- few seconds, and the document changes less often.
create or replace function vessel_activity.serving_activity(p_known_at timestamptz, out as_of timestamptz, out body text)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select a.as_of, case when a.as_of is distinct from p_known_at then a.body::text end
  from (select) as always_one_row
  left join vessel_activity.activity as a on true
$$;

comment on function vessel_activity.serving_activity(timestamptz) is
  'The document of GET /api/database/vessel-activity. as_of: its instant; NULL if there is none yet. body: JSON text; NULL if the document is the one of p_known_at.';
