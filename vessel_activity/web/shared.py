"""Answers that many requests share: each is read from the database once in a few seconds."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from vessel_activity.database.errors import in_one_line
from vessel_activity.web.content import Content

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence
    from typing import LiteralString

    from vessel_activity.web.asking import Asking
    from vessel_activity.web.listener import Listener

log = logging.getLogger("vessel_activity.shared")

# Answers that are kept at most. Each is a few kilobytes, and a region on the map has one.
MOST_KEPT = 64
# Answers that are read at a time. The others, and /metrics, wait for the same connection.
MOST_READING = 16
# How long after a failed read the next one waits.
FAILED_SECONDS = 2.0
CROWDED = {"error": "Too many different answers are being read. Ask again in a second."}


class CrowdedError(Exception):
    """Clients ask for too many different answers at the same time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer, and when it was read by time.monotonic()."""

    content: Content
    read_at: float


class Shared:
    """Reads answers by key, and keeps each for keep_seconds.

    Requests for one key that come at the same time share one read. While the database can't be
    read, the last answer serves for stale_seconds more.
    """

    def __init__(
        self, asking: Asking, listener: Listener, *, keep_seconds: float, stale_seconds: float
    ) -> None:
        self._asking = asking
        self._listener = listener
        self._keep_seconds = keep_seconds
        self._stale_seconds = stale_seconds
        self._kept: dict[Hashable, Kept] = {}
        self._reading: dict[Hashable, asyncio.Task[None]] = {}
        self._not_before: dict[Hashable, float] = {}

    async def read(
        self, key: Hashable, query: LiteralString, parameters: Sequence[Any] = ()
    ) -> Kept | None:
        """Return the answer for a key, from column `text` of the query; None if there is none.

        Its content is empty if the text is null, or if no text of the database can equal a
        parameter.

        Raises:
            CrowdedError: too many other answers are being read.

        """
        kept = self._servable(key)
        now = time.monotonic()
        fresh = kept is not None and now - kept.read_at < self._keep_seconds
        away = kept is not None and self._listener.failure is not None
        if fresh or away or now < self._not_before.get(key, 0.0):
            return kept
        if key not in self._reading:
            if len(self._reading) >= MOST_READING:
                raise CrowdedError
            task = asyncio.create_task(self._renew(key, query, parameters))
            self._reading[key] = task
            task.add_done_callback(lambda _: self._reading.pop(key))
        await asyncio.wait({self._reading[key]})
        return self._servable(key)

    def _servable(self, key: Hashable) -> Kept | None:
        kept = self._kept.get(key)
        oldest = time.monotonic() - self._keep_seconds - self._stale_seconds
        return kept if kept is not None and kept.read_at >= oldest else None

    async def _renew(self, key: Hashable, query: LiteralString, parameters: Sequence[Any]) -> None:
        try:
            row = await self._asking.ask(query, parameters)
        except psycopg.DataError:  # the encoding of the database lacks a character
            row = {}
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.error("an answer can't be read: %s", in_one_line(error))  # noqa: TRY400
            self._remember(self._not_before, key, time.monotonic() + FAILED_SECONDS)
            return
        content = Content.of((row.get("text") or "").encode(), level=6)
        self._remember(self._kept, key, Kept(content, time.monotonic()))

    @staticmethod
    def _remember(table: dict[Hashable, Any], key: Hashable, value: object) -> None:
        table.pop(key, None)
        table[key] = value
        while len(table) > MOST_KEPT:
            del table[next(iter(table))]
