-- A refresh works in one transaction, so nobody sees what it has done until it commits. But others must tell a slow refresh
-- from one that hangs. So before each long step it promises that the step ends within p_patience, in sequences, whose new
-- values other sessions see at once. stale_at and tend_refresh_lock heed the promise. A patience of 0 ends it.
create or replace function vessel_activity.promise_progress(p_patience interval)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform
    setval('vessel_activity.refresher', pg_backend_pid()),
    setval('vessel_activity.refresh_promise', floor(extract(epoch from clock_timestamp() + p_patience) * 1000)::bigint);
end
$$;

comment on function vessel_activity.promise_progress(interval) is
  'Promises that the running refresh will show progress within p_patience. 0: it has ended.';
