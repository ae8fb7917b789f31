-- A server does all that a reader does, and an operator all that a server does. A feeder does neither, nor does a combiner.
create or replace function vessel_activity.purpose_parts(p_purpose text)
returns text[]
language sql immutable parallel safe
return case p_purpose
  when 'reader' then array['reader']
  when 'server' then array['reader', 'server']
  when 'operator' then array['reader', 'server', 'operator']
  when 'feeder' then array['feeder']
  when 'combiner' then array['combiner']
end;

comment on function vessel_activity.purpose_parts(text) is
  'The purposes that a purpose includes, itself among them. NULL if there is no such purpose.';
