"""The refresh loop: refreshes when pg_cron and other servers don't. It runs in the server or alone.

The database decides whether a refresh is due (vessel_activity.refresh_if_due). The loop outlives
every error of the database.
"""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

from vessel_activity.database.connections import AsyncSession, connect_async
from vessel_activity.database.errors import in_one_line
from vessel_activity.supervision import supervised

if TYPE_CHECKING:
    from collections.abc import Coroutine

log = logging.getLogger("vessel_activity.refresh_loop")

BY = "fallback"
RETRY_FIRST_SECONDS = 1.0
RETRY_MOST_SECONDS = 30.0
STATISTICS_EVERY = 10
_DUE = """
  select refreshed, wait_seconds, duration_ms, mode, new_rows,
    public.vessel_activity_json(figures) as figures
  from vessel_activity.refresh_if_due(%s)
"""
_FAILED = "select vessel_activity.log_failure(%s, %s, %s, %s)"
_MAINTAIN = "select vessel_activity.maintain()"


async def run(conninfo: str) -> None:
    """Refresh when it is due, until cancelled; a running statement is cancelled too."""
    durations: deque[float] = deque(maxlen=STATISTICS_EVERY)
    retry = RETRY_FIRST_SECONDS
    trouble: str | None = None
    while True:
        try:
            async with await _connect(conninfo) as session:
                while True:
                    wait_seconds = await _look(session, durations)
                    if trouble is not None:
                        log.info("refreshing again")
                    trouble, retry = None, RETRY_FIRST_SECONDS
                    await asyncio.sleep(wait_seconds)
        except (psycopg.Error, OSError, UnicodeError) as error:
            reason = _in_words(error)
            if reason != trouble:  # else a night's outage would be a thousand lines
                log.error("refresh failed: %s", reason)  # noqa: TRY400
            trouble = reason
            await asyncio.sleep(retry)
            retry = min(retry * 2, RETRY_MOST_SECONDS)


async def _connect(conninfo: str) -> AsyncSession:
    session = await connect_async(conninfo, purpose="refresh loop", writable=True)
    # The database may have another default, and a snapshot older than the refresh's instant would
    # give wrong figures.
    await session.set_isolation_level(psycopg.IsolationLevel.READ_COMMITTED)
    session.add_notice_handler(_warn)
    return session


def _in_words(error: Exception) -> str:
    """Say why a refresh failed, and what to do if that is known."""
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction):
        return "this server is a standby, where a refresh can't run; waiting until it is promoted"
    missing = psycopg.errors.UndefinedFunction | psycopg.errors.InvalidSchemaName
    table = isinstance(error, psycopg.errors.UndefinedTable) and not error.diag.message_hint
    if table or isinstance(error, missing):
        return (
            f"{in_one_line(error)}; run `vessel-activity migrate` if vessel activity is not "
            "installed"
        )
    return in_one_line(error)


def _warn(notice: psycopg.errors.Diagnostic) -> None:
    """Log a warning of the database, such as that of a slow refresh."""
    if notice.severity_nonlocalized == "WARNING":
        log.warning("%s", notice.message_primary)


async def _look(session: AsyncSession, durations: deque[float]) -> float:
    """Refresh if it is due; return in how many seconds to ask again."""
    started_at = datetime.now(UTC)
    try:
        async with session.transaction():
            row = await (await session.execute(_DUE, [BY])).fetchone()
    except psycopg.Error as error:
        if not session.closed and error.sqlstate is not None:
            message = error.diag.message_primary or str(error)
            # If that fails too, the first error is the one to report.
            with suppress(psycopg.Error):
                await session.execute(_FAILED, [BY, started_at, error.sqlstate, message])
        raise
    assert row is not None  # noqa: S101 - a function with out parameters returns one row
    if row["refreshed"]:
        _tell(row, durations)
        try:
            await session.execute(_MAINTAIN)
        except psycopg.Error as error:
            if session.closed:
                raise
            # The figures are right without it, and the next refresh tries again.
            log.warning("maintenance put off: %s", error.diag.message_primary or error)
    return float(row["wait_seconds"])


def _tell(row: dict[str, Any], durations: deque[float]) -> None:
    """Log a refresh, and after every ten refreshes how long they took."""
    figures = json.loads(row["figures"])
    durations.append(float(row["duration_ms"]))
    log.info(
        "refreshed in %.0f ms (%s): %d active now, %d in the last hour, %d in 24 hours, "
        "%d vessels, %d positions in the last hour, %s kn",
        durations[-1],
        row["mode"],
        *(figures[key] for key in ("activeNow", "activeLastHour", "activeLast24h")),
        *(figures[key] for key in ("totalVessels", "positionsLastHour", "speedAvg")),
    )
    if len(durations) == STATISTICS_EVERY:
        average = sum(durations) / len(durations)
        log.info(
            "last %d refreshes: average %.0f ms, minimum %.0f ms, maximum %.0f ms",
            len(durations),
            average,
            min(durations),
            max(durations),
        )
        durations.clear()


def run_until_stopped(conninfo: str) -> None:
    """Refresh when it is due, until SIGTERM or SIGINT."""
    asyncio.run(_until_stopped(run(conninfo)))


async def _until_stopped(work: Coroutine[Any, Any, None]) -> None:
    """Run until SIGTERM or SIGINT cancels it."""
    task = asyncio.ensure_future(work)
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, task.cancel)
    try:
        async with supervised():
            await task
    except asyncio.CancelledError:
        log.info("stopped")
