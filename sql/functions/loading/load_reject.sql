-- Counts the rejected lines of a batch by reason, and keeps the first 10,000 lines of the load for each reason.
create or replace function vessel_activity.load_reject(p_load_id bigint, p_reports vessel_activity.report[], p_outcomes text[])
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  with gone as (
    select r.number, r.outcome as reason, r.raw
    from rows from (unnest(p_reports), unnest(p_outcomes))
      as r (number, reason, kind, mmsi, reported_at, latitude, longitude, speed, course, name, type_code, raw, outcome)
    where r.outcome not in ('position', 'duplicate', 'static')
  ),
  counted as (
    insert into vessel_activity.load_rejection as c (load_id, reason, rows_rejected)
    select p_load_id, g.reason, count(*) from gone as g group by g.reason
    on conflict (load_id, reason) do update set rows_rejected = c.rows_rejected + excluded.rows_rejected
    returning c.reason, c.rows_rejected
  )
  insert into vessel_activity.rejected_row (load_id, line_number, reason, raw)
  select p_load_id, n.number, n.reason, vessel_activity.without_escapes(n.raw)
  from (
    select g.*,
      row_number() over (partition by g.reason order by g.number) as place,
      count(*) over (partition by g.reason) as in_batch
    from gone as g
  ) as n
  join counted as c on c.reason = n.reason
  where c.rows_rejected - n.in_batch + n.place <= 10000
  on conflict (load_id, line_number) do nothing -- a line may hold parts of two messages
$$;

comment on function vessel_activity.load_reject(bigint, vessel_activity.report[], text[]) is
  'Counts the rejected reports of a load by reason, and keeps them in vessel_activity.rejected_row. p_outcomes: what became of each report, as file_reports() says it.';
