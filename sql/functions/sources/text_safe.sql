-- In the text of a function, a name may be between quotes or in a format string. So characters that mean something there are
-- written by their numbers, and the name as an identifier with Unicode escapes. Other names are quoted as usual.
create or replace function vessel_activity.text_safe(p_name text)
returns text
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
set standard_conforming_strings = on
as $$
  select case when p_name !~ '[%''"\\$[:cntrl:]]' then quote_ident(p_name)
    else 'U&"' || (
      select string_agg(case when c.letter ~ '[%''"\\$[:cntrl:]]' then chr(92) || lpad(to_hex(ascii(c.letter)), 4, '0') else c.letter end, '' order by c.ordinal)
      from regexp_split_to_table(p_name, '') with ordinality as c (letter, ordinal)
    ) || '"'
  end
$$;

comment on function vessel_activity.text_safe(text) is
  'An SQL name that may stand between any quotes and in a format string.';
