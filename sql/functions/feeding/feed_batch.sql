-- Files a batch of the messages that a feed has received, from one source or several. The reports, the counts and the number of
-- the batch are one transaction. So a batch is never filed in part, and never twice: if its number is not above that of the last
-- batch of this feeder, it was filed before and the answer was lost. Then nothing is done but to note the present state.
-- Locks: the row of the feeder, then the vessels (lock_vessels()), the source tables, and last the rows of the feeds in the order
-- of their names. All feeds keep this order, so they never wait for each other in a circle.
-- SECURITY DEFINER: a role that may feed needs no right on a table.
-- Raises object_not_in_prerequisite_state (55000) if feed_start() has not been called, invalid_parameter_value (22023) if a row
-- names no source, program_limit_exceeded (54000) for more than 50,000 rows or 1,000 feeds, and the errors of read_reports(), of
-- lock_vessels() and of feed_reports().
create or replace function vessel_activity.feed_batch(
  p_feeder uuid,
  p_batch bigint,
  p_rows text,
  p_sources jsonb,
  p_now jsonb,
  out repeated boolean,
  out positions bigint,
  out duplicates bigint,
  out statics bigint,
  out ignored bigint,
  out rejected bigint,
  out vessels_new bigint,
  out vessels_updated bigint
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set row_security = off
set timezone = 'UTC' -- timestamps without time zone in the source tables are UTC
set work_mem = '32MB' -- a batch is sorted in memory
set jit = off
set plan_cache_mode = force_custom_plan -- a plan for one batch is wrong for a batch of another size
as $$
declare
  v_feeder vessel_activity.feeder;
  v_reports vessel_activity.report[] := '{}';
  v_outcomes text[] := '{}';
  v_counts jsonb := '[]';
begin
  select f.* into v_feeder from vessel_activity.feeder as f where f.id = p_feeder for no key update;
  if not found then
    raise exception using
      errcode = 'object_not_in_prerequisite_state',
      message = format('the feeder %s is not known', p_feeder),
      hint = 'Call vessel_activity.feed_start() first.';
  end if;
  repeated := p_batch <= v_feeder.last_batch;
  vessels_new := 0;
  vessels_updated := 0;

  if not repeated then
    v_reports := vessel_activity.read_reports(p_rows);
    if cardinality(v_reports) > 50000 then
      raise exception using
        errcode = 'program_limit_exceeded',
        message = format('the batch has %s rows', cardinality(v_reports)),
        hint = 'Send at most 50,000 rows in a batch.';
    end if;
    if v_reports <> '{}' then
      perform vessel_activity.lock_vessels(v_reports);
      select f.p_outcomes, f.p_vessels_new, f.p_vessels_updated
      into v_outcomes, vessels_new, vessels_updated
      from vessel_activity.feed_reports(v_reports) as f;
    end if;
    v_counts := vessel_activity.feed_counts(coalesce(p_sources, '[]'), v_reports, v_outcomes);
  end if;

  perform vessel_activity.feed_note(v_feeder, v_counts, p_now);
  if exists (select from unnest(v_outcomes) as o (outcome) where o.outcome not in ('position', 'duplicate', 'static')) then
    perform vessel_activity.feed_reject(p_sources, v_reports, v_outcomes);
  end if;
  update vessel_activity.feeder as f
  set last_batch = greatest(f.last_batch, p_batch), heard_at = clock_timestamp()
  where f.id = p_feeder;

  select
    coalesce(sum((c.value ->> 'positions')::bigint), 0), coalesce(sum((c.value ->> 'duplicates')::bigint), 0),
    coalesce(sum((c.value ->> 'statics')::bigint), 0), coalesce(sum((c.value ->> 'ignored')::bigint), 0),
    coalesce(sum((c.value ->> 'rejected')::bigint), 0)
  into positions, duplicates, statics, ignored, rejected
  from jsonb_array_elements(v_counts) as c;
end
$$;

comment on function vessel_activity.feed_batch(uuid, bigint, text, jsonb, jsonb) is
  'Files a batch of a feed: vessels, positions and counts in one transaction. p_batch: its number, which counts up for each feeder. p_rows: the reports as read_reports() expects them; the field number is the place of the source in p_sources. p_sources: what else belongs to the batch, an object for each source. p_now: the present state of the feed. repeated: the batch was filed before, so nothing was filed. docs/feeds.md describes the objects.';
