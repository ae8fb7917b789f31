-- The definition and the incremental state both compute the figures of the fleet here, so the top ten are chosen in one
-- place. Ties are broken by name, byte by byte, so that the answer is the same in every database. The type is json
-- because jsonb would reorder the keys. PL/pgSQL, because a session then plans the query once and not at every refresh.
create or replace function vessel_activity.fleet_figures(
  p_counts vessel_activity.fleet_group[],
  out total_vessels bigint,
  out vessel_types json,
  out top_flags json
)
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
  if getdatabaseencoding() <> 'UTF8' then
    -- Names that read alike are one group: the keys of a JSON object must differ.
    p_counts := array(
      select row(c.kind, vessel_activity.readable_name(c.name), sum(c.vessels))::vessel_activity.fleet_group
      from unnest(p_counts) as c
      group by c.kind, vessel_activity.readable_name(c.name)
    );
  end if;

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

comment on function vessel_activity.fleet_figures(vessel_activity.fleet_group[]) is
  'The figures of the fleet from its counts by group: total_vessels, and the ten commonest vessel_types and top_flags. Highest count first, ties by name.';
