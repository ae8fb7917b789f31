-- In an address, %3A stands for a colon, and so on.
create or replace function vessel_activity.percent_decoded(p_text text)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
as $$
  select convert_from(coalesce(string_agg(
    case when t.token ~ '^%[0-9A-Fa-f]{2}$' then decode(substring(t.token from 2), 'hex') else convert_to(t.token, 'UTF8') end,
    '' order by t.number), ''), 'UTF8')
  from (
    select m.found[1] as token, m.number
    from regexp_matches(p_text, '%[0-9A-Fa-f]{2}|[^%]+|%', 'g') with ordinality as m (found, number)
  ) as t
  having p_text is not null
$$;

comment on function vessel_activity.percent_decoded(text) is
  'p_text with the bytes that %XX stands for, read as UTF-8. NULL for NULL.';
