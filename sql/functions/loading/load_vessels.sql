-- Adds or updates the vessels of the landed reports by MMSI: name, type and flag state.
-- A vessel gets the newest name and type that are not empty. The newest is the one of the latest report, across all loads;
-- vessel_activity.static_data keeps the times. If a vessel was in public.vessels before its first load, its name and type
-- count as being as new as its newest position.
-- The column mmsi may have any type and needs no unique constraint. AIS names have up to 20 characters; they are cut to the
-- length of the column. A row is updated only if one of its values changes.
-- A row that breaks another constraint of public.vessels raises its error: nothing is left out without a word.
-- Only one load at a time may call this. load_batch() sets TimeZone to UTC for columns without time zone.
create or replace function vessel_activity.load_vessels(out p_new bigint, out p_updated bigint)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant record := vessel_activity.load_id_source('public.vessels');
  v_name_length constant integer := coalesce((
    select case when a.atttypid in ('varchar'::regtype, 'bpchar'::regtype) and a.atttypmod > -1 then a.atttypmod - 4 end
    from pg_attribute as a
    where a.attrelid = 'public.vessels'::regclass and a.attname = 'name'
  ), 2147483647);
begin
  insert into vessel_activity.landed_vessel (mmsi, name, name_at, type_name, type_at, flag)
  with seen as (
    select r.mmsi, r.name, r.type_code, max(r.reported_at) as reported_at
    from vessel_activity.landing as r
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
  select m.mmsi,
    -- In an SQL_ASCII database left() counts bytes, and may cut a character of UTF-8.
    rtrim(case
      when getdatabaseencoding() = 'SQL_ASCII' and octet_length(n.name) > v_name_length
        then regexp_replace(left(n.name, v_name_length), '([\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})$', '')
      else left(n.name, v_name_length)
    end),
    n.reported_at, t.name, t.reported_at, c.flag
  from (select distinct s.mmsi from seen as s) as m
  left join named as n on n.mmsi = m.mmsi
  left join typed as t on t.mmsi = m.mmsi
  left join vessel_activity.country_digits as c on c.mid = m.mmsi / 1000000;

  insert into vessel_activity.static_data (mmsi, name_at, type_at)
  select l.mmsi, p.newest_at, p.newest_at
  from vessel_activity.landed_vessel as l
  join public.vessels as v on v.mmsi::text = l.mmsi::text
  cross join lateral (
    select coalesce(max(q."timestamp"), '-infinity') as newest_at
    from public.vessel_positions as q
    where q."vesselId" = v.id
  ) as p
  where not exists (select from vessel_activity.static_data as d where d.mmsi = l.mmsi)
  on conflict (mmsi) do nothing;

  execute format(
    $sql$
    insert into public.vessels (%1$smmsi, name, "vesselType", flag, active)
    select %2$sl.mmsi, l.name, l.type_name, l.flag, true
    from vessel_activity.landed_vessel as l
    where not exists (select from public.vessels as v where v.mmsi::text = l.mmsi::text)
    order by l.mmsi
    %3$s
    $sql$,
    v_id.id_column, v_id.id_value, vessel_activity.load_conflict_clause('public.vessels', '{mmsi}'));
  get diagnostics p_new = row_count;

  update public.vessels as v
  set name = n.name, "vesselType" = n.type_name, flag = n.flag
  from (
    select
      o.id,
      case when l.name_at > d.name_at or (l.name is not null and coalesce(btrim(o.name::text), '') = '')
        then l.name else o.name::text end as name,
      case when l.type_at > d.type_at or (l.type_name is not null and coalesce(btrim(o."vesselType"::text), '') = '')
        then l.type_name else o."vesselType"::text end as type_name,
      coalesce(nullif(btrim(o.flag::text), ''), l.flag) as flag
    from vessel_activity.landed_vessel as l
    join vessel_activity.static_data as d on d.mmsi = l.mmsi
    join public.vessels as o on o.mmsi::text = l.mmsi::text
  ) as n
  where v.id = n.id
    and (n.name, n.type_name, n.flag) is distinct from (v.name::text, v."vesselType"::text, v.flag::text);
  get diagnostics p_updated = row_count;

  insert into vessel_activity.static_data as d (mmsi, name_at, type_at)
  select l.mmsi, coalesce(l.name_at, '-infinity'), coalesce(l.type_at, '-infinity')
  from vessel_activity.landed_vessel as l
  on conflict (mmsi) do update
  set name_at = greatest(d.name_at, excluded.name_at), type_at = greatest(d.type_at, excluded.type_at)
  where d.name_at < excluded.name_at or d.type_at < excluded.type_at;
end
$$;

comment on function vessel_activity.load_vessels() is
  'Adds or updates the vessels of the landed reports by MMSI. Returns the numbers of added and of changed vessels.';
