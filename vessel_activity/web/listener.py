"""Keeps the newest answer in memory: LISTEN, read again, reconnect, for ever.

A notification is only a hint that the row has changed. The row is also read after every connect and
at an interval, so a lost hint costs seconds and never a wrong answer. The same read is the
heartbeat that finds a silent connection. LISTEN fails on a standby, which refuses it, and behind a
transaction pooler, which swallows it. While the queue of notifications is full, nobody is notified.
Then the row is polled every second, and `mode` says so. The next hint ends that.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg.conninfo import conninfo_to_dict

from vessel_activity.database.connections import (
    AsyncSession,
    connect_async,
    in_time,
    last_row,
)
from vessel_activity.database.errors import in_one_line
from vessel_activity.web.answer import Answer, Reading
from vessel_activity.web.document import Document
from vessel_activity.web.feed_truth import FeedTruth, read_statement
from vessel_activity.web.watch import Watch

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

log = logging.getLogger("vessel_activity.listener")

CHANNEL, ALERT_CHANNEL = "vessel_activity", "vessel_activity_alert"
REREAD_SECONDS = 5.0
POLL_SECONDS = 1.0
RETRY_FIRST_SECONDS = 0.1
RETRY_MOST_SECONDS = 5.0
CONNECT_TIMEOUT_SECONDS = 5
# After this many changes in a row without a notification, notifications don't get through.
MISSED_HINTS = 3
# While polling, try to listen again this often: a standby may have been promoted.
POLL_RECONNECT_SECONDS = 60.0
# The row is read once more this long before it counts as out of date: a refresh may have begun.
BEFORE_STALE_SECONDS = 1.0
# The feed is looked at once more this long after it may have become late.
AFTER_LATE_SECONDS = 0.05
_READ = """
  set transaction isolation level read committed;
  set local statement_timeout = {limit}; set local lock_timeout = {limit};
  select * from vessel_activity.serving()
"""
_READ_DOCUMENT = """
  set transaction isolation level read committed;
  set local statement_timeout = {limit}; set local lock_timeout = {limit};
  select * from vessel_activity.serving_activity({known}, {alerts})
"""
_NO_HINTS = (
    "notifications do not arrive; is there a pooler in between, or is the queue of notifications"
    " of the database full?"
)


class Listener:
    """Follows the cached row of one database.

    Attributes:
        answer: the newest answer; None until the first read.
        confirmed: the newest answer while the database can be read, else None. It may be served
            without a further check.
        feed: what is known of the feed; None until it could be read.
        document: what is moving; None until the database has a document.
        failure: why the database can't be read now; None while it can.
        watch: lets the database evaluate the rules of alerts at each reading.
        mode: "listening", "polling", or "connecting" while the database can't be read.
        on_change: called after a new answer, when the database is lost or found again, when the
            answer counts as fresh for another time than before, and when there is news of the
            feed.

    """

    def __init__(
        self,
        conninfo: str,
        *,
        stale_answer_seconds: float,
        read_timeout_seconds: float,
    ) -> None:
        self._conninfo = conninfo
        self.on_change: Callable[[], None] = lambda: None
        self._stale_answer_seconds = stale_answer_seconds
        self._read_timeout_seconds = read_timeout_seconds
        # If no old answer may be served, a failure must be known soon. The read is cheap.
        self._reread_seconds = REREAD_SECONDS if stale_answer_seconds else POLL_SECONDS
        # The role may have shorter limits, which are meant for other programs. This one ends what
        # the server still does for a connection that was given up.
        self._limit = str(round(read_timeout_seconds * 1000) + 1000)
        self._read_row = _READ.format(limit=self._limit)
        self._look_ms = round(read_timeout_seconds * 250)
        self._tried = asyncio.Event()
        self._problem: str | None = None
        self._confirmed_at = time.monotonic()
        self._retry_seconds = RETRY_FIRST_SECONDS
        self.watch = Watch(limit_ms=self._look_ms)
        self.answer: Answer | None = None
        self.confirmed: Answer | None = None
        self.feed: FeedTruth | None = None
        self.document: Document | None = None
        self.failure: str | None = None
        self.mode = "connecting"

    def servable(self) -> tuple[Answer | None, int]:
        """Return the answer that may be served now, and for how many seconds it is unconfirmed.

        The seconds are 0 while the database answers, else at least 1. (None, 0): there is no
        answer, or the database has been away for longer than an old answer may be served.
        """
        if self.failure is None:
            return self.answer, 0
        age = time.monotonic() - self._confirmed_at
        if (
            self.answer is None
            or age > self._stale_answer_seconds
            or not self._stale_answer_seconds
        ):
            return None, 0
        return self.answer, max(1, math.ceil(age))

    async def first_try(self) -> None:
        """Wait until the first read has succeeded or failed, for as long as a read may take."""
        try:
            async with asyncio.timeout(self._read_timeout_seconds):
                await self._tried.wait()
        except TimeoutError:
            self._failed(f"no answer within {self._read_timeout_seconds:g} s")

    async def run(self) -> None:
        """Follow the row until cancelled. Never raises for anything the database does."""
        while True:
            try:
                async with await self._connect() as connection:
                    await self._follow(connection)
            except (psycopg.Error, OSError, TimeoutError, UnicodeError) as error:
                self._failed(in_one_line(error))
                # Jitter, so that several servers don't come back at the same moment.
                await asyncio.sleep(self._retry_seconds * random.uniform(0.5, 1.0))  # noqa: S311
                self._retry_seconds = min(self._retry_seconds * 2, RETRY_MOST_SECONDS)

    async def _connect(self) -> AsyncSession:
        """Connect to the primary among the hosts or, if there is none, to any of them."""
        if "target_session_attrs" not in conninfo_to_dict(self._conninfo):
            try:
                return await self._open("primary")
            except psycopg.OperationalError as error:
                log.debug("no primary: %s", in_one_line(error))
        return await self._open("any")

    def _open(self, target: str) -> Coroutine[Any, Any, AsyncSession]:
        return connect_async(self._conninfo, purpose="server", target=target, lasting=True)

    async def _follow(self, connection: AsyncSession) -> None:
        """Read, wait for a hint or the interval, read again; return to look for a primary."""
        refused = await self._listen(connection)
        if refused is not None or self._problem != _NO_HINTS:
            self._problem = refused
        missed, since = 0, time.monotonic()
        hinted: bool | None = None  # the first read says nothing about hints
        while True:
            changed = await in_time(connection, self._read(connection), self._read_timeout_seconds)
            self._retry_seconds = RETRY_FIRST_SECONDS
            if hinted:
                missed, self._problem = 0, None
            elif hinted is not None and refused is None:
                missed += changed
                if missed >= MISSED_HINTS:
                    self._problem = _NO_HINTS
            self._set_mode(self._problem)
            # After the figures are told, since it may take a moment. Its news comes as a hint.
            await in_time(connection, self.watch.tend(connection), self._read_timeout_seconds)
            if refused is not None and time.monotonic() - since > POLL_RECONNECT_SECONDS:
                return
            hinted = await self._hint(connection)

    async def _listen(self, connection: AsyncSession) -> str | None:
        """Start listening, and return None; or return why that is not possible."""
        try:
            listening = connection.execute(f"listen {CHANNEL}; listen {ALERT_CHANNEL}")
            await in_time(connection, listening, self._read_timeout_seconds)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            return in_one_line(error)
        return None

    async def _hint(self, connection: AsyncSession) -> bool:
        """Wait for a notification until the row is to be read again; tell whether one came."""
        seconds = self._reread_seconds if self._problem is None else POLL_SECONDS
        if self.answer is not None:
            reading = self.answer.reading
            age = reading.age_seconds + time.monotonic() - reading.read_at
            last_look = reading.stale_after_seconds - BEFORE_STALE_SECONDS - age
            if last_look > 0:
                seconds = min(seconds, last_look)
        if self.feed is not None:
            seconds = min(seconds, self.feed.changes_in(time.monotonic()) + AFTER_LATE_SECONDS)
        hinted = False
        async for hint in connection.notifies(timeout=seconds, stop_after=1):
            hinted = True
            if hint.channel == ALERT_CHANNEL:
                self.watch.hint()
        return hinted

    async def _read(self, connection: AsyncSession) -> bool:
        """Read the row and take it; tell whether it differs from the one before."""
        row = await last_row(connection, self._read_row)
        reading = Reading(**row, read_at=time.monotonic())
        feed = await self._look(connection)
        before = self.answer.reading if self.answer else None
        self._confirmed_at = reading.read_at
        recovered, self.failure = self.failure is not None, None
        changed = before is None or before.body != reading.body
        # The instant of a missing row is always the present.
        other_limit = (
            before is not None
            and reading.present
            and (before.stale_after_seconds != reading.stale_after_seconds)
        )
        news_of_feed = feed is not None and (self.feed is None or feed.news != self.feed.news)
        self.feed = feed or self.feed
        other_document = await self._read_document(connection, simulated=reading.simulated)
        self.answer = self.confirmed = Answer.of(reading, self.feed)
        if recovered:
            log.info("the database answers again")
        if changed or recovered or other_limit or other_document or news_of_feed:
            self.on_change()
        self._tried.set()
        return changed and reading.present

    async def _look(self, connection: AsyncSession) -> FeedTruth | None:
        """Read what is known of the feed; None if the database can't tell.

        The figures must not suffer from what is wrong with the source tables, so this is a question
        of its own, with a short limit.
        """
        for looks in (True, False):
            try:
                statements = read_statement(self.feed, looks=looks, limit_ms=self._look_ms)
                row = await last_row(connection, statements)
                return FeedTruth(**row, read_at=time.monotonic())
            except psycopg.Error as error:
                if connection.closed:
                    raise
                log.debug("the feed can't be looked at: %s", in_one_line(error))
        return None

    async def _read_document(self, connection: AsyncSession, *, simulated: bool) -> bool:
        """Read the document if it is another one; tell whether it is.

        The figures must not depend on it: an older version of the database has none.
        """
        before = self.document
        known = f"'{before.as_of.isoformat()}'" if before else "null"
        alerts = before.alerts if before else "null"
        query = _READ_DOCUMENT.format(limit=self._limit, known=known, alerts=alerts)
        try:
            row = await last_row(connection, query)
        except (psycopg.errors.UndefinedFunction, psycopg.errors.InsufficientPrivilege) as error:
            log.debug("no document: %s", in_one_line(error))
            self.document = None
            return before is not None
        if row["as_of"] is None:
            self.document = None
        elif row["body"] is not None:
            self.document = Document.of(**row, simulated=simulated)
        return self.document is not before

    def _set_mode(self, problem: str | None) -> None:
        mode = "listening" if problem is None else "polling"
        if mode != self.mode:
            self.mode = mode
            if problem is None:
                log.info("listening for refreshes")
            else:
                log.warning("polling every %g s: %s", POLL_SECONDS, problem)

    def _failed(self, reason: str) -> None:
        if reason != self.failure:
            log.error("the database can't be read: %s", reason)
        news, self.failure, self.confirmed = self.failure is None, reason, None
        self.mode = "connecting"
        self._tried.set()
        if news:
            self.on_change()
