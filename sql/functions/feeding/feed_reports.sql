-- Files the reports of a batch. A report that a source table refuses (a constraint, a trigger, a value out of range) must not end
-- the stream. So if the batch fails, its halves are filed one after the other, and so on down to the single report, which is
-- rejected. Each attempt is a subtransaction.
-- But a table that refuses everything is broken, and then no report may be lost: the error is raised if no partition exists for
-- a report whose time is right, or if p_may_refuse reports were refused already. The feed keeps the batch and tries again.
-- p_may_refuse: by default half of the batch, or nine if that is more. Afterwards how many more may be refused.
-- The caller has called lock_vessels() for the whole batch, since the locks of a failed attempt are released.
create or replace function vessel_activity.feed_reports(
  p_reports vessel_activity.report[],
  inout p_may_refuse integer default null,
  out p_outcomes text[],
  out p_vessels_new bigint,
  out p_vessels_updated bigint
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_number constant integer := cardinality(p_reports);
  v_constraint text;
  v_message text;
  v_first record;
  v_second record;
begin
  p_may_refuse := coalesce(p_may_refuse, greatest(9, v_number / 2));
  begin
    select f.p_outcomes, f.p_vessels_new, f.p_vessels_updated into p_outcomes, p_vessels_new, p_vessels_updated
    from vessel_activity.file_reports(p_reports) as f;
    return;
  exception
    when data_exception or integrity_constraint_violation or with_check_option_violation or triggered_action_exception or plpgsql_error then
      get stacked diagnostics v_constraint = constraint_name, v_message = message_text;
      if v_number = 1 then
        if p_may_refuse = 0
          or sqlstate = '23514' and v_constraint = '' -- no partition
            and p_reports[1].reported_at between clock_timestamp() - interval '1 day' and clock_timestamp() + interval '1 minute'
        then
          raise;
        end if;
        p_may_refuse := p_may_refuse - 1;
        -- Numbers in the message are masked: they would make a reason of its own for each report.
        p_outcomes := array['refused by the source tables: '
          || coalesce(nullif(v_constraint, ''), regexp_replace(left(v_message, 100), '[0-9]+', '#', 'g'))];
        p_vessels_new := 0;
        p_vessels_updated := 0;
        return;
      end if;
  end;

  select f.* into v_first from vessel_activity.feed_reports(p_reports[: v_number / 2], p_may_refuse) as f;
  select f.* into v_second from vessel_activity.feed_reports(p_reports[v_number / 2 + 1 :], v_first.p_may_refuse) as f;
  p_may_refuse := v_second.p_may_refuse;
  p_outcomes := v_first.p_outcomes || v_second.p_outcomes;
  p_vessels_new := v_first.p_vessels_new + v_second.p_vessels_new;
  p_vessels_updated := v_first.p_vessels_updated + v_second.p_vessels_updated;
end
$$;

comment on function vessel_activity.feed_reports(vessel_activity.report[], integer) is
  'Files reports as file_reports() does, but rejects single reports that the source tables refuse. Raises the error of a table that refuses more than half of them, or that has no partition for the present.';
