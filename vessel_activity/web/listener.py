"""Keeps the newest answer in memory: LISTEN, read again, reconnect, for ever.

A notification is only a hint that the row has changed. The row is also read after every connect and
at an interval, so a lost hint costs seconds and never a wrong answer. The same read is the
heartbeat that finds a silent connection. LISTEN fails on a standby, which refuses it, and behind a
transaction pooler, which swallows it. Then the row is polled every second, and `mode` says so.
"""

from __future__ import annotations

import asyncio
import logging
import math
import random
import time
from typing import TYPE_CHECKING, Any, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from vessel_activity.database.connections import AsyncSession, connect_async
from vessel_activity.database.errors import in_one_line
from vessel_activity.web.answer import Answer, Reading

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Coroutine

log = logging.getLogger("vessel_activity.listener")
T = TypeVar("T")

CHANNEL = "vessel_activity"
REREAD_SECONDS = 5.0
POLL_SECONDS = 1.0
RETRY_FIRST_SECONDS = 0.1
RETRY_MOST_SECONDS = 5.0
CONNECT_TIMEOUT_SECONDS = 5
# After this many changes in a row without a notification, notifications don't get through.
MISSED_HINTS = 3
# While polling, try to listen again this often: a standby may have been promoted.
POLL_RECONNECT_SECONDS = 60.0


class Listener:
    """Follows the cached row of one database.

    Attributes:
        answer: the newest answer; None until the first read.
        confirmed: the newest answer while the database can be read, else None. It may be served
            without a further check.
        failure: why the database can't be read now; None while it can.
        mode: "listening", "polling", or "connecting" while the database can't be read.
        on_change: called after a new answer, and when the database is lost or found again.

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
        self._tried = asyncio.Event()
        self._confirmed_at = time.monotonic()
        self._retry_seconds = RETRY_FIRST_SECONDS
        self.answer: Answer | None = None
        self.confirmed: Answer | None = None
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
        return connect_async(self._conninfo, purpose="server", target=target)

    async def _follow(self, connection: AsyncSession) -> None:
        """Read, wait for a hint or the interval, read again; return to look for a primary."""
        problem = await self._listen(connection)
        missed, hinted, since = 0, True, time.monotonic()
        while True:
            changed = await self._in_time(self._read(connection))
            self._retry_seconds = RETRY_FIRST_SECONDS
            if problem is None:
                missed = 0 if hinted else missed + changed
                if missed >= MISSED_HINTS:
                    problem = "notifications do not arrive; is there a pooler in between?"
            self._set_mode(problem)
            if problem is None:
                hinted = await self._hint(connection)
            elif time.monotonic() - since > POLL_RECONNECT_SECONDS:
                return
            else:
                await asyncio.sleep(POLL_SECONDS)

    async def _listen(self, connection: AsyncSession) -> str | None:
        """Start listening, and return None; or return why that is not possible."""
        try:
            await self._in_time(connection.execute(f"listen {CHANNEL}"))
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            return in_one_line(error)
        return None

    async def _hint(self, connection: AsyncSession) -> bool:
        """Wait for a notification, for the re-read interval at most; tell whether one came."""
        hinted = False
        async for _ in connection.notifies(timeout=self._reread_seconds, stop_after=1):
            hinted = True
        return hinted

    async def _read(self, connection: AsyncSession) -> bool:
        """Read the row and take it; tell whether it differs from the one before."""
        async with connection.cursor() as cursor:
            await cursor.execute("select * from vessel_activity.serving()")
            row = await cursor.fetchone()
        assert row is not None  # noqa: S101 - a function with out parameters returns one row
        reading = Reading(**row, read_at=time.monotonic())
        before = self.answer.reading if self.answer else None
        self._confirmed_at = reading.read_at
        recovered, self.failure = self.failure is not None, None
        changed = before is None or before.body != reading.body
        self.answer = self.confirmed = Answer.of(reading)
        if recovered:
            log.info("the database answers again")
        if changed or recovered:
            self.on_change()
        self._tried.set()
        return changed and reading.present

    async def _in_time(self, work: Awaitable[T]) -> T:
        """Await database work. A server that takes longer than the limit has failed.

        A timer notes the failure, since cancelling the statement of a server that doesn't react
        takes seconds more.
        """
        limit = self._read_timeout_seconds
        reason = f"no answer within {limit:g} s"
        timer = asyncio.get_running_loop().call_later(limit, self._failed, reason)
        try:
            async with asyncio.timeout(limit):
                return await work
        except TimeoutError:
            raise TimeoutError(reason) from None
        finally:
            timer.cancel()

    def _set_mode(self, problem: str | None) -> None:
        mode = "listening" if problem is None else "polling"
        if mode != self.mode:
            self.mode = mode
            if problem is None:
                log.info("listening for refreshes")
            else:
                log.warning("polling every %g s, because LISTEN fails: %s", POLL_SECONDS, problem)

    def _failed(self, reason: str) -> None:
        if reason != self.failure:
            log.error("the database can't be read: %s", reason)
        news, self.failure, self.confirmed = self.failure is None, reason, None
        self.mode = "connecting"
        self._tried.set()
        if news:
            self.on_change()
