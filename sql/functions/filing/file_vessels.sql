-- Adds or updates the vessels of a batch by MMSI: name, type and flag state.
-- A vessel gets the newest name and type that are not empty. The newest is the one of the latest report, across all loads and
-- feeds; vessel_activity.static_data keeps the times. A report from the future counts as of now, so that a receiver whose clock
-- is ahead does not keep newer names out for years.
-- The column mmsi may have any type and needs no unique constraint. AIS names have up to 20 characters; they are cut to the
-- length of the column. A row is updated only if one of its values changes.
-- A row that breaks another constraint of the table raises its error: nothing is left out without a word.
-- The caller has called lock_vessels(), and has set TimeZone to UTC for columns without time zone.
create or replace function vessel_activity.file_vessels(
  p_reports vessel_activity.report[],
  out p_new bigint,
  out p_updated bigint,
  out p_missing integer[]
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant record := vessel_activity.load_id_source('vessels');
  v_mmsi_type constant text := vessel_activity.mmsi_type();
  v_now constant timestamptz := clock_timestamp();
  v_name_length constant integer := coalesce((
    select case when a.atttypid in ('varchar'::regtype, 'bpchar'::regtype) and a.atttypmod > -1 then a.atttypmod - 4 end
    from pg_attribute as a
    where a.attrelid = to_regclass(vessel_activity.actual_table('vessels')) and a.attname = vessel_activity.actual_column('vessels', 'name')
  ), 2147483647);
  -- The vessels of the batch, each with its newest static data. The arrays are parallel.
  v_mmsi integer[];
  v_name text[];
  v_name_at timestamptz[];
  v_type text[];
  v_type_at timestamptz[];
  v_flag text[];
  -- Each vessel of the batch (l) with its row (v), if it has one, and the values that the row should have (n).
  v_found constant text := format(
    $sql$
    unnest($1, $2, $3, $4, $5, $6) as l (mmsi, name, name_at, type_name, type_at, flag)
    join vessel_activity.static_data as d on d.mmsi = l.mmsi
    left join public.vessels as v on v.mmsi = l.mmsi::text::%s
    cross join lateral (
      select
        v.id,
        case when l.name_at > d.name_at or (l.name is not null and coalesce(btrim(v.name::text), '') = '')
          then l.name else v.name::text end as name,
        case when l.type_at > d.type_at or (l.type_name is not null and coalesce(btrim(v."vesselType"::text), '') = '')
          then l.type_name else v."vesselType"::text end as type_name,
        coalesce(nullif(btrim(v.flag::text), ''), l.flag) as flag
    ) as n
    $sql$,
    v_mmsi_type);
  v_absent integer[];
  v_is_changed boolean;
begin
  p_new := 0;
  p_updated := 0;
  with seen as materialized (
    select r.mmsi, r.name, r.type_code, least(max(r.reported_at), v_now) as reported_at
    from unnest(p_reports) as r
    where r.reason is null
    group by r.mmsi, r.name, r.type_code
  ),
  named as (
    select distinct on (s.mmsi) s.mmsi, s.name, s.reported_at
    from seen as s
    where s.name is not null
    order by s.mmsi, s.reported_at desc, s.name
  ),
  typed as (
    select distinct on (s.mmsi) s.mmsi, t.name, s.reported_at
    from seen as s
    join vessel_activity.ship_type as t on t.code = s.type_code
    order by s.mmsi, s.reported_at desc, t.name
  )
  select
    array_agg(m.mmsi),
    -- In an SQL_ASCII database left() counts bytes, and may cut a character of UTF-8.
    array_agg(rtrim(case
      when getdatabaseencoding() = 'SQL_ASCII' and octet_length(n.name) > v_name_length
        then regexp_replace(left(n.name, v_name_length), E'([\\xc2-\\xdf]|[\\xe0-\\xef][\\x80-\\xbf]?|[\\xf0-\\xf4][\\x80-\\xbf]{0,2})$', '')
      else left(n.name, v_name_length)
    end)),
    array_agg(n.reported_at), array_agg(t.name), array_agg(t.reported_at), array_agg(c.flag)
  into v_mmsi, v_name, v_name_at, v_type, v_type_at, v_flag
  from (select distinct s.mmsi from seen as s order by s.mmsi) as m
  left join named as n on n.mmsi = m.mmsi
  left join typed as t on t.mmsi = m.mmsi
  left join vessel_activity.country_digits as c on c.mid = m.mmsi / 1000000;
  if v_mmsi is null then
    return;
  end if;

  -- Most batches change no vessel, so what must change is looked up first.
  execute format(
    $sql$
    select array_agg(l.mmsi) filter (where v.mmsi is null),
      coalesce(bool_or((n.name, n.type_name, n.flag) is distinct from (v.name::text, v."vesselType"::text, v.flag::text))
        filter (where v.mmsi is not null), false)
    from %1$s
    $sql$,
    v_found)
  into v_absent, v_is_changed
  using v_mmsi, v_name, v_name_at, v_type, v_type_at, v_flag;

  if v_is_changed then
    execute format(
      $sql$
      update %2$s as v
      set %4$I = n.name, %5$I = n.type_name, %6$I = n.flag
      from (select n.* from %1$s where v.mmsi is not null) as n
      where v.%3$I = n.id and (n.name, n.type_name, n.flag) is distinct from (v.%4$I::text, v.%5$I::text, v.%6$I::text)
      $sql$,
      v_found, vessel_activity.actual_table('vessels'), vessel_activity.actual_column('vessels', 'id'),
      vessel_activity.actual_column('vessels', 'name'), vessel_activity.actual_column('vessels', 'vesselType'),
      vessel_activity.actual_column('vessels', 'flag'))
    using v_mmsi, v_name, v_name_at, v_type, v_type_at, v_flag;
    get diagnostics p_updated = row_count;
  end if;

  if v_absent is not null then
    execute format(
      $sql$
      insert into %4$s (%1$s%5$I, %6$I, %7$I, %8$I%9$s)
      select %2$sl.mmsi, l.name, l.type_name, l.flag%10$s
      from unnest($2, $3, $4, $5) as l (mmsi, name, type_name, flag)
      where l.mmsi = any ($1)
      order by l.mmsi
      %3$s
      $sql$,
      v_id.id_column, v_id.id_value,
      vessel_activity.load_conflict_clause(
        to_regclass(vessel_activity.actual_table('vessels')), array[vessel_activity.actual_column('vessels', 'mmsi')]),
      vessel_activity.actual_table('vessels'), vessel_activity.actual_column('vessels', 'mmsi'),
      vessel_activity.actual_column('vessels', 'name'), vessel_activity.actual_column('vessels', 'vesselType'),
      vessel_activity.actual_column('vessels', 'flag'), ', ' || quote_ident(vessel_activity.actual_column('vessels', 'active')),
      case when vessel_activity.actual_column('vessels', 'active') is not null then ', true' end)
    using v_absent, v_mmsi, v_name, v_type, v_flag;
    get diagnostics p_new = row_count;

    -- A trigger may have left a vessel out, or stored the vessel under another MMSI.
    execute format(
      'select array_agg(l.mmsi) from unnest($1) as l (mmsi)'
        ' where not exists (select from public.vessels as v where v.mmsi = l.mmsi::text::%s)',
      v_mmsi_type)
    into p_missing
    using v_absent;
  end if;

  update vessel_activity.static_data as d
  set name_at = greatest(d.name_at, l.name_at), type_at = greatest(d.type_at, l.type_at)
  from unnest(v_mmsi, v_name_at, v_type_at) as l (mmsi, name_at, type_at)
  where d.mmsi = l.mmsi and (d.name_at < l.name_at or d.type_at < l.type_at);
end
$$;

comment on function vessel_activity.file_vessels(vessel_activity.report[]) is
  'Adds or updates the vessels of the reports by MMSI. p_new: vessels added. p_updated: vessels changed. p_missing: MMSIs that the source table did not store; NULL if there are none.';
