-- AIS sends a course of 360 degrees for "not available".
create or replace function vessel_activity.known_course(p_course numeric)
returns numeric
language sql immutable parallel safe
return case when p_course >= 0 and p_course < 360 then p_course end;

comment on function vessel_activity.known_course(numeric) is
  'p_course (degrees over ground) if it is at least 0 and below 360; NULL for all other values, because the course is unknown then.';
