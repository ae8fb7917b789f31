"""The locks that the steps of a migrate or rollback take. No step waits while it holds one.

A lock that waits makes others queue behind it. So each transaction first takes all the locks it
needs at once, or none, and says for whom it waits.
"""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING, TypeVar

import psycopg

from vessel_activity.paths import FUNCTIONS, INSTALL

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

PINNED = "set local search_path = pg_catalog, pg_temp"
"""Lets no function or operator of another role in schema public take part in the transaction."""

PATIENCE_SECONDS = 15.0
"""How long a step waits for locks on tables, as sql/install/take_locks.sql does too."""

_PAUSE_SECONDS = 1.0
# A refresh reads the source tables and changes the tables of vessel activity.
_FOR_CHANGES = """
  select c.oid::regclass as relation, w.mode
  from (values
    (1, pg_catalog.to_regclass(coalesce(
      nullif(pg_catalog.current_setting('vessel_activity.positions_name', true), ''),
      'public.vessel_positions')), 'access share'),
    (2, pg_catalog.to_regclass(coalesce(
      nullif(pg_catalog.current_setting('vessel_activity.vessels_name', true), ''),
      'public.vessels')), 'access share'),
    (3, pg_catalog.to_regclass('vessel_activity.refresh_lock'), 'share update exclusive')
  ) as w (ordinal, relation, mode)
  join pg_catalog.pg_class as c on c.oid = w.relation
  where w.ordinal = 3
    or c.relkind in ('r', 'p') and pg_catalog.has_table_privilege(c.oid, 'select')
  union all
  -- Triggers that were made under other names are dropped.
  select t.tgrelid::regclass, 'access exclusive'
  from (
    select distinct t.tgrelid
    from pg_catalog.pg_trigger as t
    join pg_catalog.pg_proc as p on p.oid = t.tgfoid
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'vessel_activity'
      and pg_catalog.current_setting('vessel_activity.names_change', true) = 'on'
  ) as t
"""
_FOR_REMOVAL = """
  select r.relation, r.mode
  from (
    select t.tgrelid::regclass, 'access exclusive', 1
    from pg_catalog.pg_trigger as t
    join pg_catalog.pg_proc as p on p.oid = t.tgfoid
    join pg_catalog.pg_namespace as n on n.oid = p.pronamespace
    where n.nspname = 'vessel_activity'
    union
    -- The index of a partitioned table is dropped with those of its partitions.
    select r.relid, 'access exclusive', 1
    from pg_catalog.pg_class as c
    join pg_catalog.pg_index as i on i.indexrelid = c.oid
    cross join lateral pg_catalog.pg_partition_tree(i.indrelid) as r
    where c.relkind = 'I' and c.relname ~ '^vessel_activity_(vessel_)?timestamp_idx(_[0-9]+)?$'
    union
    select c.oid::regclass, 'share update exclusive', 2
    from pg_catalog.pg_class as c
    where c.oid = pg_catalog.to_regclass('vessel_activity.refresh_lock')
  ) as r (relation, mode, ordinal)
  order by r.ordinal, r.relation
"""
_HOLDERS_OF_OURS = """
  select pg_catalog.string_agg(distinct h.who, '; ')
  from pg_catalog.pg_class as c
  cross join lateral ({holders}) as h (who)
  where c.relnamespace = pg_catalog.to_regnamespace('vessel_activity')
    or c.oid in (pg_catalog.to_regclass('public.vessel_activity_realtime'),
      pg_catalog.to_regclass('public.vessel_activity_area'))
"""


def body(function: str) -> str:
    """Return the text between the dollar quotes of a function of sql/functions/locks/."""
    text = (FUNCTIONS / "locks" / f"{function}.sql").read_text(encoding="utf-8")
    return text.split("$$")[1].strip()


def for_changes() -> str:
    """Return the SQL with which a transaction begins that changes tables or functions.

    It keeps refreshes out until the transaction ends, and takes the locks that reading the source
    tables needs. It raises lock_not_available, and names the sessions that hold them.
    """
    return _take(_FOR_CHANGES)


def for_removal() -> str:
    """Return the SQL that locks every relation with triggers of vessel activity, to drop these.

    It keeps writers out until the transaction ends. It raises lock_not_available like
    `for_changes`.
    """
    return _take(_FOR_REMOVAL)


def patiently(connection: psycopg.Connection, work: Callable[[], T]) -> T:
    """Return what a transaction returns; repeat it while it finds a table locked.

    Args:
        connection: an autocommit connection, to find out who holds the locks.
        work: runs the transaction.

    """
    ends_at = time.monotonic() + PATIENCE_SECONDS
    told = False
    while True:
        try:
            return work()
        except psycopg.errors.LockNotAvailable as error:
            holders = _holders(connection)
            if time.monotonic() > ends_at:
                if error.diag.message_hint is None and holders:
                    error.add_note(
                        f"gave up after {PATIENCE_SECONDS:.0f} seconds of waiting for {holders}"
                    )
                raise
            if not told:
                tell(f"a table is locked; waiting for {holders or 'a session that has ended'}")
            told = True
        time.sleep(_PAUSE_SECONDS)


def tell(text: str) -> None:
    """Print for whom the command waits."""
    print(text, file=sys.stderr, flush=True)


def _holders(connection: psycopg.Connection) -> str | None:
    query = body("lock_holders").replace("p_relation", "c.oid::regclass").replace("p_mode", "''")
    with suppress(psycopg.Error), connection.transaction():
        connection.execute(PINNED)
        row = connection.execute(_HOLDERS_OF_OURS.format(holders=query).encode()).fetchone()
        return None if row is None else row[0]
    return None


def _take(wanted: str) -> str:
    text = (INSTALL / "take_locks.sql").read_text(encoding="utf-8")
    comment, statement, rest = text.partition("set local")
    holders = body("lock_holders").replace("p_relation", "v_relation").replace("p_mode", "v_mode")
    del comment
    return (statement + rest).replace("<wanted>", wanted.strip()).replace("<holders>", holders)
