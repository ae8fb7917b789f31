"""Locks and notifications that another session holds or sends."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg

from chaos.fault import Setup, fault

if TYPE_CHECKING:
    from chaos.lab import Lab

_FORMER_CLASS = 1448100678
"""The number of the advisory locks that vessel activity once used."""


@fault(
    "ACCESS EXCLUSIVE on vessel_positions for 75 s",
    "Refreshes never wait for a lock. They are late until it is released, and that is told.",
    writers="stopped",
)
def source_table_locked(lab: Lab) -> None:
    with lab.pg.connect(autocommit=False) as holder:
        lab.begin()
        holder.execute("lock table public.vessel_positions in access exclusive mode")
        lab.hold(75)
        holder.rollback()
        lab.end()


@fault(
    "a role that may only connect holds every advisory lock that it can guess",
    "Only roles with rights can take the locks of vessel activity.",
    flag="never",
)
def advisory_locks_held(lab: Lab) -> None:
    with lab.pg.connect("outsider") as outsider:
        for number in range(1, 6):
            taken, deadline = False, time.monotonic() + 30
            while not taken and time.monotonic() < deadline:
                row = outsider.execute(
                    "select pg_try_advisory_lock(%s, %s)", (_FORMER_CLASS, number)
                ).fetchone()
                taken = bool(row and row[0])
        lab.begin()
        lab.end()  # it is held until the figures are fresh, which they must be all the same
        lab.hold(2 * lab.interval + 10)
        done = lab.try_vessel_activity("migrate", within=60)
        if done.returncode != 0:
            lab.problem(f"migrate failed meanwhile: {done.stdout.strip().splitlines()[-1]}")


@fault(
    "the queue of NOTIFY is full for 100 s",
    "No refresh depends on NOTIFY. The listener reads the row at an interval.",
    flag="never",
    setup=Setup(notify_queue=True, options={"max_notify_queue_pages": "64"}),
)
def notify_queue_full(lab: Lab) -> None:
    idle = lab.pg.connect("outsider", autocommit=False)
    idle.execute("listen z")
    idle.commit()
    idle.execute("select 1")  # in a transaction, so it never reads
    with lab.pg.connect("outsider") as sender:
        number = 0
        try:
            while number < 100_000:
                sender.execute("select pg_notify('z', repeat('x', 7900))")
                number += 1
        except psycopg.Error as error:
            lab.note(f"full after {number} notifications: {str(error).splitlines()[0]}")
    lab.begin()
    lab.hold(100)
    idle.close()
    lab.end()


@fault(
    "a role that may only connect sends notifications without a pause for 40 s",
    "A notification is only a hint. The row is read once for all that have come.",
    flag="never",
)
def notify_flood(lab: Lab) -> None:
    lab.begin()
    number, deadline = 0, time.monotonic() + 40
    with lab.pg.connect("outsider") as sender:
        while time.monotonic() < deadline:
            for _ in range(50):
                sender.execute("notify vessel_activity, 'x'")
            number += 50
    lab.note(f"{number / 40:.0f} notifications/s")
    lab.end()
