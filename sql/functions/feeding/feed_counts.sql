-- Counts a batch for each of its sources: an object for each element of p_sources, with the same counts as the columns of
-- vessel_activity.feed. A message that was sent as a row is counted by what became of it.
-- Raises invalid_parameter_value (22023) if a row names no source, or if a source is named twice.
create or replace function vessel_activity.feed_counts(p_sources jsonb, p_reports vessel_activity.report[], p_outcomes text[])
returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_counts jsonb;
  v_rows bigint;
  v_names bigint;
begin
  with outcome as materialized (
    select r.number as place, r.outcome, count(*) as reports,
      max(r.reported_at) filter (where r.reason is null and r.reported_at <= clock_timestamp() + interval '1 minute') as newest_at
    from rows from (unnest(p_reports), unnest(p_outcomes))
      as r (number, reason, kind, mmsi, reported_at, latitude, longitude, speed, course, name, type_code, raw, outcome)
    group by r.number, r.outcome
  ),
  filed as (
    select o.place, sum(o.reports) as reports, max(o.newest_at) as newest_at,
      coalesce(sum(o.reports) filter (where o.outcome = 'position'), 0) as positions,
      coalesce(sum(o.reports) filter (where o.outcome = 'duplicate'), 0) as duplicates,
      coalesce(sum(o.reports) filter (where o.outcome = 'static'), 0) as statics,
      coalesce(jsonb_object_agg(left(o.outcome, 200), o.reports) filter (where o.outcome not in ('position', 'duplicate', 'static')), '{}') as reasons
    from outcome as o
    group by o.place
  ),
  counted as (
    select s.place, s.item, f.reports, f.newest_at, coalesce(f.positions, 0) as positions, coalesce(f.duplicates, 0) as duplicates,
      coalesce(f.statics, 0) as statics, i.types, i.ignored, j.reasons, j.rejected
    from jsonb_array_elements(p_sources) with ordinality as s (item, place)
    left join filed as f on f.place = s.place
    cross join lateral (
      select coalesce(jsonb_object_agg(e.key, e.value::bigint), '{}') as types, coalesce(sum(e.value::bigint), 0) as ignored
      from jsonb_each_text(s.item -> 'ignored') as e
    ) as i
    cross join lateral (
      select coalesce(jsonb_object_agg(e.key, e.messages), '{}') as reasons, coalesce(sum(e.messages), 0) as rejected
      from (
        select left(t.key, 200) as key, sum(t.value::bigint) as messages
        from (
          select * from jsonb_each_text(s.item -> 'rejected')
          union all
          select * from jsonb_each_text(f.reasons)
        ) as t
        group by 1
      ) as e
    ) as j
  )
  select
    jsonb_agg(jsonb_build_object(
      'source', c.item ->> 'name',
      'address', c.item ->> 'address',
      'messages', c.positions + c.duplicates + c.statics + c.ignored + c.rejected,
      'positions', c.positions,
      'duplicates', c.duplicates,
      'statics', c.statics,
      'ignored', c.ignored,
      'ignored_by_type', c.types,
      'rejected', c.rejected,
      'rejected_by_reason', c.reasons,
      'newest_report_at', c.newest_at,
      'newest_arrival_at', (c.item ->> 'newest_arrival_at')::timestamptz,
      'lines', coalesce((c.item ->> 'lines')::bigint, 0),
      'reconnects', coalesce((c.item ->> 'reconnects')::bigint, 0),
      'dropped', coalesce((c.item ->> 'dropped')::bigint, 0),
      'clock_ahead', coalesce((c.item ->> 'clock_ahead')::bigint, 0),
      'clock_behind', coalesce((c.item ->> 'clock_behind')::bigint, 0)
    )),
    coalesce(sum(c.reports), 0),
    count(distinct c.item ->> 'name')
  into v_counts, v_rows, v_names
  from counted as c;

  if v_rows <> cardinality(p_reports) or v_names <> jsonb_array_length(p_sources) then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = case when v_rows <> cardinality(p_reports)
        then format('%s rows of the batch name no source', cardinality(p_reports) - v_rows)
        else 'a source has no name, or is named twice' end,
      hint = 'Let the field number of each row be the place of its source in p_sources, from 1. Give each source a name of its own.';
  end if;
  return coalesce(v_counts, '[]');
end
$$;

comment on function vessel_activity.feed_counts(jsonb, vessel_activity.report[], text[]) is
  'Counts a batch of a feed: an array with an object for each of its sources. p_outcomes: what became of each report, as file_reports() says it. Raises invalid_parameter_value if a row names no source, or a source is named twice.';
