-- Text of the query that gives each vessel its names. The id of a vessel need not be unique: public.vessels may be a view, or may be
-- partitioned with another key. Then one row stands for the vessel: one of the fleet before others, and the first by its
-- names. That costs a sort, so it is only done where no unique index keeps ids unique.
create or replace function vessel_activity.vessels_query()
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select case
    when vessel_activity.asks_shards('vessels') then format(
      $query$
        select distinct on (v.id) v.id::%s as id, v.type_name collate "C" as type_name, v.flag_name collate "C" as flag_name, v.mmsi, v.name
        from vessel_activity.shard_vessels() as v
        order by v.id, v.is_active desc nulls last, v.type_name collate "C", v.flag_name collate "C", v.mmsi collate "C", v.name collate "C"
      $query$,
      (select format_type(a.atttypid, a.atttypmod) from pg_attribute as a
        where a.attrelid = to_regclass(vessel_activity.actual_table('vessels')) and a.attname = vessel_activity.actual_column('vessels', 'id')))
    when exists (
      select from pg_index as i
      join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = to_regclass(vessel_activity.actual_table('vessels')) and i.indisunique and i.indisvalid and i.indpred is null
        and i.indnkeyatts = 1 and a.attname = vessel_activity.actual_column('vessels', 'id')
        and not exists (
          select from pg_inherits as h join pg_class as c on c.oid = h.inhparent
          where h.inhparent = i.indrelid and c.relkind <> 'p'
        )
    )
    then 'select v.id, v."vesselType"::text collate "C" as type_name, v.flag::text collate "C" as flag_name, v.mmsi::text as mmsi, v.name::text as name '
      'from public.vessels as v'
    else 'select distinct on (v.id) v.id, v."vesselType"::text collate "C" as type_name, v.flag::text collate "C" as flag_name, v.mmsi::text as mmsi, v.name::text as name '
      'from public.vessels as v where v.id is not null '
      'order by v.id, v.active desc nulls last, v."vesselType"::text collate "C", v.flag::text collate "C", v.mmsi::text collate "C", v.name::text collate "C"'
  end
$$;

comment on function vessel_activity.vessels_query() is
  'Text of a query for the vessels, one row for each id: id, type_name, flag_name, mmsi, name.';
