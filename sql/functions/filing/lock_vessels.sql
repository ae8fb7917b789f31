-- Locks the vessels of a batch until the transaction ends, so that two sessions never file reports of one vessel at the same
-- time. That is what keeps one position for each MMSI and second, and one vessel for each MMSI, whatever indexes the source
-- tables have. The locks are those of the rows of vessel_activity.static_data. They are taken in the order of the MMSIs, so
-- that two batches never wait for each other. Reports that are rejected need no lock.
-- A vessel that has no row yet gets one. If it was in the source table before, its name and type count as being as new as its
-- newest position.
-- Waits for other batches that hold reports of the same vessels. Nothing else may be locked before.
-- Raises invalid_transaction_state (25000) unless the isolation level is read committed: the steps that follow must see what
-- other sessions have filed until now.
create or replace function vessel_activity.lock_vessels(p_reports vessel_activity.report[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  v_mmsi constant integer[] := array(select distinct r.mmsi from unnest(p_reports) as r where r.reason is null order by r.mmsi);
  v_new integer[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception using
      errcode = 'invalid_transaction_state',
      message = format('reports are filed at isolation level read committed, not %s', current_setting('transaction_isolation')),
      hint = 'Run set default_transaction_isolation = ''read committed'' in the session first.';
  end if;

  v_new := array(
    select m.mmsi
    from unnest(v_mmsi) as m (mmsi)
    where not exists (select from vessel_activity.static_data as d where d.mmsi = m.mmsi)
  );
  if v_new <> '{}' then
    execute format(
      $sql$
      insert into vessel_activity.static_data (mmsi, name_at, type_at)
      select m.mmsi, p.newest_at, p.newest_at
      from unnest($1) as m (mmsi)
      cross join lateral (
        select coalesce(max(q."timestamp"), '-infinity') as newest_at
        from public.vessels as v
        join public.vessel_positions as q on q."vesselId" = v.id
        where v.mmsi = m.mmsi::text::%s
      ) as p
      order by m.mmsi
      on conflict (mmsi) do nothing
      $sql$,
      vessel_activity.mmsi_type())
    using v_new;
  end if;

  perform from vessel_activity.static_data as d where d.mmsi = any (v_mmsi) order by d.mmsi for no key update;
end
$$;

comment on function vessel_activity.lock_vessels(vessel_activity.report[]) is
  'Locks the vessels of the reports until the transaction ends, so that one session at a time files reports of a vessel. Raises invalid_transaction_state unless the isolation level is read committed.';
