-- What an alert says, in English, for chat tools and for people who read the table. The page says it in the reader's language.
create or replace function vessel_activity.alert_text(
  p_name text, p_area text, p_figure text, p_comparison text, p_value numeric, p_threshold numeric, p_low numeric, p_high numeric
)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select p_name || ': ' || coalesce(p_area || ': ', '')
    || replace(
      coalesce((select f.sentence from vessel_activity.watchable_figures() as f where f.figure = p_figure), p_figure || ' is %s'),
      '%s', trim_scale(p_value)::text)
    || case
      when p_threshold is null then format(', %s the usual %s to %s', p_comparison, trim_scale(p_low), trim_scale(p_high))
      when p_comparison = 'above' and p_threshold = 0 then ''
      else format(', %s %s', p_comparison, trim_scale(p_threshold))
    end
$$;

comment on function vessel_activity.alert_text(text, text, text, text, numeric, numeric, numeric, numeric) is
  'The sentence of an alert: name of the rule, area (NULL: all vessels), figure, above or below, value, threshold (NULL: what is usual), edges of the usual band.';
