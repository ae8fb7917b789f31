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
      add column allow_missing_members boolean not null default false,
      add column overlapping_members boolean not null default false;
  end if;
end
$$;
comment on column vessel_activity.settings.member_timeout is 'How long a refresh waits for the answer of a member, 0.1 to 20 seconds.';
comment on column vessel_activity.settings.allow_missing_members is 'Whether a refresh stores the sum of the other members if one does not answer. If not, the row stays as it is.';
comment on column vessel_activity.settings.overlapping_members is 'Whether a vessel may be in several members. Then members tell their vessels with each refresh, so that each is counted once.';

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
do $$
begin
  if not exists (select from pg_catalog.pg_attribute where attrelid = 'vessel_activity.member'::regclass and attname = 'has_shards') then
    alter table vessel_activity.member add column has_shards boolean not null default false;
  end if;
end
$$;
comment on table vessel_activity.member is 'The databases whose parts are added to that of this one. public.vessel_activity_member_add() and public.vessel_activity_member_remove() write it. Addresses are in the foreign servers vessel_activity_member_NAME, passwords in their user mappings.';
comment on column vessel_activity.member.name is 'Name of the member: small letters, digits and underscores.';
comment on column vessel_activity.member.added_at is 'When it was added.';
comment on column vessel_activity.member.has_shards is 'Whether it is another node of the same Citus cluster, whose part is of the shards that it has.';

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
  compared_at timestamptz,
  areas_flaw text
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
comment on column vessel_activity.member_state.areas_flaw is 'Why the vessels of this member are not counted in areas; NULL if they are, or if there are no areas.';

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

do $$
begin
  if pg_catalog.to_regtype('vessel_activity.area_count') is null then
    create type vessel_activity.area_count as (
      area integer,
      active_now bigint,
      active_last_hour bigint,
      active_last_24h bigint,
      entered bigint,
      departed bigint,
      speed_sum bigint,
      speed_count bigint,
      types json
    );
  end if;
end
$$;
comment on type vessel_activity.area_count is 'What one database adds to the figures of an area. vessel_activity.areas_of_counts() makes the figures of them.';
comment on column vessel_activity.area_count.area is 'Number of the area.';
comment on column vessel_activity.area_count.active_now is 'As in area_figures.';
comment on column vessel_activity.area_count.active_last_hour is 'As in area_figures.';
comment on column vessel_activity.area_count.active_last_24h is 'As in area_figures.';
comment on column vessel_activity.area_count.entered is 'As in area_figures.';
comment on column vessel_activity.area_count.departed is 'As in area_figures.';
comment on column vessel_activity.area_count.speed_sum is 'Sum of the speeds that enter the mean, in thousandths of a knot.';
comment on column vessel_activity.area_count.speed_count is 'Number of the speeds that enter the mean.';
comment on column vessel_activity.area_count.types is 'Types of the vessels that are active now, the commonest first: an array of {name, activeNow}. The five commonest, or all of them for a combining database.';

-- Areas of combining databases that this one is a member of. They are counted here, and shown there.
create table if not exists vessel_activity.asked_area (
  id integer primary key default nextval('vessel_activity.area_ids'),
  combiner text not null,
  number integer not null,
  put_at text not null,
  shape jsonb not null,
  constraint asked_area_number unique (combiner, number)
);
do $$
begin
  -- A sequence that was dropped and made again goes on after the numbers that there are.
  alter table vessel_activity.asked_area alter column id set default nextval('vessel_activity.area_ids');
  if (select max(k.id) from vessel_activity.asked_area as k) >= coalesce(pg_catalog.pg_sequence_last_value('vessel_activity.area_ids'), 1) then
    perform pg_catalog.setval('vessel_activity.area_ids', (select max(k.id) from vessel_activity.asked_area as k));
  end if;
end
$$;
comment on table vessel_activity.asked_area is 'The areas of combining databases in which the vessels of this one are counted. vessel_activity.member_area_put() writes it.';
comment on column vessel_activity.asked_area.id is 'Number of the area in area_part and the other tables that follow from shapes. It is shared with vessel_activity_area.id.';
comment on column vessel_activity.asked_area.combiner is 'Which combining database asks: see vessel_activity.combiner_id().';
comment on column vessel_activity.asked_area.number is 'vessel_activity_area.id on the combining database.';
comment on column vessel_activity.asked_area.put_at is 'When the shape was put there, in seconds since 1970. A shape with another time is another shape.';
comment on column vessel_activity.asked_area.shape is 'A GeoJSON geometry, Polygon or MultiPolygon, in degrees (WGS 84).';

create table if not exists vessel_activity.area_asker (
  combiner text primary key,
  key text,
  asked_at timestamptz not null default clock_timestamp()
);
comment on table vessel_activity.area_asker is 'The combining databases that have areas here. The areas of one that has not asked for a day are removed.';
comment on column vessel_activity.area_asker.combiner is 'Which combining database: see vessel_activity.combiner_id().';
comment on column vessel_activity.area_asker.key is 'Which of its revisions of the areas asked_area has: see vessel_activity.areas_key(). NULL while shapes are missing.';
comment on column vessel_activity.area_asker.asked_at is 'When it asked last; written once an hour.';

-- A part belongs to an area of this database or to one of a combining database.
alter table vessel_activity.area_part drop constraint if exists area_part_area_fkey;
comment on column vessel_activity.area_part.area is 'vessel_activity_area.id or asked_area.id.';

-- What the document tells of types and flag states where members overlap.
create unlogged table if not exists vessel_activity.counted_once (
  only_row boolean primary key default true check (only_row),
  as_of timestamptz not null,
  pairs vessel_activity.pair_count[] not null,
  fleet vessel_activity.fleet_group[] not null
) with (fillfactor = 45);
comment on table vessel_activity.counted_once is 'The vessels of this database and its members by type and flag state, each vessel once: one row. Only refreshes that write the document write it, if settings.overlapping_members.';
comment on column vessel_activity.counted_once.only_row is 'Always true: limits the table to one row.';
comment on column vessel_activity.counted_once.as_of is 'The instant for which the numbers are true.';
comment on column vessel_activity.counted_once.pairs is 'Active vessels by type and flag state. What they do is not known: those numbers are 0.';
comment on column vessel_activity.counted_once.fleet is 'The fleet by type, by flag state and in total.';
