"""The state of one source while the feed runs, and what it has brought since the last batch."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import random
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from vessel_activity.ais.heard import Heard
from vessel_activity.ais.lines import LineReader
from vessel_activity.ais.messages import Tally, row_text, utc_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from vessel_activity.feed.source import Source

log = logging.getLogger("vessel_activity.feed")

SAMPLES = 20
"""How many rejected lines of a reason a batch keeps to be looked at."""
FIRST_RETRY_SECONDS = 1.0
MOST_RETRY_SECONDS = 60.0
_LONGEST_SILENCE_SECONDS = 3600.0
_MOST_SENDERS = 64
_MOST_TOLD = 20
_NEVER_SECONDS = 2**31 - 1
_TELL_AGAIN_SECONDS = 600.0


class Link:
    """One source: how the connection is, and the tally that fills up until the next batch.

    Attributes:
        source: the source.
        state: connecting, connected, silent, waiting (for the next try) or ended.
        since: when this state began, in seconds since 1970.
        error: why the last connection ended; None while messages come.

    """

    def __init__(
        self, source: Source, on_rows: Callable[[int], None], heard: Heard | None = None
    ) -> None:
        self.source = source
        self.state = "connecting"
        self.since = time.time()
        self.error: str | None = None
        self.reconnects = 0
        self.tally = Tally(SAMPLES)
        self._on_rows = on_rows
        self._messages = heard or Heard()  # also those of the other sources
        # A reader for each sender: bytes of different senders must not mix.
        self._readers: OrderedDict[str, LineReader] = OrderedDict()
        self._told: dict[tuple[str, str | None], float] = {}
        self._heard = time.monotonic()
        self._silences = 0
        self._retry = FIRST_RETRY_SECONDS

    # --- What comes ---

    def take(self, piece: bytes) -> None:
        """Read the next bytes of a stream."""
        self._hear()
        self._reader("").feed(piece, time.time())
        self._on_rows(len(self.tally.rows))

    def take_whole(self, piece: bytes, sender: str = "") -> None:
        """Read a datagram or another message that holds whole lines."""
        self._hear()
        self._reader(sender).datagram(piece, time.time())
        self._on_rows(len(self.tally.rows))

    def cut(self) -> None:
        """Read the unfinished line at the end of a stream."""
        self._reader("").cut(time.time())

    def _hear(self) -> None:
        self._heard = time.monotonic()
        if self.state != "connected":
            self.enter("connected")
        self._silences = 0
        self._retry = FIRST_RETRY_SECONDS

    def _reader(self, sender: str) -> LineReader:
        reader = self._readers.get(sender)
        if reader is None:
            reader = self._readers[sender] = LineReader(self.tally, self._messages)
            if len(self._readers) > _MOST_SENDERS:
                _, oldest = self._readers.popitem(last=False)
                oldest.finish()
        return reader

    # --- How the connection is ---

    def enter(self, state: str, error: str | None = None) -> None:
        """Enter a state; log it if it tells something new."""
        if state == "connected":
            error = None
        elif error is None:
            error = self.error
        if state != self.state:
            self.since = time.time()
        is_new = (state, error) != (self.state, self.error) and state != "connecting"
        self.state, self.error = state, error
        if is_new and time.monotonic() >= self._told.get((state, error), 0):
            # A source that comes and goes each second would fill the log.
            if len(self._told) > _MOST_TOLD:
                self._told.clear()
            self._told[state, error] = time.monotonic() + _TELL_AGAIN_SECONDS
            level = logging.INFO if state in {"connected", "ended"} else logging.WARNING
            log.log(level, "%s: %s%s", self.source.name, state, f" ({error})" if error else "")

    def opened(self) -> None:
        """Note that a connection was opened. It counts as good once something has come over it."""
        self._heard = time.monotonic()
        self.enter("silent" if self._silences else "connected")

    def quiet_for(self) -> float:
        """Return for how many seconds nothing has come over this connection."""
        return time.monotonic() - self._heard

    def silence_limit(self) -> float | None:
        """Return after how many seconds without a byte to connect anew; None for never.

        It doubles with each connection that brought nothing, so that a quiet source is left alone.
        """
        if not self.source.silence:
            return None
        limit = self.source.silence * 2.0**self._silences
        return min(limit, max(_LONGEST_SILENCE_SECONDS, self.source.silence))

    def note_silence(self) -> None:
        """Note that this connection has been silent for too long."""
        self._silences = min(self._silences + 1, 16)

    async def wait_to_retry(self, error: str) -> None:
        """Wait before the next try, longer each time until something comes, and never in step."""
        self.enter("waiting", error)
        seconds = self._retry * (0.5 + random.random())  # noqa: S311 - no secret
        self._retry = min(self._retry * 2, MOST_RETRY_SECONDS)
        await asyncio.sleep(seconds)
        self.reconnects += 1
        self._on_rows(0)  # so that the database learns of it
        self.enter("connecting")

    # --- What goes into a batch ---

    def expire(self) -> None:
        """Give up parts of messages that have waited for too long."""
        now = time.time()
        for reader in self._readers.values():
            reader.expire(now)

    def finish(self) -> None:
        """Give up all parts of messages, since no more lines will come."""
        for reader in self._readers.values():
            reader.finish()

    def emptied(self) -> tuple[Tally, int]:
        """Return the tally and the number of reconnects since the last call, and begin anew."""
        tally, reconnects = self.tally, self.reconnects
        self.tally, self.reconnects = Tally(SAMPLES), 0
        for reader in self._readers.values():
            reader.set_tally(self.tally)
        return tally, reconnects

    def now(self) -> dict[str, Any]:
        """Describe the present state, as vessel_activity.feed_batch takes it."""
        return {
            "name": self.source.name,
            "address": self.source.address,
            "state": self.state,
            "since": utc_text(int(self.since)),
            "error": self.error,
            # The database has whole seconds, and no word for never.
            "silence": math.ceil(self.source.silence) or _NEVER_SECONDS,
        }


def rows_of(number: int, tally: Tally) -> list[str]:
    """Write the rows of a tally as vessel_activity.feed_batch takes them."""
    return [row_text(number, row, with_raw=False) for row in tally.rows]


def counts_of(source: Source, tally: Tally, reconnects: int, dropped: int) -> dict[str, Any]:
    """Write the counts of a tally as vessel_activity.feed_batch takes them."""
    report, arrival = tally.newest_report, tally.newest_arrival
    return {
        "name": source.name,
        "address": source.address,
        "ignored": dict(tally.ignored),
        "rejected": dict(tally.rejected),
        "lines": tally.lines,
        "reconnects": reconnects,
        "dropped": dropped,
        "clock_ahead": tally.ahead,
        "clock_behind": tally.behind,
        "newest_report_at": None if report is None else utc_text(report),
        "newest_arrival_at": None if arrival is None else precise(arrival),
    }


def precise(at: float) -> str:
    """Write seconds since 1970, with thousandths, as PostgreSQL reads them."""
    return f"{utc_text(int(at))[:-3]}.{int(at % 1 * 1000):03}+00"


def compact(value: object) -> str:
    """Write JSON without blanks."""
    return json.dumps(value, separators=(",", ":"))
