-- The contents of vessel_activity.last_seen when the state is rebuilt. As a stable function it reads with the snapshot of
-- the statement that calls it.
create or replace function vessel_activity.last_positions(p_as_of timestamptz)
returns setof vessel_activity.last_seen
language plpgsql stable
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  return query execute vessel_activity.last_positions_query() using p_as_of;
end
$$;

comment on function vessel_activity.last_positions(timestamptz) is
  'The last position of each vessel at or before p_as_of, if it is at most 24 hours older: (vessel_id, seen_at).';
