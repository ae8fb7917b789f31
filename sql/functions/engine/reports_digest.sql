-- A digest of the last reports and of their numbers by second, minute and hour, to compare the state with the definition. Its order does
-- not matter, so nothing is sorted. arrived_at means something only within the last hour.
create or replace function vessel_activity.reports_digest(p_as_of timestamptz, p_from_state boolean)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_window record;
  v_digest text;
begin
  select w.first_second, w.first_minute, w.first_hour into v_window from vessel_activity.window_starts(p_as_of) as w where w.place = 3;
  execute format(
    $query$
      with report as materialized (%s),
      counted as (%s)
      select concat_ws(' ', r.number, r.digest, c.digest)
      from (
        select count(*) as number, sum(hashtextextended(concat_ws('|',
          r.vessel_id, extract(epoch from r.seen_at), r.latitude, r.longitude, coalesce(r.speed::text, ''),
          extract(epoch from case when r.arrived_at >= $2 then r.arrived_at end)), 0)::numeric) as digest
        from report as r
      ) as r
      cross join (
        select sum(hashtextextended(concat_ws('|', c.seconds, extract(epoch from c.starts_at), c.vessels), 0)::numeric) as digest
        from counted as c
      ) as c
    $query$,
    vessel_activity.reports_query(p_from_state),
    case when p_from_state then
      $query$
        select c.seconds, c.starts_at, c.vessels from vessel_activity.last_report_count as c
        where c.vessels <> 0 and c.starts_at >= case c.seconds when 1 then $4 when 60 then $5 else $6 end
      $query$
    else
      $query$
        select 1 as seconds, date_bin('1 second', r.seen_at, 'epoch') as starts_at, count(*) as vessels
        from report as r where r.seen_at >= $4 group by 2
        union all
        select 60, date_bin('1 minute', r.seen_at, 'epoch'), count(*)
        from report as r where r.seen_at >= $5 group by 2
        union all
        select 3600, date_bin('1 hour', r.seen_at, 'epoch'), count(*)
        from report as r where r.seen_at >= $6 group by 2
      $query$
    end)
  into v_digest
  using p_as_of, p_as_of - interval '1 hour', p_as_of - interval '24 hours', v_window.first_second, v_window.first_minute,
    v_window.first_hour;
  return v_digest;
end
$$;

comment on function vessel_activity.reports_digest(timestamptz, boolean) is
  'Number and digest of the last reports as of p_as_of, and digest of their numbers by second, minute and hour: from last_report and last_report_count (p_from_state), or by the definition. Equal digests: equal reports.';
