-- Counts the rows of the log in refresh_count, and deletes those that settings.log_retention no longer keeps. Only every
-- hundredth row does so, so that the others don't pay for it. The last hundred rows are neither counted nor deleted: among
-- them may be a row that another session has numbered but not committed.
-- Locks: the row of refresh_counted, until the transaction ends. If another session has it, there is nothing to do.
create or replace function vessel_activity.tend_log(p_log_id bigint)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_from bigint;
  v_to constant bigint := p_log_id - 100;
begin
  if p_log_id % 100 <> 0 then
    return;
  end if;
  select c.log_id into v_from from vessel_activity.refresh_counted as c for update skip locked;
  if v_from is null then
    return;
  end if;
  if v_from > v_to then
    v_from := 0; -- the log was truncated, and its numbers were begun anew
  end if;

  insert into vessel_activity.refresh_count as c (refreshed_by, mode, sqlstate, refreshes, duration_ms)
  select l.refreshed_by, coalesce(l.mode, ''), coalesce(l.sqlstate, ''), count(*), sum(l.duration_ms)
  from vessel_activity.refresh_log as l
  where l.id > v_from and l.id <= v_to
  group by 1, 2, 3
  on conflict (refreshed_by, mode, sqlstate) do update set
    refreshes = c.refreshes + excluded.refreshes,
    duration_ms = c.duration_ms + excluded.duration_ms;
  update vessel_activity.refresh_counted set log_id = v_to;

  delete from vessel_activity.refresh_log as l
  using vessel_activity.settings as s
  where l.id <= v_to
    and (l.started_at < clock_timestamp() - s.log_retention
      or l.started_at > clock_timestamp()); -- the clock was ahead
end
$$;

comment on function vessel_activity.tend_log(bigint) is
  'Counts and deletes old rows of refresh_log, if p_log_id, the row just written, is a hundredth one.';
