-- The definition of the figures for people: see vessel_activity.figures_at.
create or replace function public.vessel_activity_at(p_as_of timestamptz)
returns public.vessel_activity_realtime
language sql stable security definer
set search_path = pg_catalog, pg_temp
as $$
  select vessel_activity.figures_at(p_as_of)
$$;

comment on function public.vessel_activity_at(timestamptz) is
  'The vessel activity figures at any instant, also in the past, computed from the source tables. This is the definition of the figures; the cached row equals it. vessel_types, top_flags and total_vessels are those of the fleet as it is now. Example: select * from public.vessel_activity_at(now()).';
