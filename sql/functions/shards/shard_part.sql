-- What part_at() takes from shards: the numbers of positions if vessel_positions is in shards, and the fleet if vessels is. The rest
-- is NULL. If both are, each node answers for both in one snapshot.
-- A node adds nothing up that depends on a decision: it counts equal speeds and equal names, and the functions that decide what
-- they mean are applied here. A vessel is counted on the nodes if no other shard has rows of it; else the last positions are
-- compared here.
-- Errors: see ask_shards.
create or replace function vessel_activity.shard_part(p_as_of timestamptz)
returns vessel_activity.part
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_has_positions constant boolean := vessel_activity.asks_shards('vessel_positions');
  v_has_vessels constant boolean := vessel_activity.asks_shards('vessels');
  v_has_whole_vessels boolean;
  v_sources text[];
  v_questions text[];
  v_totals text[];
  v_answers record;
  v_part vessel_activity.part;
begin
  if v_has_positions then
    select bool_and(p.has_whole_vessels) into v_has_whole_vessels from vessel_activity.shard_placements('vessel_positions') as p;
    v_sources := array['vessel_positions', 'vessel_positions'];
    v_questions := array[
      format(
        case when v_has_whole_vessels
          then 'select count(*) filter (where l.seen_at >= %1$s) as active_now, count(*) filter (where l.seen_at >= %2$s) as active_last_hour, '
            'count(*) as active_last_24h from (%3$s) as l'
          else 'select l.vessel_id::text as id, l.seen_at >= %1$s as is_active_now, l.seen_at >= %2$s as is_active_last_hour from (%3$s) as l'
        end,
        vessel_activity.shard_instant(p_as_of - interval '5 minutes'), vessel_activity.shard_instant(p_as_of - interval '1 hour'),
        vessel_activity.shard_last_positions(p_as_of)),
      format(
        'select p.speed::numeric::text as speed, count(*) as positions from {shard} as p '
        'where p."timestamp" >= %s and p."timestamp" <= %s group by p.speed',
        vessel_activity.shard_instant(p_as_of - interval '1 hour'), vessel_activity.shard_instant(p_as_of))
    ];
    v_totals := array[null, 'select r.speed, sum(r.positions) as positions from {rows} as r group by r.speed'];
  end if;
  if v_has_vessels then
    v_sources := v_sources || 'vessels'::text;
    v_questions := v_questions || vessel_activity.shard_fleet_question();
    v_totals := v_totals || vessel_activity.shard_fleet_total();
  end if;
  if v_sources is null then
    return null;
  end if;

  -- Each array is of the rows of one question.
  select array_agg(a.answer) filter (where v_has_positions and a.question = 1) as active,
    array_agg(a.answer) filter (where v_has_positions and a.question = 2) as speeds,
    array_agg(a.answer) filter (where v_has_vessels and a.question = cardinality(v_sources)) as fleet
  into v_answers
  from vessel_activity.ask_shards(v_sources, v_questions, v_totals) as a;

  v_part.as_of := p_as_of;
  if v_has_positions then
    if v_has_whole_vessels then
      select sum(r.active_now), sum(r.active_last_hour), sum(r.active_last_24h)
      into v_part.active_now, v_part.active_last_hour, v_part.active_last_24h
      from unnest(v_answers.active) as a
      cross join lateral json_to_record(a) as r (active_now bigint, active_last_hour bigint, active_last_24h bigint);
    else
      select count(*) filter (where v.is_active_now), count(*) filter (where v.is_active_last_hour), count(*)
      into v_part.active_now, v_part.active_last_hour, v_part.active_last_24h
      from (
        select bool_or(r.is_active_now) as is_active_now, bool_or(r.is_active_last_hour) as is_active_last_hour
        from unnest(v_answers.active) as a
        cross join lateral json_to_record(a) as r (id text, is_active_now boolean, is_active_last_hour boolean)
        group by r.id
      ) as v;
    end if;
    select coalesce(sum(s.positions), 0), trim_scale(coalesce(sum(s.speed * s.positions), 0)),
      coalesce(sum(s.positions) filter (where s.speed is not null), 0)
    into v_part.positions, v_part.speed_sum, v_part.speed_count
    from (
      select vessel_activity.mean_speed_part(r.speed) as speed, r.positions
      from unnest(v_answers.speeds) as a
      cross join lateral json_to_record(a) as r (speed numeric, positions bigint)
    ) as s;
  end if;
  if v_has_vessels then
    v_part.fleet := array(
      select row(c.kind, c.name, c.vessels)::vessel_activity.fleet_group
      from vessel_activity.shard_fleet(v_answers.fleet) as c
      where c.vessels <> 0
      order by c.kind, c.name collate "C"
    );
  end if;
  return v_part;
end
$$;

comment on function vessel_activity.shard_part(timestamptz) is
  'What the source tables that Citus keeps in shards add to the figures as of p_as_of. NULL in the fields of a source table that is not in shards; NULL if none is.';
