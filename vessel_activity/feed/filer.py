"""Files the batches of the backlog in the database, one after the other, whatever it takes."""

from __future__ import annotations

import logging
import random
import threading
import time
from typing import TYPE_CHECKING, Any

import psycopg

from vessel_activity import __version__
from vessel_activity.ais.characters import Characters
from vessel_activity.ais.messages import utc_text
from vessel_activity.database.connections import connect, name_of
from vessel_activity.database.errors import in_one_line
from vessel_activity.feed.link import compact, precise

if TYPE_CHECKING:
    from collections.abc import Callable

    from vessel_activity.feed.backlog import Backlog
    from vessel_activity.feed.spool import Batch

log = logging.getLogger("vessel_activity.feed")

HEARTBEAT_SECONDS = 5.0
_FIRST_RETRY_SECONDS = 0.25
_MOST_RETRY_SECONDS = 5.0
_SETTINGS = "set statement_timeout = '60s'; set lock_timeout = '30s'"
_START = "select vessel_activity.feed_start(%s::uuid, %s::text, %s::integer, %s::text)"
_FILE = (
    "select positions, duplicates, statics, ignored, rejected, vessels_new"
    " from vessel_activity.feed_batch(%s::uuid, %s::bigint, %s::text, %s::jsonb, %s::jsonb)"
)


class Filer(threading.Thread):
    """The thread that owns the connection to the database. No error of the database ends it.

    Attributes:
        positions: positions added since it began.

    """

    def __init__(
        self,
        url: str,
        backlog: Backlog,
        now: Callable[[], list[dict[str, Any]]],
        *,
        host: str,
        process: int,
    ) -> None:
        super().__init__(name="filer", daemon=True)
        self.positions = 0
        self._url = url
        self._backlog = backlog
        self._now = now
        self._who = (host, process, __version__)
        self._connection: psycopg.Connection | None = None
        self._characters: Characters | None = None
        self._last: dict[str, int] = {}  # by feeder: number of the last batch that is filed
        self._trouble: str | None = None
        self._retry = _FIRST_RETRY_SECONDS
        self._stopping = threading.Event()
        self._idle = threading.Event()

    @property
    def is_away(self) -> bool:
        """Whether the database can't be used at present."""
        return self._trouble is not None

    def run(self) -> None:
        """File batches until `stop`."""
        spoken = 0.0
        while True:
            batch = self._backlog.oldest(HEARTBEAT_SECONDS / 5)
            if batch is None and self._stopping.is_set():
                break
            if batch is None and time.monotonic() - spoken < HEARTBEAT_SECONDS:
                continue
            try:
                self._file(batch)
            except (psycopg.Error, OSError, UnicodeError) as error:
                self._wait(error)
            else:
                spoken = time.monotonic()
                if self._trouble is not None:
                    log.info("filing again in %s", name_of(self._url))
                self._trouble, self._retry = None, _FIRST_RETRY_SECONDS
        self._say_goodbye()
        self._idle.set()

    def stop(self, seconds: float) -> bool:
        """File what waits, for so many seconds at most. Return whether all of it is filed."""
        self._stopping.set()
        self._backlog.wake()
        return self._idle.wait(seconds)

    def _file(self, batch: Batch | None) -> None:
        """File a batch; without one, only say that the feed is alive."""
        connection = self._connected()
        feeder = self._backlog.feeder if batch is None else batch.feeder
        if feeder not in self._last:
            self._last[feeder] = self._start(connection, feeder)
        if batch is None:
            # A number that was filed already: the database notes the present state, nothing else.
            self._call(connection, (feeder, self._last[feeder], "", "[]"), feeder, None)
            return
        if batch.number > self._last[feeder]:
            assert self._characters is not None  # noqa: S101 - set with the connection
            rows, _ = self._characters.fit(batch.rows.encode())
            self._call(
                connection, (feeder, batch.number, rows.decode(), batch.sources), feeder, batch
            )
            self._last[feeder] = batch.number
        self._backlog.filed(batch)

    def _call(
        self,
        connection: psycopg.Connection,
        arguments: tuple[str, int, str, str],
        feeder: str,
        batch: Batch | None,
    ) -> None:
        try:
            row = connection.execute(_FILE, (*arguments, self._present(feeder, batch))).fetchone()
        except psycopg.errors.ObjectNotInPrerequisiteState:
            self._last.pop(feeder, None)  # the database does not know the feeder; say hello first
            raise
        if row is not None:
            self.positions += row[0]

    def _present(self, feeder: str, batch: Batch | None) -> str:
        """Describe the present state of the process, for p_now of feed_batch."""
        sent = self._backlog.sizes(batch)
        return compact(
            {
                "sent_at": precise(time.time()),
                "waiting": sent.messages,
                "waiting_since": None if sent.oldest is None else utc_text(int(sent.oldest)),
                "waiting_bytes": sent.size,
                "sources": self._now() if feeder == self._backlog.feeder else [],
            }
        )

    def _connected(self) -> psycopg.Connection:
        if self._connection is None or self._connection.closed:
            self._last.clear()
            self._connection = connect(self._url, purpose="feed")
            self._connection.execute(_SETTINGS)
            self._characters = Characters(self._connection)
        return self._connection

    def _start(self, connection: psycopg.Connection, feeder: str) -> int:
        row = connection.execute(_START, (feeder, *self._who)).fetchone()
        return int(row[0]) if row is not None else 0

    def _wait(self, error: Exception) -> None:
        """Wait before the next try, longer each time; say why if that is new."""
        text = _in_words(error)
        if text != self._trouble:  # else a night's outage would be a thousand lines
            log.error("%s takes no reports: %s; they are kept meanwhile", name_of(self._url), text)
        self._trouble = text
        if self._connection is not None and (
            not isinstance(error, psycopg.Error) or error.sqlstate is None
        ):
            self._connection.close()
        if self._stopping.is_set():
            self._retry = _FIRST_RETRY_SECONDS
        self._stopping.wait(self._retry * (0.5 + random.random()))  # noqa: S311 - no secret
        if self._stopping.is_set():
            time.sleep(_FIRST_RETRY_SECONDS)
        self._retry = min(self._retry * 2, _MOST_RETRY_SECONDS)

    def _say_goodbye(self) -> None:
        """Tell the database that the sources have ended."""
        try:
            if self._connection is not None and not self._connection.closed:
                self._file(None)
                self._connection.close()
        except (psycopg.Error, OSError):
            log.debug("the database does not know yet that the feed has stopped")


def _in_words(error: Exception) -> str:
    """Say why a batch could not be filed, and what to do if that is known."""
    text = in_one_line(error)
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return "this server is a standby; waiting until it is promoted"
    missing = psycopg.errors.UndefinedFunction | psycopg.errors.InvalidSchemaName
    if isinstance(error, missing):
        return f"{text}; run `vessel-activity migrate` if vessel activity is not installed"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return f"{text}; its owner runs: select public.vessel_activity_grant('ROLE', 'feeder')"
    if isinstance(error, psycopg.Error) and error.diag.message_hint:
        return f"{text} (hint: {error.diag.message_hint})"
    return text
