-- The document of what is moving is beside the row: a refresh stores the row even if the document fails. This check tells that.
create or replace function vessel_activity.check_document()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_as_of constant timestamptz := (select a.as_of from vessel_activity.activity as a);
  v_log vessel_activity.refresh_log;
begin
  check_name := 'document';
  select l.* into v_log from vessel_activity.refresh_log as l where l.details_ms is not null order by l.id desc limit 1;
  if v_log.details_error is not null then
    state := 'warn';
    detail := format('what is moving could not be computed at %s (%s)%s', v_log.started_at, v_log.details_error,
      coalesce(format('; the document is as of %s', v_as_of), '; there is no document'));
    hint := 'Correct the cause, which the message names: the next refresh tries again. The figures of the row are not affected.';
  else
    state := 'ok';
    detail := coalesce(format('what is moving is as of %s', v_as_of), 'the next refresh computes what is moving');
  end if;
  return next;
end
$$;

comment on function vessel_activity.check_document() is
  'Whether refreshes can compute the document of what is moving, in one row like those of public.vessel_activity_status().';
