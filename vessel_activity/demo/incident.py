"""The incident of a demo: a region whose reports are lost for ten minutes, told on the console."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg


class Incident:
    """Starts an incident in a minute, and tells when it begins and ends."""

    def __init__(self) -> None:
        """Start with the first step."""
        self._news: list[tuple[datetime, str]] | None = None

    def step(self, feed: psycopg.Connection, at: datetime) -> None:
        """Start the incident with the first step; say what has begun or ended by then."""
        if self._news is None:
            self._news = self._start(feed)
        while self._news and at >= self._news[0][0]:
            print(self._news.pop(0)[1], flush=True)

    def _start(self, feed: psycopg.Connection) -> list[tuple[datetime, str]]:
        """Let the region be cut off in a minute, and say so; return what is to be said when."""
        row = feed.execute(
            "select i.starts_at, i.ends_at, i.region from vessel_activity_demo.start_incident("
            "pg_catalog.clock_timestamp() + interval '1 minute') as i"
        ).fetchone()
        assert row is not None  # noqa: S101 - the function returns one row
        starts_at, ends_at, region = row
        span = f"from {_time(starts_at)} to {_time(ends_at)} UTC"
        print(f"incident: {span} no report from {region} is received", flush=True)
        return [
            (starts_at, f"incident: begun; no report from {region} is received"),
            (ends_at, f"incident: over; reports from {region} are received again"),
        ]


def _time(at: datetime) -> str:
    return f"{at.astimezone(UTC):%H:%M:%S}"
