-- The body of GET /api/database/vessel-activity/history: active vessels by type over time, hour by hour, ready to be stacked. The
-- eight types with the most vessels in the range have a line each; the others are one line, whose name is null.
-- An hour without a sample is unknown: its values are null.
-- Raises invalid_parameter_value (22023) if p_range is unknown.
create or replace function vessel_activity.types_json(p_range text, p_now timestamptz default clock_timestamp())
returns text
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  v_hours constant integer := case p_range when '24h' then 24 when '7d' then 168 when '30d' then 720 end;
  v_last constant timestamptz := date_bin('1 hour', p_now, 'epoch');
  v_first constant timestamptz := v_last - (v_hours - 1) * interval '1 hour';
begin
  if v_hours is null then
    raise exception using
      errcode = 'invalid_parameter_value',
      message = format('range %L is unknown', p_range),
      hint = 'Use 24h, 7d or 30d.';
  end if;
  return (
    with sample as materialized (
      select h.hour, h.name, sum(h.active_last_hour) as vessels
      from vessel_activity.type_hour as h
      where h.hour between v_first and v_last and h.place > 0
      group by h.hour, h.name
    ),
    top as materialized (
      select s.name, row_number() over (order by sum(s.vessels) desc, s.name collate "C") as place
      from sample as s group by s.name order by place limit 8
    ),
    hours as materialized (
      select g.hour, t.active_last_hour as total
      from generate_series(v_first, v_last, interval '1 hour') as g (hour)
      left join vessel_activity.type_hour as t on t.hour = g.hour and t.place = 0
    ),
    shown as materialized (
      select s.hour, t.name, s.vessels from sample as s join top as t on t.name = s.name
    ),
    cell as (
      select t.name, t.place, h.hour, case when h.total is not null then coalesce(s.vessels, 0) end as vessels
      from top as t
      cross join hours as h
      left join shown as s on s.hour = h.hour and s.name = t.name
      union all
      select null, 9, h.hour, h.total - coalesce(s.vessels, 0)
      from hours as h
      left join (select s.hour, sum(s.vessels) as vessels from shown as s group by s.hour) as s on s.hour = h.hour
    ),
    series as (
      select c.name, c.place, array_agg(c.vessels order by c.hour) as vessels from cell as c group by c.name, c.place
    )
    select row_to_json(d)::text
    from (
      select p_range as range, 3600 as "stepSeconds",
        array(select vessel_activity.iso_instant(h.hour) from hours as h order by h.hour) as times,
        array_to_json(array(
          select l from (
            select vessel_activity.readable_name(s.name) as name, s.vessels as "activeLastHour"
            from series as s order by s.place
          ) as l)) as types
    ) as d
  );
end
$$;

comment on function vessel_activity.types_json(text, timestamptz) is
  'Active vessels by type, hour by hour, as JSON text: range (24h, 7d or 30d), stepSeconds, times, and types, an array of {name, activeLastHour}: numbers of vessels, one for each time, null if unknown. The last entry, whose name is null, holds all further types.';
