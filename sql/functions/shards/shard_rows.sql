-- The questions to shards name the columns as vessel activity does. If a migrate was given other names, a query of the shard gives
-- them, like the one that remapped() puts into the functions here. It converts by itself: the other nodes have no scaled().
create or replace function vessel_activity.shard_rows(p_source text, p_shard text)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when vessel_activity.actual_map() = '' and vessel_activity.actual_column('vessels', 'active') is not null then p_shard
    else format('(select %s from %s as source)', string_agg(
      format('%s as %I', case
          when vessel_activity.actual_column(c.source, c.name) is null then 'true'
          when vessel_activity.actual_factor(c.source, c.name) is null then format('source.%I', vessel_activity.actual_column(c.source, c.name))
          else format('(source.%I::numeric * %s)', vessel_activity.actual_column(c.source, c.name), vessel_activity.actual_factor(c.source, c.name))
        end, c.name), ', ' order by c.name), p_shard)
  end
  from (values
    ('vessels', 'id'), ('vessels', 'mmsi'), ('vessels', 'name'), ('vessels', 'vesselType'), ('vessels', 'flag'), ('vessels', 'active'),
    ('vessel_positions', 'vesselId'), ('vessel_positions', 'timestamp'), ('vessel_positions', 'latitude'),
    ('vessel_positions', 'longitude'), ('vessel_positions', 'speed')
  ) as c (source, name)
  where c.source = p_source
$$;

comment on function vessel_activity.shard_rows(text, text) is
  'What stands after FROM in a question to a shard: p_shard, or a query that gives its columns the names that vessel activity uses. p_source: vessels or vessel_positions.';
