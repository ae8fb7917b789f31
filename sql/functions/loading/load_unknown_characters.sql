-- A character of a file may be missing in the encoding of the database, such as a Japanese one in LATIN1. COPY would fail at
-- such a character, so the loader replaces it before.
create or replace function vessel_activity.load_unknown_characters(p_characters bytea[])
returns setof bytea
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_character bytea;
begin
  foreach v_character in array p_characters loop
    begin
      perform convert_from(v_character, 'UTF8');
    exception when untranslatable_character or character_not_in_repertoire then
      return next v_character;
    end;
  end loop;
end
$$;

comment on function vessel_activity.load_unknown_characters(bytea[]) is
  'The given characters that the encoding of this database lacks. Each is the bytes of one character in UTF-8.';
