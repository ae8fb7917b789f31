-- The JSON of the API for people: see vessel_activity.figures_json.
create or replace function public.vessel_activity_json(p_row public.vessel_activity_realtime)
returns text
language sql stable parallel safe security definer
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.figures_json(p_row)
$$;

comment on function public.vessel_activity_json(public.vessel_activity_realtime) is
  'A row of figures as the JSON text of the API: nine camelCase keys, updatedAt in UTC with milliseconds. Example: select public.vessel_activity_json(r) from public.vessel_activity_realtime as r.';
