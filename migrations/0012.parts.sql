-- depends: 0011.alerts
-- What one node or database adds to the figures, and the databases (members) that a combining database asks for their parts.
-- Vessels are not shared between parts, so every figure follows from sums.

set local lock_timeout = '500ms';

do $$
begin
  if pg_catalog.to_regtype('vessel_activity.fleet_group') is null then
    create type vessel_activity.fleet_group as (kind text, name text, vessels bigint);
  end if;
  if pg_catalog.to_regtype('vessel_activity.part') is null then
    create type vessel_activity.part as (
      as_of timestamptz,
      active_now bigint,
      active_last_hour bigint,
      active_last_24h bigint,
      positions bigint,
      speed_sum numeric,
      speed_count bigint,
      fleet vessel_activity.fleet_group[],
      sources text[]
    );
  end if;
end
$$;
comment on type vessel_activity.fleet_group is 'How many vessels of the fleet (active = true) a group has. kind: type, flag or total. name: the type or flag state; empty for the total.';
comment on type vessel_activity.part is 'What one node holds at an instant, as numbers that can be added to those of other nodes. vessel_activity.row_of_parts() makes the row of them.';
comment on column vessel_activity.fleet_group.kind is 'type, flag or total.';
comment on column vessel_activity.fleet_group.name is 'The type or flag state; empty for the total.';
comment on column vessel_activity.fleet_group.vessels is 'Number of vessels of the fleet in the group.';
comment on column vessel_activity.part.as_of is 'The instant for which the numbers are true.';
comment on column vessel_activity.part.active_now is 'Vessels with a position in the 5 minutes up to as_of.';
comment on column vessel_activity.part.active_last_hour is 'Vessels with a position in the hour up to as_of.';
comment on column vessel_activity.part.active_last_24h is 'Vessels with a position in the 24 hours up to as_of.';
comment on column vessel_activity.part.positions is 'Positions in the hour up to as_of.';
comment on column vessel_activity.part.speed_sum is 'Sum of the speeds that enter the mean, in knots, without trailing zeros.';
comment on column vessel_activity.part.speed_count is 'Number of the speeds that enter the mean.';
comment on column vessel_activity.part.fleet is 'All types and flag states with the vessels of each, and the total: without empty groups, sorted by kind and name.';
comment on column vessel_activity.part.sources is 'The relations that the numbers cover, sorted.';

-- To add a column waits for every open writer, so a migration that is repeated must not try.
do $$
begin
  if not exists (select from pg_catalog.pg_attribute where attrelid = 'vessel_activity.settings'::regclass and attname = 'member_timeout') then
    alter table vessel_activity.settings
      add column member_timeout interval not null default '5 seconds'
        check (member_timeout between interval '100 milliseconds' and interval '20 seconds'),
      add column allow_missing_members boolean not null default false;
  end if;
end
$$;
comment on column vessel_activity.settings.member_timeout is 'How long a refresh waits for the answer of a member, 0.1 to 20 seconds.';
comment on column vessel_activity.settings.allow_missing_members is 'Whether a refresh stores the sum of the other members if one does not answer. If not, the row stays as it is.';

-- NULL in a state that an earlier version built: it is built anew then.
alter table vessel_activity.state
  add column if not exists hour_positions bigint,
  add column if not exists hour_speed_sum numeric,
  add column if not exists hour_speed_count bigint;
comment on column vessel_activity.state.hour_positions is 'Positions in the hour up to as_of, without those before its first full second: the sum of vessel_activity.position_second, so that no refresh has to add up 3,600 rows.';
comment on column vessel_activity.state.hour_speed_sum is 'Sum of their speeds that enter the mean, in knots.';
comment on column vessel_activity.state.hour_speed_count is 'Number of their speeds that enter the mean.';

create table if not exists vessel_activity.member (
  name text primary key constraint member_name_check check (name ~ '^[a-z][a-z0-9_]{0,29}$'),
  added_at timestamptz not null default clock_timestamp()
);
comment on table vessel_activity.member is 'The databases whose parts are added to that of this one. public.vessel_activity_member_add() and public.vessel_activity_member_remove() write it. Addresses are in the foreign servers vessel_activity_member_NAME, passwords in their user mappings.';
comment on column vessel_activity.member.name is 'Name of the member: small letters, digits and underscores.';
comment on column vessel_activity.member.added_at is 'When it was added.';

-- Written by each refresh. Unlogged: after a crash the next refresh asks again.
create unlogged table if not exists vessel_activity.member_state (
  name text primary key,
  answered_at timestamptz,
  as_of timestamptz,
  answer json,
  round_trip_ms numeric(12,3),
  failed_at timestamptz,
  error text,
  clashes bigint,
  clash text,
  compared_at timestamptz
) with (fillfactor = 45);
comment on table vessel_activity.member_state is 'What each member has answered to refreshes.';
comment on column vessel_activity.member_state.name is 'Name of the member, as in vessel_activity.member; empty for this database itself.';
comment on column vessel_activity.member_state.answered_at is 'When the last answer came.';
comment on column vessel_activity.member_state.as_of is 'The instant for which the last answer is true.';
comment on column vessel_activity.member_state.answer is 'The last answer: see vessel_activity.member_part(). NULL if the member did not answer to the last refresh.';
comment on column vessel_activity.member_state.round_trip_ms is 'How long the last answer took, in milliseconds, from when the refresh asked.';
comment on column vessel_activity.member_state.failed_at is 'When the member last did not answer.';
comment on column vessel_activity.member_state.error is 'Why the member did not answer to the last refresh; NULL if it did.';
comment on column vessel_activity.member_state.clashes is 'How many vessels of this member were in another one too, when that was last compared. They are counted twice.';
comment on column vessel_activity.member_state.clash is 'The first of these vessels, and the other member.';
comment on column vessel_activity.member_state.compared_at is 'When vessels were last compared.';

-- What this node has told a combining database: one row.
create unlogged table if not exists vessel_activity.given_part (
  only_row boolean primary key default true check (only_row),
  part vessel_activity.part not null
) with (fillfactor = 45);
comment on table vessel_activity.given_part is 'The part of this node that a refresh for a combining database has computed: one row.';
comment on column vessel_activity.given_part.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity.given_part.part is 'The part.';

do $$
begin
  if pg_catalog.to_regtype('vessel_activity.member_reply') is null then
    create type vessel_activity.member_reply as (
      name text, connection text, answer json, error text, round_trip_ms numeric, is_retried boolean);
  end if;
end
$$;
comment on type vessel_activity.member_reply is 'The reply of a member to a query. It is waited for as long as answer and error are NULL.';
comment on column vessel_activity.member_reply.name is 'Name of the member.';
comment on column vessel_activity.member_reply.connection is 'Name of the connection to it.';
comment on column vessel_activity.member_reply.answer is 'What it answered.';
comment on column vessel_activity.member_reply.error is 'Why it did not answer.';
comment on column vessel_activity.member_reply.round_trip_ms is 'How long the answer took, in milliseconds.';
comment on column vessel_activity.member_reply.is_retried is 'Whether the query was sent a second time, over a new connection.';
