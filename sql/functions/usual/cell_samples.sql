-- Which samples tell what is usual in the cells: those of the same hour of the week (UTC) in the eight weeks before. To read when
-- they were taken costs eight probes of the primary key, and no array.
create or replace function vessel_activity.cell_samples(p_as_of timestamptz)
returns timestamptz[]
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select array(
    select o.sampled_at
    from generate_series(1, 8) as w (week)
    cross join lateral (
      select h.sampled_at from vessel_activity.cell_history as h
      where h.hour = date_bin('1 hour', p_as_of, 'epoch') - w.week * interval '168 hours'
      limit 1
    ) as o
    order by o.sampled_at)
$$;

comment on function vessel_activity.cell_samples(timestamptz) is
  'The instants of the samples in vessel_activity.cell_history that tell what is usual at p_as_of, at most eight, ascending.';
