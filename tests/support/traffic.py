"""A writer and a reader beside a change of the database: no error, and no wait above half a second.

The writer's waits are read from the server, not from the clock of the test: how long a statement
has waited for a lock that a session of vessel activity holds or queues for.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import psycopg

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_WAIT_SECONDS = 0.5
_TOLERANCE_SECONDS = 0.5  # for a busy machine
_WAITING = """
    select a.pid, a.query_start, left(a.query, 60)
    from pg_stat_activity as a
    where a.datname = current_database() and a.wait_event_type = 'Lock'
      and a.application_name = 'writer'
"""
_INSERT = (
    'insert into public.vessel_positions ("vesselId", timestamp, speed)'
    " values (%s, clock_timestamp(), %s)"
)


@dataclass
class Traffic:
    """What the writers did and had to bear.

    Attributes:
        written: number of committed transactions.
        errors: the errors that writers got.
        longest: the longest wait for a lock in seconds, by statement.

    """

    written: int = 0
    errors: list[str] = field(default_factory=list)
    longest: dict[str, float] = field(default_factory=dict)

    def check(self) -> None:
        """Check that no writer failed or waited too long, and that they wrote something."""
        assert self.errors == []
        assert {
            query: seconds
            for query, seconds in self.longest.items()
            if seconds > MOST_WAIT_SECONDS + _TOLERANCE_SECONDS
        } == {}
        assert self.written > 0


@contextmanager
def writing(url: str, writers: int = 2) -> Iterator[Traffic]:
    """Let writers insert, update and delete while the block lasts."""
    traffic, ended = Traffic(), threading.Event()
    threads = [
        threading.Thread(target=_write, args=(url, number, traffic, ended))
        for number in range(writers)
    ]
    threads.append(threading.Thread(target=_watch, args=(url, traffic, ended)))
    for thread in threads:
        thread.start()
    try:
        while traffic.written == 0 and traffic.errors == []:
            time.sleep(0.01)
        yield traffic
    finally:
        ended.set()
        for thread in threads:
            thread.join()


@contextmanager
def reading(url: str) -> Iterator[int]:
    """Keep a transaction open that has read both source tables, and give its process."""
    with psycopg.connect(url, application_name="a report") as report:
        report.execute("select count(*) from public.vessels, public.vessel_positions")
        yield report.info.backend_pid


def _write(url: str, number: int, traffic: Traffic, ended: threading.Event) -> None:
    with psycopg.connect(url, application_name="writer") as db:
        db.execute("set lock_timeout = '30s'")
        while not ended.wait(0.01):
            vessel = number * 1000 + traffic.written % 7 + 1
            try:
                db.execute(_INSERT, (vessel, traffic.written % 30))
                if traffic.written % 5 == 0:
                    db.execute(
                        'update public.vessel_positions set speed = 12 where "vesselId" = %s',
                        (vessel,),
                    )
                if traffic.written % 11 == 0:
                    db.execute(
                        'delete from public.vessel_positions where "vesselId" = %s', (vessel,)
                    )
                    db.execute(
                        "insert into public.vessels (mmsi, flag, active)"
                        " values (gen_random_uuid()::text, 'NO', true)"
                    )
                db.commit()
                traffic.written += 1
            except psycopg.Error as error:
                traffic.errors.append(str(error))
                return


def _watch(url: str, traffic: Traffic, ended: threading.Event) -> None:
    began: dict[tuple[int, object], float] = {}
    with psycopg.connect(url, autocommit=True) as db:
        while not ended.wait(0.01):
            now = time.monotonic()
            waiting = {(pid, start): query for pid, start, query in db.execute(_WAITING)}
            for key in began.keys() - waiting.keys():
                del began[key]
            for key, query in waiting.items():
                waited = now - began.setdefault(key, now)
                traffic.longest[query] = max(traffic.longest.get(query, 0.0), waited)
