"""GET /api/database/vessel-stats-history: the past hours and days, as JSON or CSV.

The database thins and formats the samples. The server keeps each text for some seconds, so that a
crowd costs one query. While the database is away it serves the last good text.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
from starlette.responses import JSONResponse, Response

from vessel_activity.database.errors import in_one_line
from vessel_activity.web.content import Content

if TYPE_CHECKING:
    from typing import LiteralString

    from starlette.datastructures import QueryParams
    from starlette.requests import Request

    from vessel_activity.web.asking import Asking
    from vessel_activity.web.listener import Listener

log = logging.getLogger("vessel_activity.history")

PATH = "/api/database/vessel-stats-history"
RANGES = ("1h", "24h", "7d", "30d", "1y")
# The longest range between two instants. history_period has the same limit.
LONGEST = timedelta(days=5 * 365)
# Anybody may ask for any two instants. So the texts of few of them are kept, and few are read at
# a time: the others, and /metrics, wait for the same connection.
KEPT_INTERVALS = 32
READ_INTERVALS = 4
# Samples come once a minute, so asking more often would find the same.
KEEP_SECONDS = 10.0
# How long after a failed read the next one waits.
FAILED_SECONDS = 2.0
FAILED = {"error": "Failed to fetch vessel history"}
CROWDED = {"error": "Too many ranges are being read. Ask again in a second."}
_QUERIES: dict[str, LiteralString] = {
    "json": "select vessel_activity.history_json(%s) as text",
    "csv": "select vessel_activity.history_csv(%s) as text",
}
_TYPES = {"json": "application/json", "csv": "text/csv; charset=utf-8; header=present"}


class RangeError(Exception):
    """A request names no range that can be answered; the text says why."""


@dataclass(frozen=True, slots=True)
class _Kept:
    content: Content
    read_at: float


class History:
    """The history endpoint of one database.

    Args:
        asking: asks the database.
        listener: knows whether the database can be read.
        timeout_seconds: how long the database may take.
        stale_seconds: how long the last good text is served while the database can't be read.

    """

    def __init__(
        self, asking: Asking, listener: Listener, *, timeout_seconds: float, stale_seconds: float
    ) -> None:
        self._asking = asking
        self._listener = listener
        self._timeout_seconds = timeout_seconds
        self._stale_seconds = stale_seconds
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._reading: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._not_before: dict[tuple[str, str], float] = {}

    async def __call__(self, request: Request) -> Response:
        """Answer one request.

        200 or 304; 400 for a range that makes no sense; 503 if many clients ask for different
        ranges at the same time; 500 if there is no text.
        """
        try:
            span = span_of(request.query_params)
        except RangeError as error:
            return JSONResponse({"error": str(error)}, 400, headers={"cache-control": "no-store"})
        form = "csv" if request.url.path.endswith(".csv") or prefers_csv(request) else "json"
        key = (span, form)
        if self._is_crowded(key):
            headers = {"cache-control": "no-store", "retry-after": "1"}
            return JSONResponse(CROWDED, 503, headers=headers)
        kept = await self._newest(key)
        if kept is None:
            return JSONResponse(FAILED, 500, headers={"cache-control": "no-store"})
        return self._answer(request, kept, form, span)

    def _is_crowded(self, key: tuple[str, str]) -> bool:
        if key[0] in RANGES or key in self._reading or self._servable(key) is not None:
            return False
        return sum(span not in RANGES for span, _ in self._reading) >= READ_INTERVALS

    def _answer(self, request: Request, kept: _Kept, form: str, span: str) -> Response:
        headers = {
            "cache-control": f"public, max-age=0, s-maxage={KEEP_SECONDS:.0f}, must-revalidate",
            "vary": "accept, accept-encoding",
            "age": str(int(time.monotonic() - kept.read_at)),
        }
        if form == "csv":
            name = span.replace("/", "-").replace(":", "")
            headers["content-disposition"] = f'attachment; filename="vessel-activity-{name}.csv"'
        return kept.content.respond(request, _TYPES[form], headers)

    async def _newest(self, key: tuple[str, str]) -> _Kept | None:
        """Return the text of a range that may be served, and read it anew if it is old.

        Requests that come at the same time share one read. No request waits longer than the
        database may take. None waits while the database is known to be away and a text is there.
        """
        kept = self._servable(key)
        now = time.monotonic()
        fresh = kept is not None and now - kept.read_at < KEEP_SECONDS
        away = kept is not None and self._listener.failure is not None
        if fresh or away or now < self._not_before.get(key, 0.0):
            return kept
        if key not in self._reading:
            self._reading[key] = asyncio.create_task(self._renew(key))
            self._reading[key].add_done_callback(lambda _: self._reading.pop(key))
        # The read is not cancelled: on a server that doesn't react that takes seconds more.
        await asyncio.wait({self._reading[key]}, timeout=self._timeout_seconds)
        newest = self._servable(key)
        if newest is kept:
            self._not_before = {
                other: until for other, until in self._not_before.items() if until > now
            }
            self._not_before[key] = time.monotonic() + FAILED_SECONDS
        return newest

    def _servable(self, key: tuple[str, str]) -> _Kept | None:
        kept = self._kept.get(key)
        oldest = time.monotonic() - KEEP_SECONDS - self._stale_seconds
        return kept if kept is not None and kept.read_at >= oldest else None

    async def _renew(self, key: tuple[str, str]) -> None:
        """Read the text of a range and keep it; log a failure."""
        span, form = key
        try:
            row = await self._asking.ask(_QUERIES[form], [span])
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.error("the history can't be read: %s", in_one_line(error))  # noqa: TRY400
            return
        text = str(row.get("text", ""))
        self._kept.pop(key, None)  # the newest one is the last one
        self._kept[key] = _Kept(Content.of(text.encode()), time.monotonic())
        intervals = [other for other in self._kept if other[0] not in RANGES]
        for oldest in intervals[:-KEPT_INTERVALS]:
            del self._kept[oldest]


def span_of(query: QueryParams) -> str:
    """Return the range that a request asks for: a name, or two instants with a slash between them.

    The instants are rounded to whole minutes, so that requests for almost the same share a text.

    Raises:
        RangeError: it asks for nothing that can be answered.

    """
    if "from" not in query and "to" not in query:
        span = query.get("range", RANGES[1])
        if span not in RANGES:
            message = f"range must be one of {', '.join(RANGES)}"
            raise RangeError(message)
        return span
    if "range" in query:
        raise RangeError("give either range, or from and to")
    if "from" not in query or "to" not in query:
        raise RangeError("from and to belong together: give both")
    begin, end = (_instant(name, query[name]) for name in ("from", "to"))
    begin -= timedelta(seconds=begin.second)
    end += timedelta(seconds=-end.second % 60)
    if begin >= end:
        raise RangeError("from must be before to")
    if end - begin > LONGEST:
        raise RangeError("from and to must be at most five years apart")
    return f"{begin:%Y-%m-%dT%H:%MZ}/{end:%Y-%m-%dT%H:%MZ}"


def _instant(name: str, text: str) -> datetime:
    """Read an instant to the second; without a time zone it is UTC."""
    try:
        found = datetime.fromisoformat(text).replace(microsecond=0)
        found = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        found = datetime.min.replace(tzinfo=UTC)
    if not 1970 <= found.year <= 2200:  # noqa: PLR2004
        message = (
            f"{name} must be an instant in ISO 8601, such as 2026-01-31T12:00:00Z;"
            " a + in it is written as %2B"
        )
        raise RangeError(message)
    return found


def prefers_csv(request: Request) -> bool:
    """Tell whether an Accept header asks for CSV before JSON."""
    accept = request.headers.get("accept", "").lower()
    csv, json = (_preference(accept, kind) for kind in ("text/csv", "application/json"))
    return csv[0] > 0 and csv > json


def _preference(accept: str, kind: str) -> tuple[float, int]:
    """Return the weight of a media type, and how closely it is named; the closest name counts."""
    ranges = ("*/*", f"{kind.partition('/')[0]}/*", kind)
    found = (0.0, -1)
    for part in accept.split(","):
        name, *parameters = (piece.strip() for piece in part.split(";"))
        if name in ranges and ranges.index(name) > found[1]:
            weights = [_number(text[2:]) for text in parameters if text.startswith("q=")]
            found = ([*weights, 1.0][0], ranges.index(name))
    return found


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
