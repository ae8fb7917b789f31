-- How long a step of a refresh may take before it counts as hanging: half a minute, or three times as long as such refreshes
-- take here. Of the last ten the second longest counts, so that one refresh that was held up changes nothing. Failures count
-- too: a refresh that was ended because it took too long gets more time soon.
-- PL/pgSQL, because a session then plans the query once and not at every refresh.
create or replace function vessel_activity.refresh_patience(p_is_costly boolean)
returns interval
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return least(greatest(make_interval(secs => 3 * coalesce((
      select t.duration_ms
      from (
        (
          select l.duration_ms from vessel_activity.refresh_log as l
          where not p_is_costly
          order by l.id desc limit 10
        )
        union all
        (
          select l.duration_ms from vessel_activity.refresh_log as l
          where p_is_costly and (l.mode is distinct from 'incremental' or l.verification is not null)
          order by l.id desc limit 10
        )
      ) as t
      order by t.duration_ms desc
      offset 1 limit 1
    ), 0)::double precision / 1000), interval '30 seconds'), interval '1 hour');
end
$$;

comment on function vessel_activity.refresh_patience(boolean) is
  'How long a step of a refresh may take before it counts as hanging, from 30 seconds to 1 hour. p_is_costly: a step that reads the source tables.';
