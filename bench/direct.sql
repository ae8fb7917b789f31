-- The eight queries that the original product runs one after the other to update its figures. The benchmark replaces
-- NOW() with the time that it asks all approaches for.
select count(distinct "vesselId")::int as count from vessel_positions where timestamp >= {now} - interval '5 minutes';
select count(distinct "vesselId")::int as count from vessel_positions where timestamp >= {now} - interval '1 hour';
select count(distinct "vesselId")::int as count from vessel_positions where timestamp >= {now} - interval '24 hours';
select count(*)::int as count from vessels where active = true;
select count(*)::int as count from vessel_positions where timestamp >= {now} - interval '1 hour';
select coalesce("vesselType", 'Unknown') as "vesselType", count(*)::int as count from vessels
  where active = true group by "vesselType" order by count desc limit 10;
select coalesce(flag, 'Unknown') as flag, count(*)::int as count from vessels
  where active = true group by flag order by count desc limit 10;
select coalesce(avg(speed), 0)::decimal(5,2) as avg from vessel_positions
  where timestamp >= {now} - interval '1 hour' and speed > 0 and speed < 50;
