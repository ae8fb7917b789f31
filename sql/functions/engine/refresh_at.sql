-- One refresh as of p_as_of. It computes the figures, stores the row and logs the refresh, in one transaction. It tells no
-- listener: announce() does so in a transaction of its own, whose failure harms no refresh.
--
--   writers -> triggers note_* -> inbox, fleet_inbox
--                                     | fold_inbox: one statement, one snapshot
--   source tables -> rebuild_state -> last_report and its counts, position_second, upcoming, fleet_count -> state_part -> the part of this node
--               `--> part_at: the definition, if the state can't be used, and to verify the state
--   members, other databases: asked before the fold, and waited for after it -> their parts
--   the parts -> row_of_parts -> the row
--   the same for the truth of the feed -> state_feed_truth or feed_truth_at -> store_feed_truth
--   last_report, or its definition last_reports_at -> refresh_details -> the document vessel_activity.activity, when it is due
--   the row, the truth of the feed and the log -> try_watch -> alerts raised and cleared
--
-- ensure_state makes the row of the state, and plan_refresh decides whether the state can be used. source_fingerprint, read
-- after the fold, says whether the triggers could have missed changes, and source_obstacle says why. record_skippers delays a
-- rebuild while a writer is in flight that left changes out.
-- An older row never replaces a newer one. But an instant that the clock has not reached was wrong: the clock was ahead when
-- the row was stored. Then the row and the state are computed anew, and samples of the history after the present are deleted.
-- If a member does not answer, the row stays as it is, unless settings.allow_missing_members; the log says who is missing.
-- If the document can't be written, the row is stored all the same, and the log says why. The same holds for the rules of alerts.
-- Only tests pass an instant other than the present. An instant ahead of the clock counts as the present.
-- Locks, until the transaction ends: those of lock_sources, then the refresh lock (try_refresh_lock). It waits up to 5 s for
-- the first, while it holds none, and does not wait for the second. It waits up to 0.5 s for any other lock.
-- Raises the errors of require_refreshable, insufficient_privilege if row level security hides rows of a source table, and any
-- error that reading the source tables raises.
create or replace function vessel_activity.refresh_at(p_as_of timestamptz, p_by text, p_verify boolean default false)
returns public.vessel_activity_realtime
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set row_security = off -- an error is better than figures from some of the rows
set jit = off
set lock_timeout = '500ms'
as $$
declare
  v_started_at constant timestamptz := clock_timestamp();
  v_present timestamptz;
  v_known record;
  v_root record;
  v_settings vessel_activity.settings;
  v_state vessel_activity.state;
  v_row public.vessel_activity_realtime;
  v_plan record;
  v_done record;
  v_source record;
  v_part vessel_activity.part;
  v_ask text;
  v_asks_document boolean;
  v_asked json;
  v_once record;
  v_replies vessel_activity.member_reply[];
  v_missing text;
  v_compares boolean := false;
  v_truth vessel_activity.feed_truth;
  v_mode text;
  v_obstacle text;
  v_reason text;
  v_new_rows bigint;
  v_verification json;
  v_reports text;
  v_places json;
  v_details record;
  v_duration_ms numeric;
  v_log_id bigint;
begin
  perform vessel_activity.require_refreshable();

  -- Once before and once after the locks are taken. One statement for three tables, since a new session has to plan each
  -- statement.
  for v_round in 1..2 loop
    select o as settings, r as stored, s as state, exists (select from vessel_activity.member) as has_members into strict v_known
    from vessel_activity.settings as o
    left join public.vessel_activity_realtime as r on r.id = 'singleton'
    left join vessel_activity.state as s on true;
    v_settings := v_known.settings;
    v_row := v_known.stored;
    v_state := v_known.state;
    exit when v_round = 2;
    perform vessel_activity.lock_sources(
      v_state.fingerprint is null or p_verify or v_state.verified_at <= p_as_of - v_settings.verify_interval
        or v_state.as_of > p_as_of or v_state.far_due_at <= p_as_of);
    if not vessel_activity.try_refresh_lock() then
      raise notice using
        message = 'another refresh is running; the current row is returned',
        hint = 'Read the row again in a moment: the other refresh stores its result when it commits.';
      return v_row;
    end if;
    if v_round = 1 then
      perform vessel_activity.limit_transaction();
      perform vessel_activity.promise_progress(vessel_activity.refresh_patience(p_is_costly => p_verify));
      perform vessel_activity.follow_shards();
    end if;
  end loop;
  -- Read after the row, so a row that another session has just stored is never later.
  v_present := greatest(p_as_of, clock_timestamp());
  -- A clock before 2024 is wrong itself, as on a computer that lost it while it was off. The row is kept then.
  if v_row.updated_at > p_as_of and (v_row.updated_at <= v_present or v_present < timestamptz '2024-01-01 00:00+00') then
    raise notice using
      message = format('the stored row is of %s, which is later than %s; the row is kept', v_row.updated_at, p_as_of),
      hint = case
        when v_row.updated_at <= v_present then 'Refresh again for a newer row: another refresh has stored this row meanwhile.'
        else 'Set the clock of the database server right. The next refresh then writes a new row.'
      end;
    perform vessel_activity.promise_progress(interval '0');
    return v_row;
  end if;

  if v_state.only_row is null then
    perform vessel_activity.ensure_state();
    select s.* into strict v_state from vessel_activity.state as s;
  end if;
  if pg_sequence_last_value('vessel_activity.inbox_guard') is distinct from 1 then
    perform vessel_activity.tend_inbox();
  end if;
  v_plan := vessel_activity.plan_refresh(p_as_of, v_settings, v_state);
  v_mode := v_plan.mode;
  v_reason := v_plan.reason;
  v_obstacle := v_plan.obstacle;
  if v_row.updated_at > v_present or v_plan.clock_was_ahead then
    perform vessel_activity.forget_history(v_present);
    delete from vessel_activity.first_count as f where f.counted_at > v_present;
  end if;

  if v_known.has_members then
    v_compares := not v_settings.overlapping_members and (p_verify or vessel_activity.members_are_due(p_as_of, v_settings));
    v_asks_document := vessel_activity.document_is_due(p_as_of, v_settings);
    v_asked := case when v_asks_document then vessel_activity.areas_question(p_as_of) end;
    v_ask := format('select vessel_activity.member_part(%L::timestamptz, %L::boolean, %L::boolean, %L::json, %L::boolean)', p_as_of,
      v_asks_document, v_compares, v_asked, v_settings.overlapping_members);
    v_replies := vessel_activity.send_to_members(v_ask);
  end if;

  if v_plan.verify then
    perform vessel_activity.promise_progress(vessel_activity.refresh_patience(p_is_costly => true));
  end if;
  if v_mode = 'incremental' then
    v_done := vessel_activity.fold_inbox(p_as_of, v_state.as_of, p_verify or v_plan.verify);
    v_new_rows := v_done.new_rows;
    v_places := v_done.places_definition;
    if vessel_activity.source_fingerprint(v_state.relations, v_state.functions) = v_state.fingerprint and not v_done.is_incomplete then
      v_part := vessel_activity.state_part(
        p_as_of, v_done.hour_positions + v_done.edge_positions, v_done.hour_speed_sum + v_done.edge_speed_sum,
        v_done.hour_speed_count + v_done.edge_speed_count, v_done.edge_vessels);
      v_truth := vessel_activity.state_feed_truth(
        p_as_of, v_done.newest_report, v_done.minute_edge, v_state.positions_ahead + v_done.ahead_change);
      if v_done.definition is not null then
        v_reports := vessel_activity.reports_digest(p_as_of, true);
        v_verification := json_build_object(
          'state', to_json(vessel_activity.row_of_parts(array[v_part])),
          'definition', to_json(vessel_activity.row_of_parts(array[v_done.definition])),
          'part', json_build_object('state', md5(v_part::text), 'definition', md5(v_done.definition::text)),
          'feed', json_build_object('state', to_json(v_truth), 'definition', to_json(v_done.feed_definition)),
          'reports_state', v_reports, 'reports_definition', v_done.reports_definition,
          'equal', v_part::text = v_done.definition::text and v_reports = v_done.reports_definition
            and v_truth is not distinct from v_done.feed_definition);
        if not (v_verification ->> 'equal')::boolean then
          v_mode := 'rebuild';
          v_reason := 'the state differed from the definition';
          raise warning using
            message = 'the state differed from the definition; the state is rebuilt',
            detail = v_verification::text,
            hint = 'Run select * from vessel_activity.refresh_log where not (verification ->> ''equal'')::boolean.';
        end if;
      end if;
      update vessel_activity.state as s
      set as_of = p_as_of,
        hour_positions = v_done.hour_positions,
        hour_speed_sum = v_done.hour_speed_sum,
        hour_speed_count = v_done.hour_speed_count,
        positions_ahead = v_truth.positions_ahead,
        far_due_at = least(s.far_due_at, v_done.far_due_at),
        swept_to = vessel_activity.sweep_last_reports(p_as_of, s.swept_to),
        verified_at = case when v_verification is null then s.verified_at else p_as_of end;
    else
      v_mode := 'rebuild';
      v_reason := case
        when v_done.is_incomplete then 'a partition or child table of a source table came and went, or a MERGE wrote into partitions'
        else 'changes went unseen: a source table was changed other than by INSERT, UPDATE or DELETE, or an inbox was over its limit'
      end;
    end if;
  end if;

  if v_mode <> 'incremental' then
    perform vessel_activity.promise_progress(vessel_activity.refresh_patience(p_is_costly => true));
    -- No transaction that truncates or rewrites a source table may be open: in a snapshot from before its end, the table would
    -- look empty. Without patience, since the refresh lock is held now. The statements after it are for tables that can't be
    -- locked by name.
    perform vessel_activity.lock_sources(true, interval '0');
    for v_root in select r.relation::regclass as name from vessel_activity.source_roots() as r loop
      execute format('select from %s limit 0', v_root.name);
    end loop;
  end if;
  if v_mode = 'rebuild' then
    -- In this order: a change made after the fingerprint was read is found by the next refresh.
    select w.relations, w.functions, vessel_activity.source_fingerprint(w.relations, w.functions) as fingerprint into v_source
    from vessel_activity.source_watched() as w;
    v_obstacle := vessel_activity.source_obstacle();
    if v_obstacle is not null then
      v_mode := 'definition';
      v_reason := v_obstacle;
    end if;
  end if;
  if v_mode = 'rebuild' and vessel_activity.record_skippers() <> '{}' then
    v_mode := 'definition';
    v_reason := 'a writer that left changes out, while an inbox was over its limit or was not there, has not ended';
  end if;
  if v_mode = 'rebuild' then
    v_new_rows := null;
    select f.* into v_done from vessel_activity.rebuild_state(p_as_of) as f;
    v_part := vessel_activity.state_part(
      p_as_of, v_done.hour_positions + v_done.edge_positions, v_done.hour_speed_sum + v_done.edge_speed_sum,
      v_done.hour_speed_count + v_done.edge_speed_count, v_done.edge_vessels);
    v_truth := vessel_activity.state_feed_truth(p_as_of, v_done.newest_report, v_done.minute_edge, v_done.positions_ahead);
    insert into vessel_activity.state as s (
      as_of, fingerprint, relations, functions, hour_positions, hour_speed_sum, hour_speed_count, far_due_at, positions_ahead, verified_at)
    values (
      p_as_of, v_source.fingerprint, v_source.relations, v_source.functions, v_done.hour_positions, v_done.hour_speed_sum,
      v_done.hour_speed_count, v_done.far_due_at, v_done.positions_ahead, p_as_of)
    on conflict (only_row) do update set
      as_of = excluded.as_of,
      hour_positions = excluded.hour_positions,
      hour_speed_sum = excluded.hour_speed_sum,
      hour_speed_count = excluded.hour_speed_count,
      fingerprint = excluded.fingerprint,
      relations = excluded.relations,
      functions = excluded.functions,
      far_due_at = excluded.far_due_at,
      positions_ahead = excluded.positions_ahead,
      verified_at = excluded.verified_at,
      in_doubt = '{}';
    perform vessel_activity.tend_inbox();
  elsif v_mode = 'definition' then
    v_new_rows := null;
    v_part := vessel_activity.part_at(p_as_of);
    v_truth := vessel_activity.feed_truth_at(p_as_of);
    if v_obstacle is not null then
      -- The state misses changes, so the inboxes are of no use any more. They are emptied to let vacuum free the space.
      update vessel_activity.state set fingerprint = null;
      delete from vessel_activity.inbox;
      delete from vessel_activity.fleet_inbox;
      perform vessel_activity.tend_inbox();
    end if;
  end if;

  if p_by = 'combiner' then
    insert into vessel_activity.given_part as g (part) values (v_part) on conflict (only_row) do update set part = excluded.part;
  end if;
  if v_known.has_members then
    v_replies := vessel_activity.receive_from_members(v_replies, v_ask, v_settings.member_timeout);
    v_missing := vessel_activity.keep_replies(
      v_replies, p_as_of, case when v_compares then vessel_activity.active_ids(p_as_of, v_mode <> 'definition') end);
    if v_missing is not null then
      v_reason := concat_ws('; ', 'members did not answer: ' || v_missing, v_reason);
      if not v_settings.allow_missing_members then
        perform vessel_activity.give_up_refresh(v_started_at, p_as_of, p_by, v_reason);
        return v_row;
      end if;
    end if;
    v_missing := vessel_activity.uncovered_shards(v_part || vessel_activity.member_parts(p_as_of));
    if v_missing is not null then
      perform vessel_activity.give_up_refresh(v_started_at, p_as_of, p_by, v_missing);
      return v_row;
    end if;
    v_truth := vessel_activity.add_truths(v_truth);
  end if;

  v_row := vessel_activity.row_of_parts(v_part || vessel_activity.member_parts(p_as_of));
  if v_known.has_members and v_settings.overlapping_members then
    v_once := vessel_activity.count_once(
      v_row, vessel_activity.vessel_lists(p_as_of, v_mode <> 'definition') || vessel_activity.lists_of_replies(v_replies, p_as_of));
    v_row := v_once.counted;
    if v_asks_document then
      insert into vessel_activity.counted_once as c (as_of, pairs, fleet)
      values (p_as_of, v_once.pairs, v_once.fleet)
      on conflict (only_row) do update set as_of = excluded.as_of, pairs = excluded.pairs, fleet = excluded.fleet;
    end if;
  end if;
  insert into public.vessel_activity_realtime as r
  select v_row.*
  on conflict (id) do update set
    active_now = excluded.active_now,
    active_last_hour = excluded.active_last_hour,
    active_last_24h = excluded.active_last_24h,
    total_vessels = excluded.total_vessels,
    positions_last_hour = excluded.positions_last_hour,
    vessel_types = excluded.vessel_types,
    top_flags = excluded.top_flags,
    speed_avg = excluded.speed_avg,
    updated_at = excluded.updated_at;

  perform vessel_activity.store_feed_truth(v_truth, p_has_state => v_mode <> 'definition');
  perform vessel_activity.record_history(v_row);

  -- Members give what the document is made of only when it is due.
  v_details := vessel_activity.try_details(
    p_as_of, v_mode <> 'definition', v_settings, not v_known.has_members and (v_verification is not null or v_mode = 'rebuild'),
    case when v_mode = 'incremental' then v_places end, v_asked);
  if v_asks_document then
    perform vessel_activity.share_areas(p_as_of, v_asked, v_settings.member_timeout);
  end if;
  if v_details.verification is not null then
    v_verification := json_build_object(
      'state', v_verification -> 'state', 'definition', v_verification -> 'definition', 'feed', v_verification -> 'feed',
      'part', v_verification -> 'part', 'reports_state', v_verification ->> 'reports_state', 'reports_definition', v_verification ->> 'reports_definition',
      'places', v_details.verification, 'equal', v_details.verification -> 'equal');
    if not (v_verification ->> 'equal')::boolean then
      raise warning using
        message = 'what is kept of the areas or of the usual differed from the definition; it was computed anew',
        detail = v_details.verification::text,
        hint = 'Run select * from vessel_activity.refresh_log where not (verification ->> ''equal'')::boolean.';
    end if;
  end if;

  v_duration_ms := extract(epoch from clock_timestamp() - v_started_at) * 1000;
  insert into vessel_activity.refresh_log (
    started_at, as_of, duration_ms, refreshed_by, mode, new_rows, message, verification, details_ms, details_error
  )
  values (
    v_started_at, p_as_of, v_duration_ms, p_by, v_mode, v_new_rows, v_reason, v_verification, v_details.duration_ms, v_details.error
  )
  returning id into v_log_id;

  perform vessel_activity.tend_log(v_log_id);
  perform vessel_activity.try_watch(p_as_of, p_looks => false);

  if v_duration_ms > extract(epoch from v_settings.slow_after) * 1000 then
    raise warning using
      message = format('slow refresh: %s ms', round(v_duration_ms)),
      hint = 'Run select * from public.vessel_activity_status().';
  end if;

  perform vessel_activity.promise_progress(interval '0');
  return v_row;
end
$$;

comment on function vessel_activity.refresh_at(timestamptz, text, boolean) is
  'Refreshes as of p_as_of on behalf of p_by (manual, pg_cron or fallback): stores, logs and returns the row. p_verify: also compares the state with the definition.';
