-- A feed calls this after each connect to the database, and then feed_batch() for each batch. The answer is the number of the
-- last batch of its spool that is filed: the feed throws away that one and those before it.
-- Also deletes the feeds that nobody has heard of for 30 days, and the feeders of 90 days ago. They are kept longer, since a
-- batch that was filed must be known until no spool can hold it any more.
-- SECURITY DEFINER: a role that may feed needs no right on a table.
-- Raises the errors of check_filing().
create or replace function vessel_activity.feed_start(p_feeder uuid, p_host text, p_process integer, p_version text)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last_batch bigint;
begin
  perform vessel_activity.check_filing();
  delete from vessel_activity.feed as f where f.heard_at < clock_timestamp() - interval '30 days';
  delete from vessel_activity.feeder as f where f.heard_at < clock_timestamp() - interval '90 days' and f.id <> p_feeder;
  insert into vessel_activity.feeder as f (id, host, process, version)
  values (p_feeder, left(p_host, 255), p_process, left(p_version, 100))
  on conflict (id) do update
  set host = excluded.host, process = excluded.process, version = excluded.version, started_at = clock_timestamp(), heard_at = clock_timestamp()
  returning f.last_batch into v_last_batch;
  return v_last_batch;
end
$$;

comment on function vessel_activity.feed_start(uuid, text, integer, text) is
  'Registers the spool p_feeder of a process that feeds, and returns the number of its last batch that was filed; 0 if none was. Raises an error if the source tables can''t take AIS reports.';
