"""The feed: reads all sources at once, closes batches, and stops in order."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import uvloop

from vessel_activity.ais.heard import Heard
from vessel_activity.errors import SourceError
from vessel_activity.feed.backlog import Backlog
from vessel_activity.feed.filer import Filer
from vessel_activity.feed.link import Link, compact, counts_of, rows_of
from vessel_activity.feed.readers import read
from vessel_activity.supervision import supervised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vessel_activity.feed.source import Source
    from vessel_activity.settings import Settings

log = logging.getLogger("vessel_activity.feed")

BATCH_SECONDS = 0.5
"""A batch is closed that long after its first message, or later if the database is busy."""
_MOST_BATCH_SECONDS = 0.9
_MOST_BATCH_ROWS = 10_000
_TICK_SECONDS = 0.1
_STOP_SECONDS = 4.0
_ROOM_MESSAGES = 40_000
_REPORT_SECONDS = 60.0


def feed(settings: Settings, url: str, sources: Sequence[Source]) -> None:
    """Take the messages of all sources into the database, until SIGTERM, SIGINT or the last end.

    Args:
        settings: the settings.
        url: libpq URL of a migrated database.
        sources: what to read.

    Raises:
        SourceError: a source can't be used with these settings.

    """
    if any(one.kind == "aisstream" for one in sources) and not settings.aisstream_api_key:
        raise SourceError(
            "aisstream: needs a key: set AISSTREAM_API_KEY to the one from https://aisstream.io"
        )
    for one in sources:
        if one.hello and not os.environ.get(one.hello):
            raise SourceError(
                f"{one.address} needs the environment variable {one.hello}, which is not set: it "
                "holds the text that the server wants first"
            )
    backlog = Backlog(settings.data_dir / "feed", settings.feed_spool_mb * 1024 * 1024)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run_supervised(_Feed(settings, url, sources, backlog)))
    finally:
        backlog.close()


async def _run_supervised(one: _Feed) -> None:
    async with supervised():
        await one.run()


class _Feed:
    """The sources, the batch that is being filled, and the filer."""

    def __init__(
        self, settings: Settings, url: str, sources: Sequence[Source], backlog: Backlog
    ) -> None:
        self._key = settings.aisstream_api_key or ""
        self._backlog = backlog
        self._began: float | None = None  # when the first message of the batch came
        heard = Heard()
        self._links = [Link(source, self._note, heard) for source in sources]
        self._filer = Filer(url, backlog, self._now, host=socket.gethostname(), process=os.getpid())
        self._messages = 0

    async def run(self) -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        self._filer.start()
        tasks = [asyncio.create_task(read(link, self._room, self._key)) for link in self._links]
        ticking = asyncio.create_task(self._tick())
        stopping = asyncio.create_task(stopped.wait())
        everything: asyncio.Future[list[None]] = asyncio.gather(*tasks)
        work: list[asyncio.Future[Any]] = [everything, ticking, stopping]
        try:
            await asyncio.wait(work, return_when=asyncio.FIRST_COMPLETED)
            has_ended = everything.done()
            for one in work:
                if one.done():
                    one.result()  # an error of the program must be seen
        finally:
            for one in work:
                one.cancel()
            await asyncio.gather(*work, return_exceptions=True)
        await self._stop(wait=has_ended and not stopped.is_set(), stopped=stopped)

    async def _stop(self, *, wait: bool, stopped: asyncio.Event) -> None:
        """File what is in hand. wait: for as long as it takes, because the input has ended."""
        for link in self._links:
            link.finish()
            if link.state != "ended":
                link.enter("ended", "the feed was stopped")
        self._close_batch()
        if wait:
            while not self._backlog.is_empty and not stopped.is_set():
                self._backlog.spool_late()
                await asyncio.sleep(_TICK_SECONDS)
        is_filed = await asyncio.to_thread(self._filer.stop, _STOP_SECONDS)
        left = self._backlog.waiting
        log.info(
            "stopped: %s messages, %s positions added%s",
            f"{self._messages:,}",
            f"{self._filer.positions:,}",
            "" if is_filed or not left else f"; {left:,} messages wait in the spool",
        )

    def _now(self) -> list[dict[str, Any]]:
        return [link.now() for link in self._links]

    async def _room(self, *, is_live: bool) -> None:
        """Wait while much waits for the database, so that a file does not fill the spool."""
        await asyncio.sleep(0)
        while self._backlog.waiting > _ROOM_MESSAGES and not (is_live and self._filer.is_away):  # noqa: ASYNC110 - the filer is a thread
            await asyncio.sleep(_TICK_SECONDS / 2)

    def _note(self, rows: int) -> None:
        """Note that a source has brought something."""
        if self._began is None:
            self._began = time.time()
        if rows >= _MOST_BATCH_ROWS:
            self._close_batch()

    async def _tick(self) -> None:
        """Close batches in time, write late ones to the spool, and report now and then."""
        reported = time.monotonic()
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            if not self._filer.is_alive():
                raise RuntimeError("the thread that files reports has ended; start the feed again")
            for link in self._links:
                link.expire()
            age = 0.0 if self._began is None else time.time() - self._began
            if age >= _MOST_BATCH_SECONDS or (
                age >= BATCH_SECONDS - _TICK_SECONDS and not self._backlog.has_work
            ):
                self._close_batch()
            self._backlog.spool_late()
            if time.monotonic() - reported >= _REPORT_SECONDS:
                reported = time.monotonic()
                self._report()

    def _close_batch(self) -> None:
        """Put what the sources have brought into the backlog."""
        dropped = self._backlog.dropped()
        told = dict(dropped)
        rows: list[str] = []
        sources = []
        messages: dict[str, int] = {}
        for link in self._links:
            tally, reconnects = link.emptied()
            name = link.source.name
            if not (tally.lines or tally.rows or reconnects or dropped[name]):
                continue
            sources.append(counts_of(link.source, tally, reconnects, dropped[name]))
            rows += rows_of(len(sources), tally)
            messages[name] = len(tally.rows) + tally.rejected.total() + tally.ignored.total()
            dropped[name] = 0
        # Sources of an earlier run, whose batches were in the spool.
        sources += [{"name": name, "dropped": count} for name, count in dropped.items() if count]
        oldest, self._began = self._began or time.time(), None
        if sources:
            self._messages += sum(messages.values())
            self._backlog.put("\n".join(rows), compact(sources), messages, oldest, told)

    def _report(self) -> None:
        waiting = self._backlog.waiting
        log.info(
            "%s messages, %s positions added%s",
            f"{self._messages:,}",
            f"{self._filer.positions:,}",
            f"; {waiting:,} wait for the database" if waiting else "",
        )
