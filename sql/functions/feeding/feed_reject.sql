-- Keeps samples of the rejected messages of a batch: of each source and reason the newest 20 of the batch, and the newest 100 of
-- all. A new sample takes the place of the oldest one, so the table can't grow.
-- Of a report that the database rejects, the feed need not send the message. Then the sample is the fields of the report.
-- The caller has locked the rows of the feeds (feed_note()).
create or replace function vessel_activity.feed_reject(p_sources jsonb, p_reports vessel_activity.report[], p_outcomes text[])
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  insert into vessel_activity.rejected_message as m (source, reason, slot, number, filed_at, raw)
  select g.source, g.reason, (k.number + g.nth) % 100, k.number + g.nth, clock_timestamp(), g.raw
  from (
    select n.*, row_number() over (partition by n.source, n.reason order by n.place) as nth
    from (
      select p_sources -> (r.number - 1) ->> 'name' as source, left(r.outcome, 200) as reason, r.place,
        left(coalesce(
          vessel_activity.without_escapes(r.raw),
          jsonb_strip_nulls(jsonb_build_object('type', r.kind, 'mmsi', r.mmsi, 'time', r.reported_at, 'latitude', r.latitude, 'longitude', r.longitude,
            'speed', r.speed, 'course', r.course, 'name', r.name, 'ship_type', r.type_code))::text
        ), 1000) as raw,
        row_number() over (partition by r.number, r.outcome order by r.place desc) as from_the_end
      from rows from (unnest(p_reports), unnest(p_outcomes)) with ordinality
        as r (number, reason, kind, mmsi, reported_at, latitude, longitude, speed, course, name, type_code, raw, outcome, place)
      where r.outcome not in ('position', 'duplicate', 'static')
    ) as n
    where n.from_the_end <= 20
  ) as g
  cross join lateral (
    select coalesce(max(o.number), 0) as number
    from vessel_activity.rejected_message as o
    where o.source = g.source and o.reason = g.reason
  ) as k
  on conflict (source, reason, slot) do update
  set number = excluded.number, filed_at = excluded.filed_at, raw = excluded.raw
$$;

comment on function vessel_activity.feed_reject(jsonb, vessel_activity.report[], text[]) is
  'Keeps samples of the rejected messages of a batch in vessel_activity.rejected_message. p_outcomes: what became of each report, as file_reports() says it.';
