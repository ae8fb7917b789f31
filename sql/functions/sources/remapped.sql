-- Rewrites the text of a function so that it reads the source tables under the names that a migrate was given. A source table
-- becomes a query that gives the actual columns the names that vessel activity uses: PostgreSQL pulls it up, so plans are those
-- of the table itself. It names only the columns that the function reads. Nothing depends on it, unlike on a view: so the types
-- of columns can be altered.
-- The rows that a trigger gets (old_rows, new_rows, old and new) are those of p_rows_of.
-- Functions write "public.vessels as v", and name columns as v.flag or v."vesselType". tests/test_names.py holds them to it.
create or replace function vessel_activity.remapped(p_text text, p_rows_of text)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
declare
  v_text text := p_text;
  v_used record;
  v_column record;
  v_list text;
  v_latitude text;
  v_longitude text;
begin
  for v_used in
    select distinct m[1] as relation, m[2] as alias, case when m[1] like '%_rows' then p_rows_of else substr(m[1], 8) end as source
    from regexp_matches(p_text, '\m(public[.]vessels|public[.]vessel_positions|old_rows|new_rows) as (\w+)\M', 'g') as m
  loop
    select string_agg(format('%s as %I', vessel_activity.actual_value(v_used.source, c.name, 'source'), c.name), ', ' order by c.ordinal)
    into v_list
    from unnest('{id,mmsi,name,vesselType,flag,active,vesselId,timestamp,speed,latitude,longitude,course}'::text[])
      with ordinality as c (name, ordinal)
    where p_text ~ ('\m' || v_used.alias || '[.]"?' || c.name || '\M');
    if v_used.relation not like '%_rows' then
      v_list := format('(select %s from %s as source) as %I', v_list, vessel_activity.actual_rows(v_used.source), v_used.alias);
    elsif p_text ~ ('\m' || v_used.alias || '[.][*]') then
      -- If somebody drops the columns of the place, no writer may fail: see note_positions_updated.
      v_latitude := vessel_activity.actual_value(v_used.source, 'latitude', null);
      v_longitude := vessel_activity.actual_value(v_used.source, 'longitude', null);
      v_list := format(
        '(select %1$s, (select %2$s from (select source.*) as place) as latitude, (select %3$s from (select source.*) as place) as longitude '
        'from (select null as %2$s, null as %3$s) as no_place cross join %4$s as source) as %5$I',
        v_list, v_latitude, v_longitude, v_used.relation, v_used.alias);
    else
      v_list := format('(select %s from %s as source) as %I', v_list, v_used.relation, v_used.alias);
    end if;
    v_text := regexp_replace(v_text, '\m' || replace(v_used.relation, '.', '[.]') || ' as ' || v_used.alias || '\M', replace(v_list, chr(92), repeat(chr(92), 2)), 'g');
  end loop;

  for v_column in
    select distinct m[1] as record, m[2] as name
    from regexp_matches(p_text, '\m(old|new)[.]"?(\w+)', 'g') as m
    where p_rows_of is not null
  loop
    v_text := regexp_replace(v_text, format('\m%s[.]"?%s\M"?', v_column.record, v_column.name),
      replace(vessel_activity.actual_value(p_rows_of, v_column.name, v_column.record), chr(92), repeat(chr(92), 2)), 'g');
  end loop;
  return v_text;
end
$$;

comment on function vessel_activity.remapped(text, text) is
  'The text of a function with the source tables read under their actual names. p_rows_of: the source table whose rows a trigger function gets, vessels or vessel_positions; NULL for other functions.';
