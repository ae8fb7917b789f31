-- Another session may add the same vessel or position while a batch is loaded. If a unique index on exactly these columns
-- exists, such a row is left out. ON CONFLICT without a target would also leave out rows that break any other constraint,
-- without a word. ON CONFLICT can't use a deferrable constraint, and is not allowed on a table with rules.
create or replace function vessel_activity.load_conflict_clause(p_table regclass, p_columns name[])
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select coalesce((
    select format('on conflict (%s) do nothing', string_agg(quote_ident(c.name), ', '))
    from unnest(p_columns) as c (name)
    where not exists (select from pg_rewrite as r where r.ev_class = p_table)
      and exists (
        select from pg_index as i
        where i.indrelid = p_table and i.indisunique and i.indimmediate and i.indisvalid and i.indisready
          and i.indpred is null and i.indexprs is null
          and (
            select array_agg(a.attname order by a.attname)
            from unnest(i.indkey) with ordinality as k (attnum, ordinal)
            join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
            where k.ordinal <= i.indnkeyatts
          ) = (select array_agg(d.name order by d.name) from unnest(p_columns) as d (name))
      )
    having count(*) > 0
  ), '')
$$;

comment on function vessel_activity.load_conflict_clause(regclass, name[]) is
  'The ON CONFLICT clause for an INSERT that leaves out a row if the table has the same values in the columns already. Empty if the table has no unique index on exactly these columns.';
