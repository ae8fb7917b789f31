-- Keeps the active vessels by type of the first document of each hour, and deletes samples older than settings.history_retention.
-- Most documents find a sample of their hour, which costs one probe of the primary key.
create or replace function vessel_activity.record_types(p_as_of timestamptz, p_body json)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_hour constant timestamptz := date_bin('1 hour', p_as_of, 'epoch');
begin
  if v_hour is null or exists (select from vessel_activity.type_hour as h where h.hour = v_hour) then
    return;
  end if;

  insert into vessel_activity.type_hour (hour, name, sampled_at, active_last_hour, place)
  select v_hour, t.name, p_as_of, t."activeLastHour", t.place
  from (
    select k.name, k."activeLastHour", row_number() over (order by k."activeLastHour" desc, k.name collate "C") as place
    from json_to_recordset(p_body -> 'types') as k (name text, "activeLastHour" integer)
    where k."activeLastHour" > 0
  ) as t
  where t.place <= 20
  union all
  select v_hour, '', p_as_of, (m ->> 'underWay')::integer + (m ->> 'stopped')::integer + (m ->> 'unknown')::integer, 0
  from (select p_body -> 'movement') as k (m)
  on conflict do nothing;

  delete from vessel_activity.type_hour as h
  where h.hour < p_as_of - (select s.history_retention from vessel_activity.settings as s)
    or h.sampled_at > p_as_of; -- the clock was ahead
end
$$;

comment on function vessel_activity.record_types(timestamptz, json) is
  'Keeps the active vessels by type of the document p_body, as of p_as_of, as the sample of its hour if there is none yet, and deletes samples older than settings.history_retention.';
