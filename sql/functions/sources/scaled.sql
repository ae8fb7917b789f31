-- Converts a value of a source column to knots or degrees. Overloads, so that PostgreSQL inlines the expression. The result is
-- numeric, so that tenths stay exact. A column that holds no numbers gives NULL: a trigger calls this too, and no writer may fail.
create or replace function vessel_activity.scaled(p_value numeric, p_factor numeric)
returns numeric
language sql immutable parallel safe
return p_value operator(pg_catalog.*) p_factor;

create or replace function vessel_activity.scaled(p_value integer, p_factor numeric)
returns numeric
language sql immutable parallel safe
return p_value::pg_catalog.numeric operator(pg_catalog.*) p_factor;

create or replace function vessel_activity.scaled(p_value smallint, p_factor numeric)
returns numeric
language sql immutable parallel safe
return p_value::pg_catalog.numeric operator(pg_catalog.*) p_factor;

create or replace function vessel_activity.scaled(p_value bigint, p_factor numeric)
returns numeric
language sql immutable parallel safe
return p_value::pg_catalog.numeric operator(pg_catalog.*) p_factor;

create or replace function vessel_activity.scaled(p_value real, p_factor numeric)
returns numeric
language sql immutable parallel safe
return p_value::pg_catalog.numeric operator(pg_catalog.*) p_factor;

create or replace function vessel_activity.scaled(p_value double precision, p_factor numeric)
returns numeric
language sql immutable parallel safe
return p_value::pg_catalog.numeric operator(pg_catalog.*) p_factor;

create or replace function vessel_activity.scaled(p_value anyelement, p_factor numeric)
returns numeric
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$ select null::numeric $$;

comment on function vessel_activity.scaled(numeric, numeric) is 'p_value * p_factor: a value of a source column in knots or degrees.';
comment on function vessel_activity.scaled(integer, numeric) is 'p_value * p_factor: a value of a source column in knots or degrees.';
comment on function vessel_activity.scaled(smallint, numeric) is 'p_value * p_factor: a value of a source column in knots or degrees.';
comment on function vessel_activity.scaled(bigint, numeric) is 'p_value * p_factor: a value of a source column in knots or degrees.';
comment on function vessel_activity.scaled(real, numeric) is 'p_value * p_factor: a value of a source column in knots or degrees.';
comment on function vessel_activity.scaled(double precision, numeric) is 'p_value * p_factor: a value of a source column in knots or degrees.';
comment on function vessel_activity.scaled(anyelement, numeric) is 'Always NULL: the source column holds no numbers.';
