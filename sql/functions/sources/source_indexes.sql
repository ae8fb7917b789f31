-- Finds the indexes on the source table of positions that the figures need, by purpose: 'time' begins with (timestamp), 'vessel'
-- begins with ("vesselId", timestamp). Any sort direction counts, and so does an index with INCLUDE columns.
-- A partial or invalid index does not count. Nor does an index with another collation than the column, or with another operator
-- class than the default: the queries of vessel activity can't use it.
create or replace function vessel_activity.source_indexes()
returns table (purpose text, index_oid oid)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select distinct on (w.purpose) w.purpose, i.indexrelid
  from (values
    ('time', array[vessel_activity.actual_column('vessel_positions', 'timestamp')]),
    ('vessel', array[vessel_activity.actual_column('vessel_positions', 'vesselId'), vessel_activity.actual_column('vessel_positions', 'timestamp')])
  ) as w (purpose, lead_columns)
  join pg_index as i
    on i.indrelid = to_regclass(vessel_activity.actual_table('vessel_positions')) and i.indisvalid and i.indisready and i.indpred is null
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
  'Indexes on the source table of positions that serve the figures. purpose: time for an index that begins with (timestamp), vessel for one that begins with ("vesselId", timestamp).';
