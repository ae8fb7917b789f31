-- Latitude, longitude and speed come from columns of several types, and may be out of range: AIS sends 91, 181 and 102.3 for
-- "not available". The value is brought to one type here. Overloads, so that PostgreSQL inlines the expression. A column of any
-- other type than a number gives NULL, and no refresh fails because of it.
-- Zero is added because -0 and 0 are equal but differ as text.
create or replace function vessel_activity.known_number(p_value double precision, p_least double precision, p_most double precision)
returns double precision
language sql immutable parallel safe
return case when p_value between p_least and p_most then p_value + 0 end;

create or replace function vessel_activity.known_number(p_value real, p_least double precision, p_most double precision)
returns double precision
language sql immutable parallel safe
return case when p_value between p_least and p_most then p_value + 0::double precision end;

create or replace function vessel_activity.known_number(p_value numeric, p_least double precision, p_most double precision)
returns double precision
language sql immutable parallel safe
return case when p_value between p_least::numeric and p_most::numeric then p_value::double precision + 0 end;

create or replace function vessel_activity.known_number(p_value anyelement, p_least double precision, p_most double precision)
returns double precision
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$ select null::double precision $$;

comment on function vessel_activity.known_number(double precision, double precision, double precision) is
  'p_value if it is from p_least to p_most, else NULL: the value is unknown.';
comment on function vessel_activity.known_number(real, double precision, double precision) is
  'p_value if it is from p_least to p_most, else NULL: the value is unknown.';
comment on function vessel_activity.known_number(numeric, double precision, double precision) is
  'p_value if it is from p_least to p_most, else NULL: the value is unknown.';
comment on function vessel_activity.known_number(anyelement, double precision, double precision) is
  'Always NULL: the column holds no numbers.';
