-- Gives the vessels in last_report that have no number yet the next ones. Few vessels need one: those that were not heard for a day.
create or replace function vessel_activity.number_vessels()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_last constant integer := (select coalesce(max(r.number), 0) from vessel_activity.last_report as r);
begin
  update vessel_activity.last_report as r
  set number = v_last + n.place
  from (select s.ctid as row_id, row_number() over () as place from vessel_activity.last_report as s where s.number is null) as n
  where r.ctid = n.row_id;
end
$$;

comment on function vessel_activity.number_vessels() is
  'Numbers the vessels of last_report that have no number yet. The caller holds the refresh lock.';
