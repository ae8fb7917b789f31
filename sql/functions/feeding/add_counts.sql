-- Adds the counts of two JSON objects, key by key. An object holds at most 50 keys; what goes beyond is counted under "other".
create or replace function vessel_activity.add_counts(p_one jsonb, p_other jsonb)
returns jsonb
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_other is null or p_other = '{}' then p_one
    else (
      select jsonb_object_agg(s.key, s.number)
      from (
        select t.key, sum(t.number) as number
        from (
          select o.key, o.value::bigint as number from jsonb_each_text(p_one) as o
          union all
          select
            case when p_one ? n.key or (select count(*) from jsonb_object_keys(p_one)) + n.place <= 50 then n.key else 'other' end,
            n.value::bigint
          from (
            select e.key, e.value, row_number() over (partition by p_one ? e.key order by e.key) as place from jsonb_each_text(p_other) as e
          ) as n
        ) as t
        group by t.key
      ) as s
    )
  end
$$;

comment on function vessel_activity.add_counts(jsonb, jsonb) is
  'The sum of two JSON objects {key: count}, with at most 51 keys: what goes beyond 50 is counted under the key other.';
