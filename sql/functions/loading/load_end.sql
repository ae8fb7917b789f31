-- Ends a load, successful or not. Releases the load lock if the load was for a recording. The message is cut to 1,000
-- characters, because the error of a source table may quote a value of any length.
create or replace function vessel_activity.load_end(p_load_id bigint, p_state text, p_message text default null)
returns setof vessel_activity.load_rejection
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update vessel_activity.load as l
  set state = p_state, message = left(p_message, 1000), ended_at = clock_timestamp()
  where l.id = p_load_id;
  perform vessel_activity.release_session_lock('load');
  return query
    select j.*
    from vessel_activity.load_rejection as j
    where j.load_id = p_load_id
    order by j.rows_rejected desc, j.reason;
end
$$;

comment on function vessel_activity.load_end(bigint, text, text) is
  'Ends a load with p_state finished, interrupted or failed, and p_message as the reason. Releases the load lock if the load was for a recording. Returns the numbers of rejected lines by reason, the highest number first.';
