-- A row for each member of a combining database; none if there are no members. A member that did not answer keeps the row from
-- being refreshed, unless settings.allow_missing_members.
-- The answers are in an unlogged table, which a standby can't read.
create or replace function vessel_activity.check_members()
returns table (check_name text, state text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  v_allows constant boolean := (select s.allow_missing_members from vessel_activity.settings as s);
  v_overlaps constant boolean := (select s.overlapping_members from vessel_activity.settings as s);
  v_member record;
begin
  if pg_is_in_recovery() then
    return;
  end if;
  for v_member in
    select m.name, m.has_shards, s.answered_at, s.round_trip_ms, s.failed_at, s.error, s.clashes, s.clash, s.compared_at, s.areas_flaw
    from vessel_activity.member as m
    left join vessel_activity.member_state as s on s.name = m.name
    order by m.name
  loop
    check_name := 'member ' || v_member.name;
    hint := null;
    if v_member.has_shards and vessel_activity.followed_shards() is null then
      state := 'warn';
      detail := format('it is not asked: its shards can''t be followed any more, because %s; all shards are asked by the definition', vessel_activity.unfollowed_reason());
      hint := format('See docs/scaling.md for tables that can be followed. To remove the member: select public.vessel_activity_member_remove(%L::text).', v_member.name);
    elsif v_member.error is not null then
      state := case when v_allows then 'warn' else 'fail' end;
      detail := format('it did not answer at %s: %s; its last answer is from %s; %s', v_member.failed_at, v_member.error,
        coalesce(v_member.answered_at::text, 'never'),
        case when v_allows then 'the row is the sum of the other members' else 'the row is not refreshed without it' end);
      hint := case when v_allows then 'Look at that database and at the network. The next refresh asks it again.'
        else format('Look at that database and at the network: the next refresh asks it again. To go on without it: update vessel_activity.settings set allow_missing_members = true. To remove it: select public.vessel_activity_member_remove(%L::text).', v_member.name) end;
    elsif v_member.answered_at is null then
      state := 'ok';
      detail := 'the next refresh asks it';
    elsif v_member.clashes > 0 and not v_overlaps then
      state := 'fail';
      detail := format('%s of its vessels are in another member too, and counted twice, such as vessel %s (compared at %s)', v_member.clashes,
        v_member.clash, v_member.compared_at);
      hint := 'Let each vessel be in one member only: a member must not receive the positions of another one. Then run select * from public.vessel_activity_verify(). If members have vessels in common on purpose: update vessel_activity.settings set overlapping_members = true.';
    elsif v_member.areas_flaw is not null then
      state := 'warn';
      detail := format('its vessels can''t be counted in areas: %s; the figures of areas stay as they are', v_member.areas_flaw);
      hint := 'Look at the areas and at that database. Each document sends it the areas that it lacks.';
    else
      state := 'ok';
      detail := format('its last answer is from %s and took %s ms; %s', v_member.answered_at, round(v_member.round_trip_ms, 1),
        case when v_overlaps then 'vessels that are in another member too are counted once'
          else format('none of its vessels was in another member at %s', v_member.compared_at) end);
    end if;
    return next;
  end loop;
end
$$;

comment on function vessel_activity.check_members() is
  'Whether each member answers, and whether its vessels are in no other member, in rows like those of public.vessel_activity_status(). No row: there are no members.';
