-- The figures of the fleet from its group counts: one place decides what the top ten are, for the definition and for
-- the incremental state. Ties are broken by name, bytewise, so that the answer is the same in every database; json
-- and not jsonb, which would reorder the keys. PL/pgSQL, so that a session plans it once and not at every refresh.
create or replace function vessel_activity.fleet_figures(
  p_counts vessel_activity.fleet_count[],
  out total_vessels bigint,
  out vessel_types json,
  out top_flags json
)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  with ranked as (
    select c.kind, c.name, c.vessels,
      row_number() over (partition by c.kind order by c.vessels desc, c.name collate "C") as place
    from unnest(p_counts) as c
    where c.vessels > 0
  )
  select
    coalesce(max(r.vessels) filter (where r.kind = 'total'), 0),
    coalesce(json_object_agg(r.name, r.vessels order by r.place) filter (where r.kind = 'type'), '{}'),
    coalesce(json_agg(json_build_object('flag', r.name, 'count', r.vessels) order by r.place)
      filter (where r.kind = 'flag'), '[]')
  into total_vessels, vessel_types, top_flags
  from ranked as r
  where r.place <= 10;
end
$$;

comment on function vessel_activity.fleet_figures(vessel_activity.fleet_count[]) is
  'total_vessels, vessel_types and top_flags (ten commonest each, descending, ties by name) from the counts by group.';
