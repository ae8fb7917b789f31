-- Asks all members a question and waits for the answers.
-- Raises connection_exception (08000) if a member does not answer, unless p_allows_missing.
create or replace function vessel_activity.ask_members(p_query text, p_timeout interval, p_allows_missing boolean)
returns vessel_activity.member_reply[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_replies vessel_activity.member_reply[];
  v_missing text;
begin
  v_replies := vessel_activity.receive_from_members(vessel_activity.send_to_members(p_query), p_query, p_timeout);
  select string_agg(format('%s (%s)', r.name, r.error), '; ' order by r.name) into v_missing
  from unnest(v_replies) as r where r.answer is null;
  if v_missing is not null and not p_allows_missing then
    raise exception using
      errcode = 'connection_exception',
      message = format('members did not answer: %s', v_missing),
      hint = 'See the check members: select * from public.vessel_activity_status().';
  end if;
  return v_replies;
end
$$;

comment on function vessel_activity.ask_members(text, interval, boolean) is
  'Asks all members a query, which gives one value of type json, and returns their replies. Raises connection_exception if one does not answer within p_timeout, unless p_allows_missing.';
