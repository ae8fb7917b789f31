"""GET /healthz and /readyz: whether the process is alive, and whether the figures are fresh."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from vessel_activity.web.feed_truth import iso_instant, state_of

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from vessel_activity.web.listener import Listener

# The row is from the future if it is further ahead of the clock of the database than this. Then the
# clock was wrong. check_freshness has the same number. When the row is out of date says the
# database, with stale_at.
AHEAD_SECONDS = 1.0
_NEVER_KEPT = {"cache-control": "no-store"}


class Health:
    """Health pages of one listener."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener

    async def healthz(self, request: Request) -> Response:  # noqa: ARG002
        """Answer 200 while the process can answer."""
        return JSONResponse({"status": "ok"}, headers=_NEVER_KEPT)

    async def readyz(self, request: Request) -> Response:
        """Answer 200 if the figures are fresh, else 503 with the reasons.

        With ?strict the feed must be live too.
        """
        if self._listener.answer is None and self._listener.failure is None:
            await self._listener.first_try()
        problems = problems_of(self._listener)
        if "strict" in request.query_params:
            problems += problems_of_feed(self._listener)
        answer, feed = self._listener.answer, self._listener.feed
        report = {
            "ready": not problems,
            "problems": problems,
            "database": self._listener.mode,
            "ageSeconds": round(age_seconds(self._listener), 1) if answer else None,
            "intervalSeconds": answer.reading.interval_seconds if answer else None,
            "staleAfterSeconds": answer.reading.stale_after_seconds if answer else None,
            "feed": state_of(feed, answer.reading.body) if answer else None,
            "newestReport": iso_instant(feed.newest_report) if feed else None,
        }
        return JSONResponse(report, 503 if problems else 200, headers=_NEVER_KEPT)


def problems_of(listener: Listener) -> list[str]:
    """Return why the newest known figures are not fresh; [] if they are."""
    problems = []
    if listener.failure is not None:
        # The reason may name hosts and roles, so only the log has it.
        problems.append("database: it can't be read; the log of the server says why")
    if listener.answer is None:
        return problems
    reading = listener.answer.reading
    limit = reading.stale_after_seconds
    age = age_seconds(listener)
    if not reading.present:
        problems.append("row: there is no cached row; run `vessel-activity refresh`")
    elif is_ahead(listener):
        problems.append(
            f"row: it is from {-age:.0f} s in the future, so the clock of the database server was"
            " wrong; run `vessel-activity status`"
        )
    elif is_stale(listener):
        problems.append(
            f"row: it is {age:.0f} s old, more than {limit:g} s; run `vessel-activity status`"
        )
    return problems


def problems_of_feed(listener: Listener) -> list[str]:
    """Return why the feed is not live; [] if it is, or if nothing is known of it."""
    if listener.answer is None:
        return []
    state = state_of(listener.feed, listener.answer.reading.body)
    if state == "live":
        return []
    age = report_age_seconds(listener)
    if listener.feed is None or age is None:
        return ["feed: no vessel is active; run `vessel-activity status`"]
    limit = listener.feed.late_after_seconds
    if state == "quiet":
        limit = listener.feed.quiet_after_seconds
    told = f"feed: the newest report is {age:.0f} s old, more than {limit:g} s"
    return [f"{told}; run `vessel-activity status`"]


def report_age_seconds(listener: Listener) -> float | None:
    """Return how old the newest known report is, by the database's clock; None without one."""
    feed = listener.feed
    if feed is None or feed.age_seconds is None:
        return None
    return feed.age_seconds + time.monotonic() - feed.read_at


def is_ahead(listener: Listener) -> bool:
    """Tell whether the newest known row is from the future."""
    return age_seconds(listener) < -AHEAD_SECONDS


def is_stale(listener: Listener) -> bool:
    """Tell whether the newest known row is out of date."""
    answer = listener.answer
    return answer is not None and age_seconds(listener) > answer.reading.stale_after_seconds


def database_clock(listener: Listener) -> float:
    """Return the present time of the database in seconds since 1970; else that of this machine.

    Pages measure the age of the row by it. The clock of this machine may differ.
    """
    if listener.answer is None:
        return time.time()
    return listener.answer.reading.updated_at.timestamp() + age_seconds(listener)


def age_seconds(listener: Listener) -> float:
    """Return how old the newest known row is, in seconds, by the database's clock."""
    if listener.answer is None:
        return float("inf")
    reading = listener.answer.reading
    return reading.age_seconds + time.monotonic() - reading.read_at
