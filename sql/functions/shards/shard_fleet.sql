-- Makes the counts of the fleet out of the answers of the shards, as fleet_counts_now does out of the rows.
create or replace function vessel_activity.shard_fleet(p_answers json[])
returns setof vessel_activity.fleet_count
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select
    case when grouping(v.type_name) = 0 then 'type' when grouping(v.flag_name) = 0 then 'flag' else 'total' end,
    coalesce(v.type_name, v.flag_name, ''),
    coalesce(sum(v.vessels), 0)
  from (
    select vessel_activity.group_name(r.type_name collate "C") as type_name,
      vessel_activity.group_name(r.flag_name collate "C") as flag_name,
      r.vessels
    from unnest(p_answers) as a
    cross join lateral json_to_record(a) as r (type_name text, flag_name text, vessels bigint)
  ) as v
  group by grouping sets ((v.type_name), (v.flag_name), ())
$$;

comment on function vessel_activity.shard_fleet(json[]) is
  'The fleet by type, by flag state and in total: (kind, name, vessels). p_answers: the answers to shard_fleet_question().';
