-- depends: 0004.loading
-- What live feeds need (docs/feeds.md): the processes that feed, their sources with the counts, and samples of rejected messages.

set local lock_timeout = '500ms';

create table if not exists vessel_activity.feeder (
  id uuid primary key,
  last_batch bigint not null default 0,
  host text not null,
  process integer not null,
  version text not null,
  started_at timestamptz not null default clock_timestamp(),
  heard_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);
comment on table vessel_activity.feeder is 'One row for each spool of a vessel-activity feed. last_batch keeps a batch from being filed twice. Rows that were not heard of for 90 days are deleted.';
comment on column vessel_activity.feeder.id is 'The number that the feed has made for its spool.';
comment on column vessel_activity.feeder.last_batch is 'Number of the last batch that was filed.';
comment on column vessel_activity.feeder.host is 'Name of the machine.';
comment on column vessel_activity.feeder.process is 'Process on that machine.';
comment on column vessel_activity.feeder.version is 'Version of vessel activity that feeds.';
comment on column vessel_activity.feeder.started_at is 'When the process connected to the database, last.';
comment on column vessel_activity.feeder.heard_at is 'When it called the database, last.';

-- Half-full pages and no index on what changes: updates stay in their page (HOT) and leave nothing for vacuum.
create table if not exists vessel_activity.feed (
  source text primary key check (length(source) between 1 and 100 and source !~ '[[:cntrl:]]'),
  address text,
  feeder uuid,
  host text,
  process integer,
  version text,
  state text not null default 'ended' check (state in ('connecting', 'connected', 'silent', 'waiting', 'ended')),
  since timestamptz not null default clock_timestamp(),
  error text,
  silence integer not null default 60 check (silence > 0),
  heard_at timestamptz not null default clock_timestamp(),
  filed_at timestamptz,
  newest_report_at timestamptz,
  newest_arrival_at timestamptz,
  messages bigint not null default 0,
  positions bigint not null default 0,
  duplicates bigint not null default 0,
  statics bigint not null default 0,
  ignored bigint not null default 0,
  rejected bigint not null default 0,
  ignored_by_type jsonb not null default '{}',
  rejected_by_reason jsonb not null default '{}',
  lines bigint not null default 0,
  reconnects bigint not null default 0,
  dropped bigint not null default 0,
  clock_ahead bigint not null default 0,
  clock_behind bigint not null default 0,
  waiting bigint not null default 0,
  waiting_bytes bigint not null default 0,
  waiting_for interval,
  clock_offset interval,
  recent jsonb not null default '[]',
  constraint feed_adds_up check (messages = positions + duplicates + statics + ignored + rejected)
) with (fillfactor = 30);
comment on table vessel_activity.feed is 'One row for each source of a live feed, with its counts since the row was made. Each batch updates the counts in the transaction that files it, so they are always true. Rows that were not heard of for 30 days are deleted.';
comment on column vessel_activity.feed.source is 'Name of the source.';
comment on column vessel_activity.feed.address is 'Where the source is, without a key.';
comment on column vessel_activity.feed.feeder is 'feeder.id of the process that told of the source last.';
comment on column vessel_activity.feed.host is 'Machine of that process.';
comment on column vessel_activity.feed.process is 'Number of that process on its machine.';
comment on column vessel_activity.feed.version is 'Version of vessel activity that feeds.';
comment on column vessel_activity.feed.state is 'connecting; connected; silent (connected, but no message for as long as silence says); waiting (before the next attempt to connect); ended (in order).';
comment on column vessel_activity.feed.since is 'Since when the source is in this state, by the clock of the feed.';
comment on column vessel_activity.feed.error is 'The last error of the source; NULL if it is connected.';
comment on column vessel_activity.feed.silence is 'Seconds without a message after which the source counts as silent.';
comment on column vessel_activity.feed.heard_at is 'When the process told of the source, last.';
comment on column vessel_activity.feed.filed_at is 'When a batch with messages of the source was filed, last.';
comment on column vessel_activity.feed.newest_report_at is 'Newest time of a report that is not ahead of its arrival by more than a minute.';
comment on column vessel_activity.feed.newest_arrival_at is 'When the newest message arrived, by the clock of the feed.';
comment on column vessel_activity.feed.messages is 'Messages received: positions + duplicates + statics + ignored + rejected.';
comment on column vessel_activity.feed.positions is 'Position reports added to vessel_positions.';
comment on column vessel_activity.feed.duplicates is 'Position reports whose vessel had a position in that second already, from whatever source.';
comment on column vessel_activity.feed.statics is 'Reports of static data only: AIS messages of types 5 and 24.';
comment on column vessel_activity.feed.ignored is 'Messages of types that hold neither a position of a ship nor static data.';
comment on column vessel_activity.feed.rejected is 'Messages that were not filed.';
comment on column vessel_activity.feed.ignored_by_type is 'The ignored messages by type: an object {type: count}.';
comment on column vessel_activity.feed.rejected_by_reason is 'The rejected messages by reason: an object {reason: count}. rejected_message holds samples.';
comment on column vessel_activity.feed.lines is 'Lines, datagrams or frames received.';
comment on column vessel_activity.feed.reconnects is 'How often the source was connected again.';
comment on column vessel_activity.feed.dropped is 'Messages lost because the spool was full.';
comment on column vessel_activity.feed.clock_ahead is 'Messages whose own time was more than a minute ahead of their arrival.';
comment on column vessel_activity.feed.clock_behind is 'Messages whose own time was more than a day behind their arrival.';
comment on column vessel_activity.feed.waiting is 'Reports of the process that are received but not filed yet, in memory and in the spool.';
comment on column vessel_activity.feed.waiting_bytes is 'Size of these reports.';
comment on column vessel_activity.feed.waiting_for is 'Age of the oldest of these reports; NULL if there are none.';
comment on column vessel_activity.feed.clock_offset is 'How far the clock of the feed is ahead of that of the database server.';
comment on column vessel_activity.feed.recent is 'Counts of the last ten to twenty minutes, for status: two objects, the newer one last.';

create table if not exists vessel_activity.rejected_message (
  source text not null,
  reason text not null,
  slot integer not null,
  number bigint not null,
  filed_at timestamptz not null default clock_timestamp(),
  raw text not null,
  primary key (source, reason, slot)
);
-- Apart from the table, so that it comes back if somebody has dropped vessel_activity.feed.
do $$
begin
  if not exists (
    select from pg_catalog.pg_constraint as c
    where c.conrelid operator(pg_catalog.=) 'vessel_activity.rejected_message'::pg_catalog.regclass::pg_catalog.oid
      and c.contype operator(pg_catalog.=) 'f'::pg_catalog."char"
  ) then
    delete from vessel_activity.rejected_message as m
    where not exists (select from vessel_activity.feed as f where f.source operator(pg_catalog.=) m.source);
    alter table vessel_activity.rejected_message
      add foreign key (source) references vessel_activity.feed (source) on delete cascade;
  end if;
end
$$;
comment on table vessel_activity.rejected_message is 'Samples of rejected messages: the newest 100 for each source and reason.';
comment on column vessel_activity.rejected_message.source is 'feed.source of the message.';
comment on column vessel_activity.rejected_message.reason is 'Why the message was rejected.';
comment on column vessel_activity.rejected_message.slot is 'number modulo 100: a new sample takes the place of the oldest one.';
comment on column vessel_activity.rejected_message.number is 'Numbers the samples of a source and reason.';
comment on column vessel_activity.rejected_message.filed_at is 'When the message was rejected.';
comment on column vessel_activity.rejected_message.raw is 'The message as received, cut to 1,000 characters. If the feed did not send it: its fields.';
