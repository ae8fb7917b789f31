-- A digest of the figures of areas, to compare what is kept with the definition. Its order does not matter.
create or replace function vessel_activity.areas_digest(p_figures vessel_activity.area_figures[])
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select concat_ws(' ', count(*), sum(hashtextextended(concat_ws('|', f.area, extract(epoch from f.as_of), extract(epoch from f.since),
    f.active_now, f.active_last_hour, f.active_last_24h, f.entered, f.departed, coalesce(f.mean_speed::text, '')), 0)::numeric))
  from unnest(p_figures) as f
$$;

comment on function vessel_activity.areas_digest(vessel_activity.area_figures[]) is
  'Number and digest of the figures of areas, without their types. Equal digests: equal figures.';
