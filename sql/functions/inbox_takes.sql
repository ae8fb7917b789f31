-- Asked by the note_* triggers of every row, so it is inlined there, and looks at the limit at one row in 4,096 only.
create or replace function vessel_activity.inbox_takes()
returns boolean
language sql volatile
return pg_catalog.random() operator(pg_catalog.>=) 0.000244140625::pg_catalog.float8 or vessel_activity.inbox_has_room();

comment on function vessel_activity.inbox_takes() is
  'Whether an open inbox takes one more row; closes it where it is found over its limit.';
