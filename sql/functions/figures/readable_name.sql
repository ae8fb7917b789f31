-- A database whose encoding is not UTF8 can hold bytes that have no counterpart in UTF8. The server refuses to send them to a
-- client that uses UTF8, so one such name would make the whole row unreadable.
-- In an SQL_ASCII database such a name is read as Latin-1, because that is what it most likely is. If group_name() has cut a
-- name within a character of UTF8, the rest of that character is left out. In other databases each character beyond ASCII is
-- replaced by a question mark.
create or replace function vessel_activity.readable_name(p_name text)
returns text
language plpgsql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
  v_whole text := p_name;
begin
  if getdatabaseencoding() = 'UTF8' then
    return p_name;
  end if;

  if getdatabaseencoding() = 'SQL_ASCII' and octet_length(p_name) = 100 then
    v_whole := regexp_replace(p_name, '([\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})$', '');
  end if;
  begin
    perform convert_to(v_whole, 'UTF8');
    return v_whole;
  exception when character_not_in_repertoire or untranslatable_character then
    if getdatabaseencoding() = 'SQL_ASCII' then
      return convert_from(convert(convert_to(p_name, 'SQL_ASCII'), 'LATIN1', 'UTF8'), 'SQL_ASCII');
    end if;
    return regexp_replace(p_name, '[^\x01-\x7f]', '?', 'g');
  end;
end
$$;

comment on function vessel_activity.readable_name(text) is
  'p_name without characters that have no counterpart in UTF8, so that every client can read the name.';
