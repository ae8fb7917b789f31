-- What needs joins or writes that Citus does not have, or a sweep over all positions in order, is refused before it begins.
create or replace function vessel_activity.refuse_shards(p_what text)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table text;
begin
  select vessel_activity.actual_table(s.source) into v_table
  from (values ('vessels', 1), ('vessel_positions', 2)) as s (source, place)
  where vessel_activity.is_sharded(s.source)
  order by s.place
  limit 1;
  if v_table is not null then
    raise exception using
      errcode = 'feature_not_supported',
      message = format('%s is not possible: %s is managed by Citus', p_what, v_table),
      hint = 'See docs/scaling.md for what is possible with Citus. Write the positions with a program of yours, or make the table an ordinary one: select undistribute_table.';
  end if;
end
$$;

comment on function vessel_activity.refuse_shards(text) is
  'Raises feature_not_supported if Citus keeps a source table in shards. p_what: what is not possible, as the beginning of a sentence.';
