-- The functions that other roles than the owner may execute, each with the least purpose that needs it. A purpose includes
-- others: see purpose_parts. Every function here is SECURITY DEFINER, so a role needs no right on the tables behind it. The
-- functions that they call are for the owner alone.
-- In schema public are the functions for people. Programs call those of schema vessel_activity, where no other role can put a
-- function of the same name.
create or replace function vessel_activity.entry_points()
returns table (purpose text, routine regprocedure)
language sql stable
set search_path = pg_catalog, pg_temp
as $$
  select e.purpose, to_regprocedure(e.name)
  from (values
    ('reader', 'public.vessel_activity_json(public.vessel_activity_realtime)'),
    ('reader', 'public.vessel_activity_history(text,timestamp with time zone)'),
    ('reader', 'public.vessel_activity_history_csv(text,timestamp with time zone)'),
    ('reader', 'public.vessel_activity_history_json(text,timestamp with time zone)'),
    ('reader', 'vessel_activity.feed_now(timestamp with time zone,boolean)'),
    ('reader', 'vessel_activity.figures_json(public.vessel_activity_realtime)'),
    ('reader', 'vessel_activity.history_csv(text,timestamp with time zone)'),
    ('reader', 'vessel_activity.history_json(text,timestamp with time zone)'),
    ('reader', 'vessel_activity.area_history_json(text,text,timestamp with time zone)'),
    ('reader', 'vessel_activity.areas_json()'),
    ('reader', 'vessel_activity.grid_json(numeric,double precision[],text)'),
    ('reader', 'vessel_activity.measures()'),
    ('reader', 'vessel_activity.serving()'),
    ('reader', 'vessel_activity.serving_activity(timestamp with time zone,bigint)'),
    ('reader', 'vessel_activity.types_json(text,timestamp with time zone)'),
    ('reader', 'vessel_activity.vessels_json(text,text,text,text,double precision[],text,text,text,text[],integer)'),
    ('server', 'vessel_activity.announce()'),
    ('server', 'vessel_activity.claim_alert()'),
    ('server', 'vessel_activity.log_failure(text,timestamp with time zone,text,text)'),
    ('server', 'vessel_activity.maintain()'),
    ('server', 'vessel_activity.refresh_if_due(text)'),
    ('server', 'vessel_activity.settle_alert(bigint,text,integer,text,double precision)'),
    ('server', 'vessel_activity.tend_alerts()'),
    ('server', 'vessel_activity.tend_refresh_lock(text)'),
    ('operator', 'public.refresh_vessel_activity()'),
    ('operator', 'public.vessel_activity_area_put(text,jsonb)'),
    ('operator', 'public.vessel_activity_area_remove(text)'),
    ('operator', 'public.vessel_activity_at(timestamp with time zone)'),
    ('operator', 'public.vessel_activity_backfill_history(timestamp with time zone,timestamp with time zone,interval)'),
    ('operator', 'public.vessel_activity_feed_at(timestamp with time zone)'),
    ('operator', 'public.vessel_activity_rebuild()'),
    ('operator', 'public.vessel_activity_schedule(interval)'),
    ('operator', 'public.vessel_activity_status()'),
    ('operator', 'public.vessel_activity_unwatch(text)'),
    ('operator', 'public.vessel_activity_verify()'),
    ('operator', 'public.vessel_activity_watch(text,text,text,numeric,interval,text)'),
    ('operator', 'vessel_activity.refresh_now()'),
    ('operator', 'vessel_activity.status()'),
    ('combiner', 'vessel_activity.member_area_put(text,text,json,json)'),
    ('combiner', 'vessel_activity.member_areas_at(json,timestamp with time zone)'),
    ('combiner', 'vessel_activity.member_cells(numeric,double precision[],text)'),
    ('combiner', 'vessel_activity.member_definition(timestamp with time zone,boolean)'),
    ('combiner', 'vessel_activity.member_maintain()'),
    ('combiner', 'vessel_activity.member_part(timestamp with time zone,boolean,boolean,json,boolean)'),
    ('combiner', 'vessel_activity.member_vessels(json,text,text,text,text,double precision[],text,text,text[],integer)'),
    ('feeder', 'vessel_activity.feed_batch(uuid,bigint,text,jsonb,jsonb)'),
    ('feeder', 'vessel_activity.feed_start(uuid,text,integer,text)'),
    ('feeder', 'vessel_activity.load_batch(bigint,text,bigint,bigint)'),
    ('feeder', 'vessel_activity.load_end(bigint,text,text)'),
    ('feeder', 'vessel_activity.load_start(text,boolean)'),
    ('feeder', 'vessel_activity.load_unknown_characters(bytea[])')
  ) as e (purpose, name)
  where to_regprocedure(e.name) is not null
$$;

comment on function vessel_activity.entry_points() is
  'The functions that a role may execute for a purpose, each with the least purpose that needs it: reader, server, operator, feeder or combiner.';
