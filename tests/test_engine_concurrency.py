# ruff: noqa: E501, ISC004, S311 - SQL texts; nothing secret is drawn
"""Eight writers and refreshes back to back: nothing is lost, nobody waits."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from tests.support.sandbox import SHAPES, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg

    from vessel_activity.database.local_server import LocalServer

WRITERS = 8
WRITES = (
    'insert into public.vessel_positions (id, "vesselId", timestamp, speed) values '
    "({new}, {vessel}, clock_timestamp() - interval '{seconds} seconds', 7.5) on conflict do nothing",
    'insert into public.vessel_positions (id, "vesselId", timestamp, speed) select {new} + n * 16, '
    "n, clock_timestamp() - n * interval '2 minutes', n from generate_series(0, 20) as n "
    "on conflict (id) do update set speed = 3, timestamp = excluded.timestamp",
    "update public.vessel_positions set timestamp = clock_timestamp(), speed = 9 "
    "where id % 16 = {lane} and id / 16 % 50 = {part}",
    "delete from public.vessel_positions where id % 16 = {lane} and id / 16 % 50 = {part}",
    "delete from public.vessel_positions where id % 16 = {lane} and id / 16 < {old}",
    "insert into public.vessels (id, mmsi, flag) values ({new}, '{new}', 'NO') on conflict do nothing",
    "update public.vessels set active = not active where id % 16 = {lane} and id / 16 % 9 = {part} % 9",
    "delete from public.vessels where id % 16 = {lane} and id / 16 < {old}",
)


def write(sandbox: Sandbox, lane: int, until: float) -> int:
    """Write rows of one lane in small transactions until that time; return the number committed."""
    random, committed, made = Random(lane), 0, 0
    with sandbox.session() as db:
        # Only this session writes this lane, so any wait for a lock would come from the engine.
        db.execute("set lock_timeout = '100ms'; set synchronous_commit = off")
        while time.monotonic() < until:
            db.execute("begin")
            for _ in range(random.randint(1, 3)):
                made += 21
                statement = random.choice(WRITES).format(
                    lane=lane,
                    new=lane + 16 * made,
                    vessel=random.randrange(40),
                    seconds=random.randrange(4000),
                    part=random.randrange(50),
                    old=made - 2000,
                )
                db.execute(statement)
            if random.random() < 0.2:
                db.execute("rollback")
            else:
                db.execute("commit")
                committed += 1
    return committed


def hammer(sandbox: Sandbox, seconds: float) -> tuple[int, int]:
    """Write and refresh at the same time, then judge; return both numbers of transactions."""
    until = time.monotonic() + seconds
    refreshes = 0
    with sandbox.session() as db, ThreadPoolExecutor(WRITERS) as pool:
        sandbox.reset(db)
        sandbox.refresh(db, clock(db))
        # Built anew while they write. Before the reset they could not have noted their changes.
        db.execute("update vessel_activity.state set fingerprint = null")
        writers = [pool.submit(write, sandbox, lane, until) for lane in range(WRITERS)]
        while not all(writer.done() for writer in writers):
            sandbox.refresh(db, clock(db))
            refreshes += 1
        committed = sum(writer.result() for writer in writers)
        as_of = clock(db)
        row = sandbox.refresh(db, as_of)
        assert sandbox.last_refresh(db).mode == "incremental"
        sandbox.judge(db, row, as_of)
    return refreshes, committed


def clock(db: psycopg.Connection) -> datetime:
    """Return the server's clock."""
    row = db.execute("select clock_timestamp()").fetchone()
    assert row is not None
    now: datetime = row[0]
    return now


@pytest.fixture(scope="module")
def sandbox(new_server: Callable[..., LocalServer]) -> Iterator[Sandbox]:
    """Give a database on a server that no other test uses."""
    server = new_server()
    server.start()
    yield Sandbox(server, SHAPES[0])
    server.stop("immediate")


def test_eight_writers_and_refreshes_back_to_back_lose_nothing(sandbox: Sandbox) -> None:
    refreshes, committed = hammer(sandbox, 8)
    assert refreshes > 20
    assert committed > 200


def test_an_open_writer_delays_no_refresh_and_a_running_refresh_no_writer(sandbox: Sandbox) -> None:
    insert = (
        'insert into public.vessel_positions (id, "vesselId", timestamp, speed) '
        "values (%s, %s, now(), 5)"
    )
    with sandbox.session() as db, sandbox.session() as writer, sandbox.session() as other:
        for one in (db, writer, other):
            one.execute("set lock_timeout = '100ms'")
        sandbox.reset(db)
        sandbox.refresh(db, clock(db))
        writer.execute("begin")
        writer.execute(insert, (1, 1))
        writer.execute("insert into public.vessels (id, mmsi) values (1, '1')")
        assert sandbox.refresh(db, clock(db))[:5] == [0, 0, 0, 0, 0]
        db.execute("begin")
        assert sandbox.refresh(db, clock(db))[:5] == [0, 0, 0, 0, 0]
        other.execute(insert, (2, 2))
        other.execute("delete from public.vessel_positions where id = 2")
        other.execute(insert, (3, 3))
        writer.execute("commit")
        db.execute("commit")
        assert sandbox.refresh(db, clock(db))[:5] == [2, 2, 2, 1, 2]
        assert sandbox.last_refresh(db).mode == "incremental"


def test_a_refresh_that_meets_another_returns_the_current_row_at_once(sandbox: Sandbox) -> None:
    with sandbox.session() as db, sandbox.session() as other:
        sandbox.reset(db)
        before = sandbox.refresh(db, clock(db))
        notices: list[str | None] = []
        other.add_notice_handler(lambda notice: notices.append(notice.message_primary))
        db.execute("begin")
        sandbox.refresh(db, clock(db) + timedelta(seconds=1))
        other.execute("set lock_timeout = '100ms'")
        assert sandbox.refresh(other, clock(other)) == before
        assert notices == ["another refresh is running; the current row is returned"]
        db.execute("rollback")
