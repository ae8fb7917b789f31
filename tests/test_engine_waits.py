# ruff: noqa: S311 - nothing secret is drawn
"""No session of vessel activity waits or sleeps with a lock that others need.

Schedulers, manual refreshes, verifications, maintenance and put_triggers run beside writers that
keep their transactions open and beside DDL. A watcher samples pg_locks a hundred times a second.
"""

from __future__ import annotations

import math
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from random import Random
from threading import Event
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest

from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vessel_activity.database.local_server import LocalServer

PRODUCT = "vessel-activity"
SECONDS = 12.0
MOST_WAIT_SECONDS = 0.5
_TOLERANCE_SECONDS = 0.25  # for a busy machine
SOURCES = """
    create table vessel_positions (
      id bigserial, "vesselId" bigint, timestamp timestamptz not null,
      latitude float8, longitude float8, speed numeric, course real
    ) partition by range (timestamp);
    create table p_old partition of vessel_positions
      for values from (minvalue) to (now() - interval '30 minutes');
    create table p_new partition of vessel_positions
      for values from (now() - interval '30 minutes') to (now() + interval '1 day');
"""
# What sessions of vessel activity do. Each is repeated in a session of its own.
PRODUCT_WORK = (
    "call vessel_activity.scheduled_refresh({seconds})",
    "select vessel_activity.refresh_if_due('fallback')",
    "select public.refresh_vessel_activity()",
    "select public.vessel_activity_verify()",
    "select vessel_activity.maintain()",
    "call vessel_activity.put_triggers(null)",
)
INSERT = (
    'insert into vessel_positions ("vesselId", timestamp, speed)'
    " select {vessel}, now() - n * interval '1 minute', 7 from generate_series(0, 40) as n"
)
WRITES = (
    INSERT,
    "update vessel_positions set timestamp = now(), speed = 9 where id % 50 = {vessel}",
    "delete from vessel_positions where id % 50 = {vessel}",
    "insert into vessels (mmsi, flag, active) values (gen_random_uuid()::text, 'NO', true)",
    "update vessels set active = not active where id % 50 = {vessel}",
    "lock table vessels in share row exclusive mode",
    "select from vessels for update",
)
# Each list is one transaction, which is kept open for a while after its last statement.
DDL = (
    ("create table p_more partition of vessel_positions default",),
    ("alter table vessel_positions detach partition p_more",),
    ("drop table if exists p_more",),
    ("alter table vessels add column if not exists note text",),
    ("alter table p_old add column if not exists note text",),
    ("lock table vessels in access exclusive mode",),
    ("lock table vessel_positions in access exclusive mode",),
    ("lock table only p_new in access exclusive mode",),
    ("truncate vessel_positions",),
    ("truncate vessels cascade", INSERT.format(vessel=1)),
    (
        "drop trigger if exists vessel_activity_inserted on p_new",
        "drop trigger if exists vessel_activity_deleted on vessels",
    ),
)
_HELD = """
    with source as (
      select s.relation from vessel_activity.source_relations() as s
    )
    select l.pid, exists (select from pg_locks as w where w.pid = l.pid and not w.granted),
      l.relation::regclass::text || ' ' || l.mode
    from pg_locks as l
    where l.granted and l.locktype = 'relation'
      and (l.relation in (select relation from source)
        or l.relation = 'vessel_activity.refresh_lock'::regclass)
"""
_ACTIVITY = """
    select a.pid, a.application_name like 'vessel-activity%' as is_product, a.xact_start,
      coalesce(a.wait_event, '') as wait_event, a.query_start, left(a.query, 60) as query,
      case when a.wait_event_type = 'Lock' then pg_blocking_pids(a.pid) else '{}' end as blockers
    from pg_stat_activity as a where a.datname = current_database()
"""


class Waits(NamedTuple):
    """What the watcher saw.

    Attributes:
        held: waiting or sleeping sessions of vessel activity that held a lock, by what they held.
        longest: for each statement that waited for vessel activity, how long, in seconds.
        samples: number of samples.
        sleeping: number of samples in which a session of vessel activity slept or waited.

    """

    held: Counter[str]
    longest: Counter[str]
    samples: int
    sleeping: int


def watch(url: str, ended: Event) -> Waits:
    """Sample the locks until told to stop."""
    held: Counter[str] = Counter()
    longest: Counter[str] = Counter()
    suspects: set[tuple[int, str]] = set()
    began: dict[tuple[int, object], float] = {}
    samples = sleeping = 0
    with psycopg.connect(url, autocommit=True) as db:
        while not ended.wait(0.005):
            before = {row[0]: row for row in db.execute(_ACTIVITY)}
            locks = db.execute(_HELD).fetchall()
            after = {row[0]: row for row in db.execute(_ACTIVITY)}
            samples += 1
            product = {pid for pid, row in before.items() if row[1]}
            asleep = {
                pid
                for pid in product
                if before[pid][3] == "PgSleep"
                and after.get(pid, before[pid])[2:4] == before[pid][2:4]
            }
            sleeping += bool(asleep)
            # Between two short sleeps a session may hold locks: only what lasts is a finding.
            found = {(pid, what) for pid, _, what in locks if pid in asleep}
            for pid, what in found & suspects:
                held[f"asleep with {what}: {before[pid][5]}"] += 1
            suspects = found
            for pid, waits, what in locks:
                if waits and pid in product:
                    held[f"waiting with {what}: {before[pid][5]}"] += 1
            _note_waits(before, product, began, longest)
    return Waits(held, longest, samples, sleeping)


def _note_waits(
    activity: dict[int, tuple[object, ...]],
    product: set[int],
    began: dict[tuple[int, object], float],
    longest: Counter[str],
) -> None:
    """Measure how long each other statement has waited for vessel activity, also through others."""
    now = time.monotonic()
    waiting = set()
    for pid in activity.keys() - product:
        reached, queue = {pid}, [pid]
        while queue:
            for blocker in activity.get(queue.pop(), (None,) * 7)[6] or ():  # type: ignore[attr-defined]
                if blocker not in reached:
                    reached.add(blocker)
                    queue.append(blocker)
        if reached & product:
            key = (pid, activity[pid][4])
            waiting.add(key)
            since = began.setdefault(key, now)
            query = str(activity[pid][5])
            longest[query] = max(longest[query], now - since)  # type: ignore[assignment]
    for key in began.keys() - waiting:
        del began[key]


def work(url: str, statement: str, until: float) -> int:
    """Repeat a statement of vessel activity until that time; return how often."""
    done = 0
    with psycopg.connect(url, autocommit=True, application_name=f"{PRODUCT} test") as db:
        while (left := until - time.monotonic()) > 0:
            done += 1
            # A source table may be locked, and another refresh may run.
            with suppress(psycopg.errors.LockNotAvailable):
                db.execute(statement.format(seconds=math.ceil(left)).encode())
            time.sleep(0.05)
    return done


def write(url: str, seed: int, until: float) -> int:
    """Write, and keep each transaction open for up to a second; return the number committed."""
    random, committed = Random(seed), 0
    with psycopg.connect(url) as db:
        while time.monotonic() < until:
            try:
                for _ in range(random.randint(1, 3)):
                    db.execute(random.choice(WRITES).format(vessel=random.randrange(50)).encode())
                time.sleep(random.choice([0, 0, 0.1, 1]))
                db.commit()
                committed += 1
            except (
                psycopg.errors.DeadlockDetected,
                psycopg.errors.SerializationFailure,  # another moved the row to a partition
                psycopg.errors.UndefinedTable,
            ):
                db.rollback()  # between the test's own writers
    return committed


def alter(url: str, seed: int, until: float) -> int:
    """Run DDL, and keep each transaction open for up to a second; return the number committed."""
    random, committed = Random(seed), 0
    with psycopg.connect(url) as db:
        while time.monotonic() < until:
            try:
                db.execute("set local lock_timeout = '2s'")
                for statement in random.choice(DDL):
                    db.execute(statement.encode())
                time.sleep(random.choice([0, 0.1, 1]))
                db.commit()
                committed += 1
            except psycopg.Error:  # such as a partition that is there, or a lock of a writer
                db.rollback()
            time.sleep(random.choice([0, 0.2]))
    return committed


@pytest.fixture(scope="module")
def waits_url(new_server: Callable[..., LocalServer]) -> Iterator[str]:
    """Give a database with partitioned positions on a server of its own, refreshed every second."""
    server = new_server()
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as db:
        db.execute(SOURCES)
    migrate.migrate(server.url())
    with psycopg.connect(server.url(), autocommit=True) as db:
        db.execute("select vessel_activity_schedule('1 second')")
    yield server.url()
    server.stop("immediate")


def test_no_waiting_session_holds_a_lock_and_no_writer_waits_long(waits_url: str) -> None:
    until, ended = time.monotonic() + SECONDS, Event()
    with ThreadPoolExecutor(16) as pool:
        watcher = pool.submit(watch, waits_url, ended)
        product = [pool.submit(work, waits_url, what, until) for what in PRODUCT_WORK]
        writers = [pool.submit(write, waits_url, seed, until) for seed in range(2)]
        ddl = [pool.submit(alter, waits_url, seed, until) for seed in range(2)]
        try:
            others = [one.result() for one in (*product, *writers, *ddl)]
        finally:
            ended.set()  # else the pool would wait for the watcher
        waits = watcher.result()

    assert waits.held == Counter()
    too_long = {
        what: seconds
        for what, seconds in waits.longest.items()
        if seconds > MOST_WAIT_SECONDS + _TOLERANCE_SECONDS
    }
    assert too_long == {}
    # Everybody got something done, and the watcher saw sleeping sessions.
    assert all(others), others
    assert waits.samples > 20 * SECONDS
    assert waits.sleeping > SECONDS
