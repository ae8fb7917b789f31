-- Keeps what is usual in the cells for the hour of p_as_of, unless it is kept already. The caller holds the refresh lock.
create or replace function vessel_activity.keep_usual_cells(p_as_of timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from vessel_activity.cell_usual as u
    where u.hour = date_bin('1 hour', p_as_of, 'epoch') and u.sampled_ats = vessel_activity.cell_samples(p_as_of)
  ) then
    insert into vessel_activity.cell_usual as u (hour, sampled_ats, cells, usual)
    select date_bin('1 hour', p_as_of, 'epoch'), d.sampled_ats, d.cells, d.usual
    from vessel_activity.usual_cells_at(p_as_of) as d
    on conflict (only_row) do update set
      hour = excluded.hour, sampled_ats = excluded.sampled_ats, cells = excluded.cells, usual = excluded.usual;
  end if;
end
$$;

comment on function vessel_activity.keep_usual_cells(timestamptz) is
  'Keeps in vessel_activity.cell_usual what is usual in the cells for the hour of p_as_of.';
