"""What a fault is, which bounds it has, and the list of all faults."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.lab import Lab

FLAGGED_WITHIN_SECONDS = 35.0
HEALED_WITHIN_SECONDS = 35.0
WRITER_WAIT_SECONDS = 0.5
# A refresh loop gives whoever refreshed last 5 s more than the interval, and then takes over.
TAKEN_OVER_WITHIN_SECONDS = 40.0


class ChaosError(RuntimeError):
    """The harness itself can't go on; the message says why. It says nothing about the product."""


@dataclass(frozen=True)
class Setup:
    """What the laboratory of a fault is made of.

    Attributes:
        servers: web servers, each with a database role of its own.
        options: settings of PostgreSQL.
        pg_cron: whether pg_cron refreshes.
        clock: whether the clock of PostgreSQL can be moved (libfaketime).
        small_disk: whether the data folder is on a file system of 600 MB.
        notify_queue: whether the build must have max_notify_queue_pages (PostgreSQL 17).
        hosts: whether the servers find the database by a name in a hosts file of their own.
        reconnecting: whether the writers open a new connection for each statement. Then every
            failure counts, because both fail if the connections are used up.
        writers: further writers, for more traffic.
        rows_per_statement: rows of each statement of a further writer.
        positions: positions that are there before the writers begin.
        environment: settings of the web servers.

    """

    servers: int = 1
    options: dict[str, str] = field(default_factory=dict)
    pg_cron: bool = False
    clock: bool = False
    small_disk: bool = False
    notify_queue: bool = False
    hosts: bool = False
    reconnecting: bool = False
    writers: int = 0
    rows_per_statement: int = 20
    positions: int = 60_000
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    """One fault: how it is caused, and what must come of it.

    Attributes:
        name: short name, for ONLY=.
        title: what is done, in a few words.
        answer: what vessel activity does about it.
        run: causes the fault in a laboratory. It calls `lab.begin()` when the fault begins and
            `lab.end()` when its cause is gone.
        flag: whether somebody must be told ("must"), may be, or must not be ("never").
        flagged_within: most seconds from the fault until somebody is told.
        healed_within: most seconds from the end of the cause until the figures are fresh.
        writers: "free" if the writers must go on; "stopped" if the fault itself stops them, as a
            killed database does, so that only lost rows count.
        needs: what the machine must have: names of chaos.machine.
        setup: the laboratory.
        fast: whether `make test` runs it too.

    """

    name: str
    title: str
    answer: str
    run: Callable[[Lab], None]
    flag: Literal["must", "may", "never"]
    flagged_within: float
    healed_within: float
    writers: Literal["free", "stopped"]
    needs: tuple[str, ...]
    setup: Setup
    fast: bool


FAULTS: dict[str, Fault] = {}


def fault(
    title: str,
    answer: str,
    *,
    flag: Literal["must", "may", "never"] = "must",
    flagged_within: float = FLAGGED_WITHIN_SECONDS,
    healed_within: float = HEALED_WITHIN_SECONDS,
    writers: Literal["free", "stopped"] = "free",
    needs: tuple[str, ...] = (),
    setup: Setup | None = None,
    fast: bool = False,
) -> Callable[[Callable[[Lab], None]], Callable[[Lab], None]]:
    """Add the decorated function to the list of faults. Its name becomes that of the fault."""

    def add(run: Callable[[Lab], None]) -> Callable[[Lab], None]:
        name = run.__name__.replace("_", "-")
        FAULTS[name] = Fault(
            name, title, answer, run, flag, flagged_within, healed_within, writers, needs,
            setup or Setup(), fast,
        )  # fmt: skip
        return run

    return add
