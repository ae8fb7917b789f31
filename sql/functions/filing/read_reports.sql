-- Reads the reports of a batch from one text, in the text format of COPY: a line for each report, tabs between the fields, and
-- \N for NULL. The fields are those of the type vessel_activity.report, in its order.
-- One text, and no COPY into a table: the whole batch is one statement, so no transaction ever waits for its client, and a
-- role needs no right on a table. It is also the fastest form: arrays and JSON cost more than twice as much.
-- Numbers and times must be ones that PostgreSQL can read; the programs that read files and messages see to that. Fractions of a
-- second are dropped. Reports that can't be filed get their reason here.
-- Raises invalid_parameter_value (22023) if a line has another number of fields, and the errors of the casts.
create or replace function vessel_activity.read_reports(p_rows text)
returns vessel_activity.report[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Whatever standard_conforming_strings of the caller is.
  v_backslash constant text := chr(92);
  v_reports vessel_activity.report[];
  v_wrong bigint;
begin
  select
    array_agg(
      row(
        f.number,
        coalesce(
          case when strpos(f.reason, v_backslash) > 0 then vessel_activity.without_escapes(f.reason) else f.reason end,
          vessel_activity.rejection_reason(f.kind, f.mmsi, f.latitude, f.longitude, f.name is not null or coalesce(f.type_code, 0) > 0)
        ),
        f.kind, f.mmsi, f.reported_at, f.latitude, f.longitude, f.speed, f.course,
        case when strpos(f.name, v_backslash) > 0 then vessel_activity.without_escapes(f.name) else f.name end,
        f.type_code, f.raw
      )::vessel_activity.report
      order by f.place
    ) filter (where f.fields = 12),
    count(*) filter (where f.fields <> 12)
  into v_reports, v_wrong
  from (
    select
      s.place,
      cardinality(s.x) as fields,
      s.x[1]::integer as number,
      s.x[2] as reason,
      s.x[3]::smallint as kind,
      s.x[4]::integer as mmsi,
      date_trunc('second', s.x[5]::timestamptz) as reported_at,
      s.x[6]::double precision as latitude,
      s.x[7]::double precision as longitude,
      s.x[8]::numeric as speed,
      s.x[9]::numeric as course,
      s.x[10] as name,
      s.x[11]::integer as type_code,
      s.x[12] as raw
    from (
      select string_to_array(l.line, E'\t', v_backslash || 'N') as x, l.place
      from string_to_table(p_rows, E'\n') with ordinality as l (line, place)
      where l.line <> ''
      offset 0 -- split each line once
    ) as s
    offset 0 -- and convert each field once
  ) as f;
  if v_wrong > 0 then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('%s of the rows do not have 12 fields', v_wrong),
      hint = E'Separate the fields by tabs. Write a tab, newline or backslash within a field as \\t, \\n or \\\\.';
  end if;
  return coalesce(v_reports, '{}');
end
$$;

comment on function vessel_activity.read_reports(text) is
  'Reads reports in the text format of COPY, with the fields of vessel_activity.report in its order. Reports that can''t be filed have a reason afterwards. Raises invalid_parameter_value if a line has not 12 fields.';
