-- MERGE is followed by INTO, with white space or a comment in between. A long text is not searched for more than the word.
create or replace function vessel_activity.names_merge(p_text text)
returns boolean
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    strpos(lower(p_text collate "C"), 'merge') > 0
      and (octet_length(p_text) > 1000000 or p_text collate "C" ~* 'merge[[:space:]]*(into|/[*]|--)'),
    false)
$$;

comment on function vessel_activity.names_merge(text) is
  'Whether a text may contain a MERGE statement. False for NULL.';
