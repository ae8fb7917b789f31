-- Few fields have an escape, so those without are returned at once.
create or replace function vessel_activity.without_escapes(p_field text)
returns text
language sql immutable parallel safe
return case
  when pg_catalog.strpos(p_field, '\') operator(pg_catalog.>) 0 then (
    select pg_catalog.string_agg(
      pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(w.part, '\t', E'\t'), '\r', E'\r'), '\n', E'\n'),
      '\' order by w.place)
    from pg_catalog.string_to_table(p_field, '\\') with ordinality as w (part, place)
  )
  else p_field
end;

comment on function vessel_activity.without_escapes(text) is
  'A field of COPY''s text format as it was before the escapes \\, \t, \r and \n were written.';
