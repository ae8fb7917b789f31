-- Fills the history of the types of vessels. As in past(), the number of vessels follows from the share of reports that is
-- received.
create or replace function vessel_activity_demo.write_type_past(p_now timestamptz)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_rows bigint;
begin
  -- The first document was made before there was a fleet.
  delete from vessel_activity.type_hour as t where t.place = 0 and t.active_last_hour = 0;

  insert into vessel_activity.type_hour (hour, name, sampled_at, active_last_hour, place)
  with habit as (
    select vessel_activity.group_name(v."vesselType") as name, f.report_every_seconds::double precision as every,
      count(*)::double precision as vessels
    from vessel_activity_demo.fleet as f
    join public.vessels as v on v.id = f.vessel_id
    group by 1, 2
  ), expected as (
    select g.hour, e.at, h.name, sum(h.vessels * n.chance) as vessels, sum(h.vessels * n.chance * (1 - n.chance)) as variance
    from vessel_activity.settings as s
    cross join lateral generate_series(
      date_bin('1 hour', p_now - least(s.history_retention, interval '56 days'), 'epoch') + interval '1 hour',
      date_bin('1 hour', p_now, 'epoch') - interval '1 hour',
      '1 hour') as g (hour)
    cross join lateral (select extract(epoch from g.hour)::double precision) as e (at)
    cross join habit as h
    cross join lateral (
      select vessel_activity_demo.chance(3600, h.every, vessel_activity_demo.received(e.at - 1800))
    ) as n (chance)
    where not exists (select from vessel_activity.type_hour as t where t.hour = g.hour)
    group by g.hour, e.at, h.name
  ), sample as materialized (
    select x.hour, x.name,
      round(x.vessels + sqrt(x.variance) * vessel_activity_demo.scatter(x.at, 3600, hashtext(x.name)))::integer as vessels
    from expected as x
  )
  select m.hour, m.name, m.hour, m.vessels, row_number() over (partition by m.hour order by m.vessels desc, m.name collate "C")
  from sample as m
  where m.vessels > 0
  union all
  select m.hour, '', m.hour, sum(m.vessels), 0
  from sample as m
  group by m.hour;
  get diagnostics v_rows = row_count;
  return v_rows;
end
$$;

comment on function vessel_activity_demo.write_type_past(timestamptz) is
  'Writes what is missing of the history of the types in the eight weeks before p_now, or since samples are kept. Returns how many rows it wrote.';
