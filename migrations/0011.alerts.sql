-- depends: 0010.places
-- The rules that refreshes and servers watch, the alerts that they raise, and what was delivered of them (docs/alerts.md).

set local lock_timeout = '500ms';

-- To add a column waits for every open writer, so a migration that is repeated must not try.
do $$
begin
  if not exists (select from pg_catalog.pg_attribute where attrelid = 'vessel_activity.settings'::regclass and attname = 'alert_retention') then
    alter table vessel_activity.settings
      add column alert_clear_after interval not null default '2 minutes'
        check (alert_clear_after between interval '0' and interval '1 hour'),
      add column alert_retention interval not null default '90 days' check (alert_retention > interval '0');
  end if;
end
$$;
comment on column vessel_activity.settings.alert_clear_after is 'How long the condition of a rule must be false until its alert is cleared, 0 to 1 hour. It doubles with each further alert of the rule within an hour.';
comment on column vessel_activity.settings.alert_retention is 'How long an alert is kept after it was cleared.';

create table if not exists vessel_activity.watch (
  name text primary key constraint watch_name_check check (length(name) between 1 and 100 and name !~ '[[:cntrl:]]' and name = btrim(name)),
  figure text not null,
  comparison text not null constraint watch_comparison_check check (comparison in ('above', 'below')),
  threshold numeric,
  for_at_least interval constraint watch_for_at_least_check check (for_at_least between interval '0' and interval '7 days'),
  area text,
  true_since timestamptz,
  false_since timestamptz
) with (fillfactor = 50);
comment on table vessel_activity.watch is 'The rules: what raises an alert. public.vessel_activity_watch() and public.vessel_activity_unwatch() write it.';
comment on column vessel_activity.watch.name is 'What people call the rule: 1 to 100 characters.';
comment on column vessel_activity.watch.figure is 'What is watched: see vessel_activity.watchable_figures().';
comment on column vessel_activity.watch.comparison is 'above or below: on which side of the threshold the condition is true.';
comment on column vessel_activity.watch.threshold is 'The number that the figure is compared with, in the unit of the figure. NULL: the usual band for the hour of the week, less or more settings.below_usual_by.';
comment on column vessel_activity.watch.for_at_least is 'How long the condition must be true until an alert is raised. NULL: settings.below_usual_for if the threshold is what is usual, else 0.';
comment on column vessel_activity.watch.area is 'Name of the area whose figure is watched. NULL: all vessels.';
comment on column vessel_activity.watch.true_since is 'From when on the condition was true each time somebody looked. NULL: it was false when somebody last looked, or nobody could tell yet.';
comment on column vessel_activity.watch.false_since is 'From when on the condition was false each time somebody looked. NULL: it was true when somebody last looked, or nobody could tell yet.';
create table if not exists vessel_activity.watching (
  only_row boolean primary key default true check (only_row),
  revision bigint not null default 0,
  error text,
  error_at timestamptz,
  delivered bigint not null default 0,
  failed bigint not null default 0,
  given_up bigint not null default 0
) with (fillfactor = 50);
-- Only once: a rule that somebody has removed does not come back.
insert into vessel_activity.watch (name, figure, comparison, threshold, for_at_least)
select r.*
from (values
  ('Row stale', 'row_overdue_seconds', 'above', 0, interval '30 seconds'),
  ('Feed late', 'feed_overdue_seconds', 'above', 0, '30 seconds'),
  ('Refresh failing', 'failed_refreshes', 'above', 0, '1 minute'),
  ('Below usual', 'active_now', 'below', null, null)
) as r (name, figure, comparison, threshold, for_at_least)
where not exists (select from vessel_activity.watching)
on conflict do nothing;
insert into vessel_activity.watching default values on conflict do nothing;
comment on table vessel_activity.watching is 'The state of the watch, in one row. Whoever evaluates the rules locks it.';
comment on column vessel_activity.watching.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity.watching.revision is 'Grows whenever an alert is raised or cleared.';
comment on column vessel_activity.watching.error is 'Why the rules could not be evaluated: SQLSTATE and message. NULL if they could be.';
comment on column vessel_activity.watching.error_at is 'When this error was first seen.';
comment on column vessel_activity.watching.delivered is 'Number of events delivered since the installation.';
comment on column vessel_activity.watching.failed is 'Number of attempts to deliver that failed since the installation.';
comment on column vessel_activity.watching.given_up is 'Number of events given up since the installation, because they were tried for a day.';

create sequence if not exists vessel_activity.alert_ids;
comment on sequence vessel_activity.alert_ids is 'Numbers the alerts.';
create table if not exists vessel_activity.alert (
  id bigint primary key default nextval('vessel_activity.alert_ids'),
  name text not null,
  figure text not null,
  comparison text not null,
  threshold numeric,
  usual_low numeric,
  usual_high numeric,
  area text,
  value numeric not null,
  since timestamptz not null,
  raised_at timestamptz not null,
  cleared_at timestamptz,
  text text not null
);
do $$
begin
  -- A sequence that was dropped and made again goes on after the numbers that there are.
  alter table vessel_activity.alert alter column id set default nextval('vessel_activity.alert_ids');
  if pg_catalog.pg_sequence_last_value('vessel_activity.alert_ids') is null then
    perform pg_catalog.setval('vessel_activity.alert_ids', (select coalesce(max(t.id), 0) + 1 from vessel_activity.alert as t), false);
  end if;
end
$$;
comment on table vessel_activity.alert is 'The alerts: each time that a rule was true for long enough. settings.alert_retention says how long they are kept.';
comment on column vessel_activity.alert.id is 'Number of the alert. Later alerts have larger ones.';
comment on column vessel_activity.alert.name is 'watch.name of the rule.';
comment on column vessel_activity.alert.figure is 'watch.figure when the alert was raised.';
comment on column vessel_activity.alert.comparison is 'watch.comparison when the alert was raised.';
comment on column vessel_activity.alert.threshold is 'watch.threshold when the alert was raised; NULL: what was usual.';
comment on column vessel_activity.alert.usual_low is 'Lower edge of the usual band when the alert was raised; NULL if the rule has a threshold.';
comment on column vessel_activity.alert.usual_high is 'Upper edge of the usual band when the alert was raised; NULL if the rule has a threshold.';
comment on column vessel_activity.alert.area is 'watch.area when the alert was raised.';
comment on column vessel_activity.alert.value is 'The figure when the alert was raised, in its own unit.';
comment on column vessel_activity.alert.since is 'From when on the condition was true.';
comment on column vessel_activity.alert.raised_at is 'When the condition had been true for long enough.';
comment on column vessel_activity.alert.cleared_at is 'When the condition had been false for long enough, or the rule was removed. NULL: the alert is open.';
comment on column vessel_activity.alert.text is 'What happened, in a sentence.';
create unique index if not exists alert_open on vessel_activity.alert (name) where cleared_at is null;
comment on index vessel_activity.alert_open is 'Finds the open alerts. A rule has one at most.';
create index if not exists alert_raised on vessel_activity.alert (name, raised_at);
comment on index vessel_activity.alert_raised is 'Finds the alerts that a rule has raised lately.';

create table if not exists vessel_activity.alert_event (
  alert_id bigint not null references vessel_activity.alert (id) on delete cascade,
  event text not null constraint alert_event_event_check check (event in ('raised', 'cleared')),
  key uuid not null default gen_random_uuid(),
  text text not null,
  made_at timestamptz not null default clock_timestamp(),
  is_announced boolean not null default false,
  due_at timestamptz not null default clock_timestamp(),
  attempts integer not null default 0,
  error text,
  settled_at timestamptz,
  is_delivered boolean not null default false,
  primary key (alert_id, event)
);
comment on table vessel_activity.alert_event is 'What is to be told of the alerts: that one was raised, and that it was cleared. Servers with a webhook deliver each event.';
comment on column vessel_activity.alert_event.alert_id is 'alert.id.';
comment on column vessel_activity.alert_event.event is 'raised or cleared.';
comment on column vessel_activity.alert_event.key is 'Names the event for the receiver. It is the same in each attempt.';
comment on column vessel_activity.alert_event.text is 'What happened, in a sentence for people.';
comment on column vessel_activity.alert_event.made_at is 'When the event was noted, by the clock.';
comment on column vessel_activity.alert_event.is_announced is 'Whether listeners on the channel vessel_activity_alert were told.';
comment on column vessel_activity.alert_event.due_at is 'When the next attempt to deliver is due. While a server delivers, its claim lasts until then.';
comment on column vessel_activity.alert_event.attempts is 'Number of attempts to deliver.';
comment on column vessel_activity.alert_event.error is 'Why the last attempt that is known to have failed did; NULL if none has.';
comment on column vessel_activity.alert_event.settled_at is 'When the event was delivered or given up; NULL if neither.';
comment on column vessel_activity.alert_event.is_delivered is 'Whether the receiver has accepted the event.';
create index if not exists alert_event_unsettled on vessel_activity.alert_event (due_at) where settled_at is null;
comment on index vessel_activity.alert_event_unsettled is 'Finds the events that must be delivered.';
create index if not exists alert_event_unannounced on vessel_activity.alert_event (alert_id) where not is_announced;
comment on index vessel_activity.alert_event_unannounced is 'Finds the events of which listeners must be told.';
