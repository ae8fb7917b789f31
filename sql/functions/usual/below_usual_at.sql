-- Whether figures are below usual at an instant. A figure is, if it was below the lower edge of its band by
-- settings.below_usual_by in each sample since settings.below_usual_for before the instant. Each sample is compared with the
-- band of its own hour. The last sample before that time is the first that counts, so the whole time is covered.
-- A sample of 0 is below: if nothing is heard, that is not usual. One week alone makes no habit, so two are needed.
-- Reads the history only, so it can be told for any instant that has samples.
create or replace function vessel_activity.below_usual_at(p_as_of timestamptz)
returns table (figure text, is_below boolean, value integer, weeks integer, low numeric, high numeric)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_since timestamptz;
  v_part numeric;
  v_patience interval; -- samples are further apart than a minute if refreshes are
  v_first timestamptz;
begin
  select p_as_of - s.below_usual_for, 1 - s.below_usual_by, greatest(interval '3 minutes', 2 * s.refresh_interval)
  into strict v_since, v_part, v_patience
  from vessel_activity.settings as s;
  select max(h.minute) into v_first
  from vessel_activity.history as h
  where h.minute > v_since - v_patience - interval '1 minute' and h.minute <= v_since
    and h.sampled_at > v_since - v_patience and h.sampled_at <= v_since;

  return query
    with sample as materialized (
      select h.*
      from vessel_activity.history as h
      where h.minute >= v_first and h.minute <= p_as_of and h.sampled_at <= p_as_of
    ), band as materialized (
      select b.* from vessel_activity.usual_bands(array(select h.minute from sample as h)) as b where b.weeks >= 2
    ), compared as (
      select f.place, f.figure, h.sampled_at, f.value, b.weeks, b.low, b.high, f.value < b.low * v_part as is_below
      from sample as h
      cross join lateral (values
        (1, 'active_now', h.active_now), (2, 'active_last_hour', h.active_last_hour),
        (3, 'active_last_24h', h.active_last_24h), (4, 'positions_last_hour', h.positions_last_hour)
      ) as f (place, figure, value)
      left join band as b on b.figure = f.figure and b.hour = date_bin('1 hour', h.minute, 'epoch')
    ), judged as (
      -- False if one sample is not below, else unknown if one is unknown.
      select
        c.place,
        case when count(c.is_below) = count(*) or not bool_and(c.is_below) then bool_and(c.is_below) end as is_below
      from compared as c
      group by c.place
      having max(c.sampled_at) > p_as_of - v_patience
    ), newest as (
      select distinct on (c.place) c.* from compared as c order by c.place, c.sampled_at desc
    )
    select f.figure, j.is_below, n.value, coalesce(n.weeks, 0), n.low, n.high
    from unnest(array['active_now', 'active_last_hour', 'active_last_24h', 'positions_last_hour'])
      with ordinality as f (figure, place)
    left join judged as j on j.place = f.place
    left join newest as n on n.place = j.place
    order by f.place;
end
$$;

comment on function vessel_activity.below_usual_at(timestamptz) is
  'Whether active_now, active_last_hour, active_last_24h and positions_last_hour are below usual at p_as_of, one row each. is_below: true if the figure was below its band by settings.below_usual_by for settings.below_usual_for; NULL if samples are missing, or fewer than two weeks tell what is usual. value: of the last sample. weeks, low, high: the usual band at that sample.';
