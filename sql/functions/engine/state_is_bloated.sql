-- Says whether a state table is over the limit and mostly dead rows, by the statistics of PostgreSQL. Then an old snapshot
-- keeps vacuum from freeing the dead rows. The size alone does not say so: a file stays large after vacuum has emptied it.
create or replace function vessel_activity.state_is_bloated(p_limit_bytes bigint)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_table regclass;
begin
  foreach v_table in array array[
    'vessel_activity.last_report', 'vessel_activity.last_report_count', 'vessel_activity.position_second', 'vessel_activity.upcoming',
    'vessel_activity.fleet_count'
  ]::regclass[] loop
    if pg_relation_size(v_table) > p_limit_bytes
      and pg_stat_get_dead_tuples(v_table) > 1000 + 2 * pg_stat_get_live_tuples(v_table)
    then
      return true;
    end if;
  end loop;
  return false;
end
$$;

comment on function vessel_activity.state_is_bloated(bigint) is
  'Whether a state table is larger than p_limit_bytes and has more than twice as many dead rows as live rows.';
