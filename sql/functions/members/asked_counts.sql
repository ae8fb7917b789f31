-- A combining database knows its areas by its own numbers.
create or replace function vessel_activity.asked_counts(p_combiner text, p_counts vessel_activity.area_count[])
returns json
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(json_agg(row(k.number, c.active_now, c.active_last_hour, c.active_last_24h, c.entered, c.departed, c.speed_sum,
    c.speed_count, c.types)::vessel_activity.area_count), '[]')
  from unnest(p_counts) as c
  join vessel_activity.asked_area as k on k.id = c.area
  where k.combiner = p_combiner
$$;

comment on function vessel_activity.asked_counts(text, vessel_activity.area_count[]) is
  'Those of p_counts that are of areas of a combining database, under its numbers, as a JSON array of vessel_activity.area_count.';
