-- Deletes vessels that have been silent for 26 hours from last_report: areas compare with an instant up to 65 minutes ago, and
-- with the 24 hours before that. They count in no figure, so that is only to keep the table small. Each refresh looks through a small part of the table, and the next one goes on from there: 256 refreshes see all of it.
-- So no refresh reads the whole table, and the silent vessels are at most those of 256 refreshes.
create or replace function vessel_activity.sweep_last_reports(p_as_of timestamptz, p_from_page bigint)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_pages constant bigint := pg_relation_size('vessel_activity.last_report') / current_setting('block_size')::bigint;
  v_from constant bigint := case when p_from_page < v_pages then p_from_page else 0 end;
  v_to constant bigint := v_from + 8 + v_pages / 256;
begin
  delete from vessel_activity.last_report as s
  where s.ctid >= format('(%s,0)', v_from)::tid and s.ctid < format('(%s,0)', v_to)::tid
    and s.seen_at < p_as_of - interval '26 hours';
  return v_to;
end
$$;

comment on function vessel_activity.sweep_last_reports(timestamptz, bigint) is
  'Deletes vessels that were last heard more than 26 hours before p_as_of, in the part of last_report that begins with page p_from_page. Returns the page from which to go on.';
