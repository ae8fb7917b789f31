-- Makes the figures of areas from what this database and its members have counted. The refresh and the definition both end here, so
-- what can't be added up is computed in one place: the mean, and the five commonest types.
-- Without members nothing is added up, and the types are the five commonest already.
create or replace function vessel_activity.areas_of_counts(
  p_as_of timestamptz, p_since timestamptz, p_own vessel_activity.area_count[], p_others vessel_activity.area_count[] default '{}'
)
returns setof vessel_activity.area_figures
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  if cardinality(p_others) = 0 then
    return query
      select c.area, p_as_of, p_since, c.active_now::integer, c.active_last_hour::integer, c.active_last_24h::integer, c.entered::integer,
        c.departed::integer, round(c.speed_sum::numeric / 1000 / nullif(c.speed_count, 0), 2)::numeric(5,2), c.types
      from unnest(p_own) as c;
    return;
  end if;
  return query
    with counted as not materialized (
      select c.* from unnest(p_own || p_others) as c
    ),
    total as (
      select c.area, sum(c.active_now)::integer as active_now, sum(c.active_last_hour)::integer as active_last_hour,
        sum(c.active_last_24h)::integer as active_last_24h, sum(c.entered)::integer as entered, sum(c.departed)::integer as departed,
        round(sum(c.speed_sum) / 1000 / nullif(sum(c.speed_count), 0), 2)::numeric(5,2) as mean_speed
      from counted as c
      group by c.area
    ),
    typed as (
      select g.area, g.name, g.vessels, row_number() over (partition by g.area order by g.vessels desc, g.name collate "C") as place
      from (
        select c.area, t.name, sum(t."activeNow") as vessels
        from counted as c
        cross join lateral json_to_recordset(c.types) as t (name text, "activeNow" bigint)
        group by c.area, t.name
      ) as g
    ),
    types as (
      select t.area, ('[' || string_agg(row_to_json(x)::text, ',' order by t.place) || ']')::json as types
      from typed as t
      cross join lateral (select t.name, t.vessels as "activeNow") as x
      where t.place <= 5
      group by t.area
    )
    select t.area, p_as_of, p_since, t.active_now, t.active_last_hour, t.active_last_24h, t.entered, t.departed, t.mean_speed,
      coalesce(y.types, '[]')
    from total as t
    left join types as y on y.area = t.area;
end
$$;

comment on function vessel_activity.areas_of_counts(timestamptz, timestamptz, vessel_activity.area_count[], vessel_activity.area_count[]) is
  'The figures of areas as of p_as_of from counts of databases that share no vessel. p_since: with which instant entered and departed compare. p_own: the counts of this database, with the five commonest types if there are no others. p_others: those of members, with all types.';
