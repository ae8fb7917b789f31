-- The sample to compare with, if numbers are compared with those of another time.
create or replace function vessel_activity.history_sample(p_at timestamptz)
returns setof vessel_activity.history
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select h.*
  from vessel_activity.history as h
  where h.minute between p_at - interval '4 minutes' and p_at + interval '4 minutes'
    and h.sampled_at between p_at - interval '3 minutes' and p_at + interval '3 minutes'
  order by abs(extract(epoch from h.sampled_at - p_at))
  limit 1
$$;

comment on function vessel_activity.history_sample(timestamptz) is
  'The sample of the history that was taken closest to p_at, at most three minutes off; no row if there is none.';
