-- depends: 0070.inbox-guard
-- Whether a row may go into an inbox is asked with tickets from a sequence. Earlier each statement read the guard, and one
-- row in 4,096, by chance, the limit: one statement could pass the limit by any number of rows.
-- And what the state needs for relations that come and go between two refreshes, and for long names of types and flags.

set local lock_timeout = '10s';

-- A session draws a block at a time: what is left of it when the limit is looked at is what the inbox may grow by at most.
create sequence if not exists vessel_activity.inbox_tickets cache 512;
comment on sequence vessel_activity.inbox_tickets is 'Drawn for each change that is noted; behind ticket 4,096 the limit of the inboxes is looked at, and the count begins anew.';
do $$
begin
  execute format('alter sequence vessel_activity.inbox_tickets owner to %I',
    (select pg_catalog.pg_get_userbyid(n.nspowner) from pg_catalog.pg_namespace as n where n.nspname = 'vessel_activity'));
end
$$;

-- They return more than before, which CREATE OR REPLACE can't change.
drop function if exists vessel_activity.our_triggers();
drop function if exists vessel_activity.source_relations();
drop function if exists vessel_activity.fold_inbox(timestamptz, boolean);

comment on column vessel_activity.inbox.sign is '1: the position came; -1: it went; 0: no position, the inbox does not tell all (see note_tree and note_merge).';
alter table vessel_activity.state add column if not exists tree text;
comment on column vessel_activity.state.tree is 'vessel_activity.source_tree() when the state was built.';

-- By a digest: a name may be longer than an index takes.
alter table vessel_activity.fleet_count drop constraint if exists fleet_count_pkey;
create unique index if not exists fleet_count_key on vessel_activity.fleet_count (kind, pg_catalog.md5(name));
comment on index vessel_activity.fleet_count_key is 'One row a group.';
