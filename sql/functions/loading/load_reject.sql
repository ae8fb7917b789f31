-- Takes the lines that can't be loaded out of the landing table, counts them by reason, and keeps the first 10,000 lines for
-- each reason. load_batch() calls it for the lines that are no reports of a ship, and again for the lines that a source table
-- did not store, whose reason load_batch() and load_positions() have set.
create or replace function vessel_activity.load_reject(p_load_id bigint)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rejected bigint;
begin
  with gone as (
    delete from vessel_activity.landing as l
    where coalesce(l.reason, vessel_activity.load_rejection_reason(l.mmsi, l.latitude, l.longitude)) is not null
    returning
      l.line_number,
      coalesce(l.reason, vessel_activity.load_rejection_reason(l.mmsi, l.latitude, l.longitude)) as reason,
      l.raw
  ),
  counted as (
    insert into vessel_activity.load_rejection as c (load_id, reason, rows_rejected)
    select p_load_id, g.reason, count(*) from gone as g group by g.reason
    on conflict (load_id, reason) do update set rows_rejected = c.rows_rejected + excluded.rows_rejected
    returning c.reason, c.rows_rejected
  ),
  kept as (
    insert into vessel_activity.rejected_row (load_id, line_number, reason, raw)
    select p_load_id, n.line_number, n.reason, n.raw
    from (
      select g.*,
        row_number() over (partition by g.reason order by g.line_number) as place,
        count(*) over (partition by g.reason) as in_batch
      from gone as g
    ) as n
    join counted as c on c.reason = n.reason
    where c.rows_rejected - n.in_batch + n.place <= 10000
  )
  select count(*) into v_rejected from gone;
  return v_rejected;
end
$$;

comment on function vessel_activity.load_reject(bigint) is
  'Moves the lines of vessel_activity.landing that can''t be loaded to vessel_activity.rejected_row, counts them by reason, and returns their number.';
