-- Asks every shard of the source tables a few questions and returns the answers, one row for each row of an answer. Each node gets
-- one query for all its shards, so what it answers is of one snapshot. The nodes are asked at the same time.
-- The query reads the shards by their own names and calls no function of vessel activity, because nothing of vessel activity is on
-- the other nodes. So a question only collects values, and what they mean is decided here.
-- p_questions: texts of queries over {shard}. p_sources: the source table of each. p_totals: what a node does with the rows of its
-- shards before it answers: a query over {rows}, so that an answer does not grow with the number of shards.
-- A shard that moves to another node leaves a copy behind for a while, which no writer writes any more. So the placements are read
-- again after the answers, and if they differ, all nodes are asked again.
-- The sessions on the nodes are not this one: what this transaction has written is not seen, and row-level security there would
-- hide rows without a word. So it is refused here.
-- Raises insufficient_privilege (42501) if row-level security would hide rows, invalid_transaction_state (25000) above READ
-- COMMITTED, external_routine_exception (38000) if a node does not answer, object_in_use (55006) if shards keep moving, and the
-- errors of shard_placements.
create or replace function vessel_activity.ask_shards(p_sources text[], p_questions text[], p_totals text[] default '{}')
returns table (question integer, answer json)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_placements text;
  v_again text;
  v_names text[];
  v_ports integer[];
  v_queries text[];
  v_node record;
  v_answers json[];
begin
  if exists (select from unnest(p_sources) as s (source) where row_security_active(vessel_activity.actual_table(s.source))) then
    raise exception using
      errcode = 'insufficient_privilege',
      message = format('row-level security would hide rows of the source tables from %I', current_user),
      hint = format('Let the role bypass it: alter role %I bypassrls.', current_user);
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'invalid_transaction_state',
      message = format('tables in shards can''t be counted in a %s transaction: shards that have moved since its snapshot would go unseen',
        upper(current_setting('transaction_isolation'))),
      hint = 'Use a READ COMMITTED transaction, or none.';
  end if;

  for v_round in 1..3 loop
    with placement as (
      select q.source, p.*
      from (select distinct s.source from unnest(p_sources) as s (source)) as q
      cross join lateral vessel_activity.shard_placements(q.source) as p
    ),
    question as (
      select p.node_name, p.node_port, q.place,
        format('(select coalesce(json_agg(a), ''[]'') from (%s) as a)',
          replace(coalesce(q.total, 'select * from {rows} as r'), '{rows}',
            format('(%s)', string_agg(format('(%s)', replace(q.text, '{shard}', p.shard)), ' union all ' order by p.shard)))) as text
      from unnest(p_sources, p_questions, p_totals) with ordinality as q (source, text, total, place)
      join placement as p on p.source = q.source
      group by p.node_name, p.node_port, q.place, q.total
    ),
    query as (
      select q.node_name, q.node_port,
        format('select json_build_object(%s)', string_agg(format('%L, %s', q.place, q.text), ', ' order by q.place)) as text
      from question as q
      group by q.node_name, q.node_port
    )
    select (select string_agg(concat_ws(' ', p.shard, p.node_name, p.node_port), ',' order by p.source, p.shard) from placement as p),
      array_agg(q.node_name order by q.node_name, q.node_port), array_agg(q.node_port order by q.node_name, q.node_port),
      array_agg(q.text order by q.node_name, q.node_port)
    into v_placements, v_names, v_ports, v_queries
    from query as q;

    v_answers := '{}';
    for v_node in execute 'select r.* from master_run_on_worker($1, $2, $3, true) as r' using v_names, v_ports, v_queries loop
      if not v_node.success then
        raise exception using
          errcode = 'external_routine_exception',
          message = format('the Citus node %s:%s did not answer: %s', v_node.node_name, v_node.node_port, btrim(v_node.result)),
          hint = 'Look at select * from citus_check_cluster_node_health(). The row stays as it is until the node answers.';
      end if;
      v_answers := v_answers || v_node.result::json;
    end loop;

    select string_agg(concat_ws(' ', p.shard, p.node_name, p.node_port), ',' order by q.source, p.shard)
    into v_again
    from (select distinct s.source from unnest(p_sources) as s (source)) as q
    cross join lateral vessel_activity.shard_placements(q.source) as p;
    if v_again = v_placements then
      return query
      select n.question::integer, r.value
      from unnest(v_answers) as a (answer)
      cross join lateral json_each(a.answer) as n (question, answers)
      cross join lateral json_array_elements(n.answers) as r (value);
      return;
    end if;
  end loop;
  raise exception using
    errcode = 'object_in_use',
    message = 'shards of the source tables moved to other nodes while they were read, three times in a row',
    hint = 'Nothing needs to be done: the next refresh reads them again.';
end
$$;

comment on function vessel_activity.ask_shards(text[], text[], text[]) is
  'Runs queries over every shard of source tables that Citus manages, on the nodes that have them, and returns the rows of all answers as JSON. p_sources: for each query the source table, vessels or vessel_positions. p_questions: the texts, with {shard} where the shard stands. p_totals: for each a query over {rows}, the rows of all shards of a node; NULL: the rows themselves. question: place of the query, from 1.';
