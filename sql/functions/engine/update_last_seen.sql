-- Writes the last positions of the vessels in a fold. Takes arrays, and plans for their length each time: the best join for
-- the vessels of one second is not the best for those of thirty seconds.
create or replace function vessel_activity.update_last_seen(
  p_vessel_ids anyarray, p_seen_ats timestamptz[], p_lost_ones boolean[]
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_custom_plan
set random_page_cost = 1 -- the state is always in memory
as $$
declare
  v_known_ids p_vessel_ids%type;
begin
  if cardinality(p_vessel_ids) is null then
    return;
  end if;

  with known as (
    update vessel_activity.last_seen as s
    set seen_at = case when v.lost_one then v.seen_at else greatest(v.seen_at, s.seen_at) end
    from unnest(p_vessel_ids, p_seen_ats, p_lost_ones) as v (vessel_id, seen_at, lost_one)
    where s.vessel_id = v.vessel_id
    returning s.vessel_id
  )
  select coalesce(array_agg(k.vessel_id), '{}') into v_known_ids from known as k;

  -- Compared with the vessels just updated and not with the table, which is larger.
  if cardinality(v_known_ids) < cardinality(p_vessel_ids) then
    insert into vessel_activity.last_seen (vessel_id, seen_at)
    select v.vessel_id, v.seen_at
    from unnest(p_vessel_ids, p_seen_ats) as v (vessel_id, seen_at)
    where not exists (select from unnest(v_known_ids) as k (vessel_id) where k.vessel_id = v.vessel_id);
  end if;
end
$$;

comment on function vessel_activity.update_last_seen(anyarray, timestamptz[], boolean[]) is
  'Sets last_seen of the given vessels to the later of the old and the given time. If a vessel lost a position, sets it to the given time, which was looked up.';
