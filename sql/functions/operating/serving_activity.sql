-- Gives the server the document of GET /api/database/vessel-activity. A server that has it already gets no body: it asks every
-- few seconds, and the document changes less often. The open alerts and the members are put in here:
-- they change between documents too. keep_replies advances the revision if another member is missing.
create or replace function vessel_activity.serving_activity(
  p_known_at timestamptz, p_known_alerts bigint default null, out as_of timestamptz, out alerts bigint, out body text
)
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select a.as_of, g.revision,
    case
      when (a.as_of, g.revision) is distinct from (p_known_at, p_known_alerts)
        then left(a.body::text, -1) || ',"alerts":' || vessel_activity.alerts_json() || ',"members":' || vessel_activity.members_json() || '}'
    end
  from (select) as always_one_row
  left join vessel_activity.activity as a on true
  left join vessel_activity.watching as g on true
$$;

comment on function vessel_activity.serving_activity(timestamptz, bigint) is
  'The document of GET /api/database/vessel-activity. as_of: its instant; NULL if there is none yet. alerts: revision of the alerts in it. body: JSON text; NULL if the document is the one of p_known_at and p_known_alerts.';
