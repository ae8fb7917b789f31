-- The active vessels of all members by cells of 1 degree, as of their last refresh: within a refresh that is its instant. They are
-- needed for the cells that have gone dark, and are not told in part: the cells of a member that is missing would look dark.
create or replace function vessel_activity.active_cells_of_members(out cells integer[], out vessels integer[])
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_replies vessel_activity.member_reply[];
begin
  cells := '{}';
  vessels := '{}';
  if not vessel_activity.has_members() then
    return;
  end if;
  v_replies := vessel_activity.ask_members(
    $query$select vessel_activity.member_cells('1'::numeric, null::double precision[], 'now'::text)$query$,
    (select s.member_timeout from vessel_activity.settings as s), true);
  if exists (select from unnest(v_replies) as r where r.answer is null) then
    cells := null;
    vessels := null;
    return;
  end if;
  select coalesce(array_agg(k.cell), '{}'), coalesce(array_agg(k.vessels), '{}') into cells, vessels
  from (
    select vessel_activity.degree_cell(c.west, c.south) as cell, sum(c.vessels)::integer as vessels
    from unnest(v_replies) as r
    cross join lateral json_to_recordset(r.answer) as c (west double precision, south double precision, vessels integer)
    group by 1
  ) as k;
end
$$;

comment on function vessel_activity.active_cells_of_members() is
  'The cells of 1 degree (see vessel_activity.degree_cell()) with active vessels of members, and how many each has. Empty if there are no members; NULL if one does not answer.';
