-- An INSERT into a plain table stores every row or raises an error. A row can only go missing without an error if a BEFORE or
-- INSTEAD OF trigger returns NULL, a rule replaces the INSERT, or the rows go to a view or to another server.
-- The answer saves the loader from counting the rows of each batch before they are inserted.
create or replace function vessel_activity.load_may_drop_rows(p_table regclass)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select
    exists (
      select from pg_class as c
      where c.oid = p_table and c.relkind not in ('r', 'p')
    )
    or exists (
      select from pg_rewrite as r
      where r.ev_class = p_table and r.ev_type = '3' -- INSERT
    )
    or exists (
      with recursive part (relation) as (
        select p_table::oid
        union
        select i.inhrelid from part as p join pg_inherits as i on i.inhparent = p.relation
      )
      select
      from part as p
      join pg_class as c on c.oid = p.relation
      left join pg_trigger as t on t.tgrelid = p.relation and not t.tgisinternal
        and t.tgtype & 5 = 5 and t.tgtype & 66 <> 0 -- row level and INSERT; BEFORE or INSTEAD OF
      where t.oid is not null or c.relkind = 'f'
    )
$$;

comment on function vessel_activity.load_may_drop_rows(regclass) is
  'Whether an INSERT into the table or view can leave rows out without an error, because of a trigger, a rule, or a foreign server.';
