"""The batches between the sources and the database: in memory for a moment, then in the spool.

A batch that is not filed within a second of its first message goes to the spool, so that a killed
process loses no more than that second. If the spool can't be written, batches stay in memory up to
a limit. Beyond the limits the oldest batches are dropped, and counted.
"""

from __future__ import annotations

import logging
import threading
import time
import uuid
from collections import Counter, deque
from typing import TYPE_CHECKING, NamedTuple

from vessel_activity.feed.spool import Batch, Spool, open_spools

if TYPE_CHECKING:
    from pathlib import Path

log = logging.getLogger("vessel_activity.feed")

MEMORY_BYTES = 32 * 1024 * 1024
SPOOL_AFTER_SECONDS = 0.8
_SEGMENT_BYTES = 16 * 1024 * 1024
_SEGMENTS = 8  # at least, in a full spool, since the oldest of them is dropped whole


class Sizes(NamedTuple):
    """What waits for the database.

    Attributes:
        messages: number of messages.
        size: bytes that they take, in memory and on disk.
        oldest: when the oldest of them arrived, in seconds since 1970; None if there is none.

    """

    messages: int
    size: int
    oldest: float | None


class Backlog:
    """The batches that wait, in order. The sources put, and the filer takes.

    Raises nothing that is about the disk: without a spool the batches stay in memory.
    """

    def __init__(self, folder: Path, spool_bytes: int, memory_bytes: int = MEMORY_BYTES) -> None:
        self._changed = threading.Condition()
        self._memory: deque[Batch] = deque()
        self._memory_bytes = memory_bytes
        self._spool_bytes = spool_bytes
        self._spool: Spool | None = None
        self._left: list[Spool] = []
        self._dropped: Counter[str] = Counter()
        self._trouble: str | None = None
        self._in_hand: Batch | None = None
        self._number = 0
        self.feeder = str(uuid.uuid4())
        if spool_bytes:
            try:
                segment = max(min(_SEGMENT_BYTES, spool_bytes // _SEGMENTS), 1)
                self._spool, self._left = open_spools(folder, segment)
                self.feeder = self._spool.feeder
            except OSError as error:
                self._warn(error)
        if self.waiting:
            log.info("%d messages wait in %s since the last run", self.waiting, folder)

    # --- For the sources ---

    def put(
        self,
        rows: str,
        sources: str,
        messages: dict[str, int],
        oldest: float,
        dropped: dict[str, int] | None = None,
    ) -> None:
        """Add a batch behind the others."""
        with self._changed:
            if self._spool is not None:
                number = self._spool.number()
            else:
                self._number = number = self._number + 1
            self._memory.append(
                Batch(self.feeder, number, rows, sources, messages, dropped or {}, oldest)
            )
            self._keep_within_memory()
            self._changed.notify_all()

    def spool_late(self, seconds: float = SPOOL_AFTER_SECONDS) -> None:
        """Write the batches to the spool if the first of them has waited for that long."""
        with self._changed:
            is_late = self._memory and self._memory[0].oldest <= time.time() - seconds
            if self._spool is not None and is_late:
                self._write()

    def dropped(self) -> Counter[str]:
        """Return how many messages of each source were dropped since the last call."""
        with self._changed:
            dropped, self._dropped = self._dropped, Counter()
            return dropped

    @property
    def waiting(self) -> int:
        """Messages that are not filed yet."""
        return self.sizes(None).messages

    def sizes(self, but: Batch | None) -> Sizes:
        """Return what waits, without the batch that is being filed."""
        with self._changed:
            spools = self._spools()
            messages = sum(batch.waiting for batch in self._memory)
            messages += sum(spool.messages for spool in spools)
            size = sum(batch.size for batch in self._memory) + sum(one.size for one in spools)
            oldest = self._memory[0].oldest if self._memory else None
        if but is not None:
            messages, size, oldest = messages - but.waiting, size - but.size, but.oldest
        return Sizes(messages, max(size, 0), oldest) if messages > 0 else Sizes(0, 0, None)

    @property
    def is_empty(self) -> bool:
        """Whether all batches are filed."""
        with self._changed:
            return not self._memory and all(spool.is_empty for spool in self._spools())

    @property
    def has_work(self) -> bool:
        """Whether a batch waits that the filer has not taken yet."""
        with self._changed:
            waiting = len(self._memory) + sum(not spool.is_empty for spool in self._spools())
            return waiting > (self._in_hand is not None)

    # --- For the filer ---

    def oldest(self, timeout: float) -> Batch | None:
        """Return the batch that is next; wait for one if there is none. It stays until `filed`."""
        with self._changed:
            self._in_hand = self._first()
            if self._in_hand is None:
                self._changed.wait(timeout)
                self._in_hand = self._first()
            return self._in_hand

    def filed(self, batch: Batch) -> None:
        """Forget a batch that the database has."""
        with self._changed:
            self._in_hand = None
            for spool in self._left[:1]:
                if spool.feeder == batch.feeder:
                    spool.passed(batch)
                    if spool.is_empty:
                        spool.close(remove=True)
                        self._left.remove(spool)
                    return
            # While the batch was being filed, it may have gone to the spool, or been dropped.
            if self._memory and self._memory[0] is batch:
                self._memory.popleft()
            elif self._spool is not None:
                first = self._spool.oldest()
                if first is not None and first.number == batch.number:
                    self._spool.passed(first)

    def wake(self) -> None:
        """Let `oldest` return now."""
        with self._changed:
            self._changed.notify_all()

    def close(self) -> None:
        """Write what is left to the spool, and let other processes have it."""
        with self._changed:
            if self._memory:
                self._write()
            for spool in self._spools():
                spool.close()

    # --- Inside, with the lock held ---

    def _spools(self) -> list[Spool]:
        return [*self._left, *([] if self._spool is None else [self._spool])]

    def _first(self) -> Batch | None:
        for spool in self._spools():
            batch = spool.oldest()
            if batch is not None:
                return batch
        return self._memory[0] if self._memory else None

    def _write(self) -> None:
        assert self._spool is not None  # noqa: S101 - the callers look
        try:
            while self._memory:
                self._spool.append(self._memory[0])
                self._memory.popleft()
            self._trouble = None
        except OSError as error:
            self._warn(error)
        while self._spool.size > self._spool_bytes and not self._spool.is_empty:
            self._drop(self._spool.drop_oldest(), "the spool")

    def _keep_within_memory(self) -> None:
        size = sum(batch.size for batch in self._memory)
        if size <= self._memory_bytes:
            return
        if self._spool is not None:
            self._write()
        while self._memory and sum(batch.size for batch in self._memory) > self._memory_bytes:
            self._drop(self._memory.popleft().lost(), "the memory for reports")

    def _drop(self, messages: Counter[str], place: str) -> None:
        self._dropped.update(messages)
        log.error(
            "%s is full while the database is away: dropped the oldest %d messages",
            place,
            messages.total(),
        )

    def _warn(self, error: OSError) -> None:
        text = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        if text != self._trouble:
            log.error("the spool can't be written (%s); reports stay in memory meanwhile", text)
        self._trouble = text
