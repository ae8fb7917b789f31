-- Keeps what the members have answered to a refresh, and says who is missing. Two members that are one database, and one that is
-- this database, are missing too: their part would be counted twice.
-- If the members were asked for the ids of their vessels, it also finds the vessels that two of them have.
-- The caller holds the refresh lock.
create or replace function vessel_activity.keep_replies(p_replies vessel_activity.member_reply[], p_as_of timestamptz, p_own_ids text[])
returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_missing text;
  v_were_missing constant text[] := array(
    select s.name from vessel_activity.member_state as s where s.error is not null order by s.name);
begin
  p_replies := array(
    select row(r.name, r.connection,
      case when r.node <> coalesce(r.before, '') and r.node <> vessel_activity.node_id() then r.answer end,
      case
        when r.node = vessel_activity.node_id() then 'it is this database itself'
        when r.node = r.before then format('it is the same database as member %s', r.name_before)
        else r.error
      end, r.round_trip_ms, r.is_retried)::vessel_activity.member_reply
    from (
      select m.*, m.answer ->> 'node' as node,
        lag(m.answer ->> 'node') over w as before, lag(m.name) over w as name_before
      from unnest(p_replies) as m
      window w as (partition by m.answer ->> 'node' order by m.name)
    ) as r
    order by r.name
  );

  insert into vessel_activity.member_state as s (name, answered_at, as_of, answer, round_trip_ms, failed_at, error)
  select r.name, case when r.answer is not null then v_now end, case when r.answer is not null then p_as_of end,
    (r.answer::jsonb - '{ids,vessels}'::text[])::json, r.round_trip_ms, case when r.error is not null then v_now end, r.error
  from unnest(p_replies) as r
  on conflict (name) do update set
    answered_at = coalesce(excluded.answered_at, s.answered_at),
    as_of = coalesce(excluded.as_of, s.as_of),
    answer = excluded.answer,
    round_trip_ms = coalesce(excluded.round_trip_ms, s.round_trip_ms),
    failed_at = coalesce(excluded.failed_at, s.failed_at),
    error = excluded.error;
  -- Servers ask for the document by this revision.
  if v_were_missing is distinct from array(select r.name from unnest(p_replies) as r where r.answer is null order by r.name) then
    update vessel_activity.watching as g set revision = g.revision + 1;
  end if;
  delete from vessel_activity.member_state as s where s.name not in (select r.name from unnest(p_replies) as r);

  if p_own_ids is not null then
    with vessel as (
      select r.name, i.id
      from unnest(p_replies) as r
      cross join lateral json_array_elements_text(r.answer -> 'ids') as i (id)
      where r.answer is not null
      union all
      select '', o.id from unnest(p_own_ids) as o (id)
    ),
    shared as (
      select v.id, array_agg(v.name order by v.name) as names
      from (select distinct w.id, w.name from vessel as w) as v -- one database may have an MMSI twice
      group by v.id having count(*) > 1
    ),
    clash as (
      select n.name, count(*) as clashes, min(h.id) as first_id
      from shared as h cross join unnest(h.names) as n (name)
      group by n.name
    )
    update vessel_activity.member_state as s
    set clashes = coalesce(c.clashes, 0),
      clash = (
        select format('%s, also in %s', left(c.first_id, 100),
          (select string_agg(case o.name when '' then 'this database' else o.name end, ', ' order by o.name)
            from shared as h cross join unnest(h.names) as o (name) where h.id = c.first_id and o.name <> s.name))
        where c.first_id is not null
      ),
      compared_at = v_now
    from unnest(p_replies) as r
    left join clash as c on c.name = r.name
    where s.name = r.name and r.answer is not null;
  end if;

  select string_agg(format('%s (%s)', r.name, r.error), '; ' order by r.name) into v_missing
  from unnest(p_replies) as r where r.answer is null;
  return v_missing;
end
$$;

comment on function vessel_activity.keep_replies(vessel_activity.member_reply[], timestamptz, text[]) is
  'Stores the replies of the members to a refresh as of p_as_of. p_own_ids: if given, finds the vessels that two members have; the ids of the vessels of this database. Returns which members are missing, and why; NULL if none is.';
