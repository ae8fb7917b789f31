"""Writers: the user's own, whose rows must neither be lost nor wait, and one without triggers."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

# Rows are stamped 5 s ahead of the clock, so they are committed long before they count. So the
# figures of an instant are known exactly, unless a statement took longer than this.
LATE_SECONDS = 4.0
_INSERT = """
  insert into public.{} ("vesselId", timestamp, latitude, longitude, speed, course, batch)
  select 1 + (random() * 1999)::int,
    date_trunc('milliseconds', now() + interval '5 seconds' + n * interval '7 milliseconds'),
    59.9, 10.7, round((random() * 30)::numeric, 1), 5, %s
  from generate_series(1, %s) as n
"""


@dataclass(frozen=True)
class Statement:
    """One INSERT.

    Attributes:
        batch: its number.
        began: when it began, by the monotonic clock.
        ended: when it ended.
        error: what went wrong.
        starved: seconds for which its backend or its thread was ready to run without a processor.

    """

    batch: int
    began: float
    ended: float
    error: str | None
    starved: float = 0.0

    @property
    def seconds(self) -> float:
        """How long it took, with the connection if one had to be opened."""
        return self.ended - self.began


@dataclass
class Writer(threading.Thread):
    """Inserts rows ten times a second, each statement with a number of its own.

    Attributes:
        url: where it writes.
        table: the table: `vessel_positions`, or `untriggered`, which vessel activity does not see.
        rows: rows of each statement; 5 make 50 rows/s.
        first_batch: number of its first statement. Each writer has a range of its own.
        reconnecting: whether it opens a new connection for each statement.
        period: seconds from one statement to the next.

    """

    url: str
    table: str = "vessel_positions"
    rows: int = 5
    first_batch: int = 1
    reconnecting: bool = False
    period: float = 0.1
    statements: list[Statement] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._stop_asked = threading.Event()
        self._paused = threading.Event()
        self._resting = threading.Event()
        self._query = _INSERT.format(self.table)
        self.batch = self.first_batch
        self._running_since: float | None = None

    # A thread is kept in sets; two writers with the same settings are still two.
    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Write until `finish`. A failed statement is noted, and the connection opened anew."""
        connection: psycopg.Connection | None = None
        while not self._stop_asked.is_set():
            if self._paused.is_set():
                self._resting.set()
                self._stop_asked.wait(0.1)
                continue
            began = self._running_since = time.monotonic()
            error, starved = None, 0.0
            try:
                if connection is None:
                    connection = self._connect()
                backend = connection.info.backend_pid
                starved = -_without_processor(backend, "thread-self")
                connection.execute(self._query.encode(), (self.batch, self.rows))
                starved += _without_processor(backend, "thread-self")
                if self.reconnecting:
                    connection.close()
                    connection = None
            except psycopg.Error as failure:
                error = f"{type(failure).__name__}: {str(failure).splitlines()[0]}"
                with suppress(psycopg.Error):
                    if connection is not None:
                        connection.close()
                connection = None
            ended, self._running_since = time.monotonic(), None
            self.statements.append(Statement(self.batch, began, ended, error, starved))
            self.batch += 1
            self._stop_asked.wait(0.2 if error else max(0.0, self.period - (ended - began)))
        if connection is not None:
            connection.close()

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(
            self.url, autocommit=True, connect_timeout=5, application_name="chaos writer"
        )

    def pause(self) -> None:
        """Stop writing for a time, after the present statement."""
        self._resting.clear()
        self._paused.set()
        self._resting.wait(30)

    def resume(self) -> None:
        """Write again."""
        self._paused.clear()

    def finish(self) -> None:
        """Stop after the present statement."""
        self._stop_asked.set()
        self.join(30)

    @property
    def waiting_seconds(self) -> float:
        """For how long the present statement has been running; 0 between two statements."""
        since = self._running_since
        return 0.0 if since is None else time.monotonic() - since

    @property
    def acknowledged(self) -> list[int]:
        """The batches whose INSERT was acknowledged."""
        return [done.batch for done in self.statements if done.error is None]

    @property
    def late(self) -> list[Statement]:
        """Statements that may have committed only after their rows counted."""
        return [done for done in self.statements if done.seconds > LATE_SECONDS]

    def begun_before(self, moment: float) -> int:
        """Return the newest batch that had begun by then, by the monotonic clock."""
        return max(
            (done.batch for done in self.statements if done.began <= moment),
            default=self.first_batch,
        )


def _without_processor(*processes: int | str) -> float:
    """Return the seconds for which processes of this machine have waited for a processor so far."""
    seconds = 0.0
    for process in processes:
        with suppress(OSError, IndexError):
            seconds += int(Path(f"/proc/{process}/schedstat").read_text().split()[1]) / 1e9
    return seconds


def excess_waits(writer: Writer, control: Writer, since: float) -> tuple[float, float]:
    """Return the longest wait of a writer, and how much of it the control writer did not have.

    The control writer runs on the same machine and database, but on a table without triggers. A
    wait that it has within a second comes from the machine or the fault itself. So does the time
    for which the writer's backend was ready to run.
    """
    longest = excess = 0.0
    for done in writer.statements:
        if done.error is not None or done.began < since:
            continue
        longest = max(longest, done.seconds)
        if done.seconds > excess:
            beside = (
                other.seconds
                for other in control.statements
                if other.began < done.ended + 1 and other.ended > done.began - 1
            )
            excess = max(excess, done.seconds - done.starved - max(beside, default=0.0))
    return longest, excess


def own_failures(writer: Writer, control: Writer | None) -> list[str]:
    """Return the errors of a writer that the control writer did not have within two seconds."""
    beside = control.statements if control else []
    elsewhere = [done.began for done in beside if done.error is not None]
    return [
        done.error
        for done in writer.statements
        if done.error is not None
        and not any(
            abs(done.began - other) < 2 or abs(done.ended - other) < 2 for other in elsewhere
        )
    ]
