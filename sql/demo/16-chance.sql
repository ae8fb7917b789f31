-- Tells how likely a vessel is heard.
create or replace function vessel_activity_demo.chance(p_window double precision, p_every double precision, p_received double precision)
returns double precision
language sql immutable parallel safe
-- A window holds a whole number of reports, and with some luck one more.
return 1 - power(1 - p_received, floor(p_window / p_every))
  * (1 - (p_window / p_every - floor(p_window / p_every)) * p_received);

comment on function vessel_activity_demo.chance(double precision, double precision, double precision) is
  'How likely a vessel that reports every p_every seconds is heard within p_window seconds, if the share p_received of the reports is received.';
