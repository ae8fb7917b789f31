-- The indexes on the source tables that the figures need and that are there, by purpose: 'time' leads with
-- (timestamp), 'vessel' with ("vesselId", timestamp). Any sort order and INCLUDE count; partial and invalid ones don't, nor
-- those that sort otherwise than the column does, by another collation or operator class: no query of ours can use them.
-- Called by last_positions_query, missing_indexes and vessel_activity_status.
create or replace function vessel_activity.source_indexes()
returns table (purpose text, index_oid oid)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select distinct on (w.purpose) w.purpose, i.indexrelid
  from (values
    ('time', array['timestamp']::name[]),
    ('vessel', array['vesselId', 'timestamp']::name[])
  ) as w (purpose, lead_columns)
  join pg_index as i
    on i.indrelid = to_regclass('public.vessel_positions') and i.indisvalid and i.indisready and i.indpred is null
  join pg_class as c on c.oid = i.indexrelid
  join pg_am as m on m.oid = c.relam and m.amname = 'btree'
  where w.lead_columns = (
    select array_agg(a.attname order by k.ordinal)
    from unnest(i.indkey) with ordinality as k (attnum, ordinal)
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
    join pg_opclass as o on o.oid = i.indclass[k.ordinal - 1] and o.opcdefault
    where k.ordinal <= least(i.indnkeyatts, cardinality(w.lead_columns)) and i.indcollation[k.ordinal - 1] = a.attcollation
  )
  order by w.purpose, i.indisprimary desc, i.indexrelid
$$;

comment on function vessel_activity.source_indexes() is
  'Indexes on public.vessel_positions that serve the figures: purpose time = leads with (timestamp), vessel = leads with ("vesselId", timestamp).';
