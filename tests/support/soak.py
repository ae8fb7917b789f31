# ruff: noqa: S311 - nothing secret is drawn
"""Ten thousand random schedules against the definition: `make soak`.

SCHEDULES=n plays another number; SEED=n begins with another schedule; PG=16 chooses the PostgreSQL.
Two processes run, each with its own server. They play each shape of the source tables in turn. The
last line is "schedules N, steps M, mismatches K"; with a mismatch the shortened schedule is printed
as SQL and the exit status is 1.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
import time
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import psycopg

from tests.conftest import _SERVER_OPTIONS, folder_for_servers
from tests.support.builds import described, postgresql_binaries
from tests.support.sandbox import SERVER_OPTIONS, SHAPES, Mismatch, Sandbox
from tests.support.schedules import Run, random_schedule, shortened
from vessel_activity.database.local_server import LocalServer

if TYPE_CHECKING:
    from multiprocessing.queues import Queue

    Progress = tuple[int, Counter[str], str | None]

PROCESSES = 2
LENGTH = 30


def main() -> int:
    """Run the schedules and return the exit status."""
    wanted = int(os.environ.get("SCHEDULES", "10000"))
    first = int(os.environ.get("SEED", "1"))
    print(f"PostgreSQL {described()}; shapes: {', '.join(shape.name for shape in SHAPES)}")
    queue: Queue[Progress | None] = multiprocessing.get_context("spawn").Queue()
    processes = [
        multiprocessing.get_context("spawn").Process(
            target=work, args=(range(first + number, first + wanted, PROCESSES), queue)
        )
        for number in range(PROCESSES)
    ]
    for process in processes:
        process.start()
    schedules = steps = mismatches = 0
    modes: Counter[str] = Counter()
    started = shown = time.monotonic()
    working = PROCESSES
    while working:
        done = queue.get()
        if done is None:
            working -= 1
            continue
        schedules += 1
        steps += done[0]
        modes += done[1]
        if done[2] is not None:
            mismatches += 1
            print(done[2], flush=True)
        if time.monotonic() - shown > 10:
            shown = time.monotonic()
            print(
                f"{schedules} schedules in {shown - started:.0f} s, refreshes {dict(modes)}",
                flush=True,
            )
    failed = mismatches or schedules < wanted or any(process.exitcode for process in processes)
    print(f"{time.monotonic() - started:.0f} s, refreshes {dict(modes)}")
    print(f"schedules {schedules}, steps {steps}, mismatches {mismatches}")
    return 1 if failed else 0


def work(seeds: range, queue: Queue[Progress | None]) -> None:
    """Play the schedules of the given seeds on a server of this process."""
    try:
        with folder_for_servers() as folder:
            server = LocalServer(
                postgresql_binaries(), folder / "data", {**_SERVER_OPTIONS, **SERVER_OPTIONS}
            )
            server.start()
            try:
                _play_all(server, seeds, queue)
            finally:
                server.stop("immediate")
    finally:
        queue.put(None)


def _play_all(server: LocalServer, seeds: range, queue: Queue[Progress | None]) -> None:
    runs = [Run(Sandbox(server, shape)) for shape in SHAPES]
    anew = [0] * len(SHAPES)  # schedules left until everything is reset
    for seed in seeds:
        number = seed // PROCESSES % len(SHAPES)
        schedule = random_schedule(Random(seed), LENGTH, crashes=True)
        crash = any(step.what == "crash" for step in schedule)
        steps, failure = len(schedule), None
        runs[number].modes.clear()
        try:
            runs[number].play(schedule, anew=anew[number] == 0)
            anew[number] = (anew[number] or 10) - 1
        except (Mismatch, psycopg.Error) as first:
            anew[number] = 0
            shorter, error = shortened(runs[number], schedule)
            failure = f"-- seed {seed}: {shorter}\n{error!r}\n" + "\n".join(
                getattr(error, "__notes__", [f"-- alone right, but: {first!r}"])
            )
        queue.put((steps, Counter(runs[number].modes), failure))
        if crash:  # the other databases' sessions are gone as well
            for run in runs:
                run.reconnect()
            anew = [0] * len(SHAPES)


if __name__ == "__main__":
    sys.exit(main())
