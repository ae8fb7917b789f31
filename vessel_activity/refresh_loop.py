"""The refresh loop: refreshes when pg_cron and other servers don't. It runs in the server or alone.

The database decides whether a refresh is due (vessel_activity.refresh_if_due). The loop asks every
two seconds at least, so it soon sees another interval and the refreshes of others. It outlives
every error of the database.

A refresh is one round trip. The database commits it without its client. So neither a frozen loop
nor a cut network keeps others from refreshing.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg

from vessel_activity.database.connections import (
    CANCEL_SECONDS,
    AsyncSession,
    connect_async,
    in_time,
    last_row,
    settle,
)
from vessel_activity.database.errors import in_one_line
from vessel_activity.supervision import supervised

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from typing import LiteralString

log = logging.getLogger("vessel_activity.refresh_loop")

RETRY_FIRST_SECONDS = 1.0
RETRY_MOST_SECONDS = 10.0
# How often to ask at least whether a refresh is due.
LOOK_SECONDS = 2.0
# After so long without an answer to a refresh, another session is asked whether it still runs.
ANSWER_SECONDS = 10.0
# A limit for everything that is quick.
QUICK_SECONDS = 10.0
STATISTICS_EVERY = 10
# The role or the database may have other defaults, which are meant for other programs: limits that
# a refresh would exceed, or a snapshot older than its instant, which would give wrong figures.
_OURS = """
  set transaction isolation level read committed;
  set local statement_timeout = '1h';
  set local lock_timeout = '1s';
"""
_DUE = f"""
  {_OURS}
  select d.*, (d.figures).active_now, (d.figures).active_last_hour, (d.figures).active_last_24h,
    (d.figures).total_vessels, (d.figures).positions_last_hour, (d.figures).speed_avg
  from vessel_activity.refresh_if_due('fallback') as d
"""  # noqa: S608 - two constants
_MAINTAIN = _OURS + "select vessel_activity.maintain()"
_ANNOUNCE = _OURS + "select vessel_activity.announce()"
_IS_REFRESHING = f"""
  {_OURS}
  select is_held, stuck_pid from vessel_activity.tend_refresh_lock('fallback')
"""  # noqa: S608 - two constants
_FAILED = """
  select vessel_activity.log_failure(
    'fallback', pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => %s), %s, %s)
"""


async def run(conninfo: str) -> None:
    """Refresh when it is due, until cancelled; a running statement is cancelled too."""
    durations: deque[float] = deque(maxlen=STATISTICS_EVERY)
    retry = RETRY_FIRST_SECONDS
    trouble: str | None = None
    while True:
        try:
            async with await _connect(conninfo) as session:
                while True:
                    wait_seconds, problem = await _look(session, conninfo, durations)
                    if problem is not None and problem != trouble:
                        log.error("refresh failed: %s", problem)
                    elif problem is None and trouble is not None:
                        log.info("refreshing again")
                    trouble, retry = problem, RETRY_FIRST_SECONDS
                    await asyncio.sleep(min(wait_seconds, LOOK_SECONDS))
        except (psycopg.Error, OSError, UnicodeError) as error:
            reason = _in_words(error)
            if reason != trouble:  # else a night's outage would be a thousand lines
                log.error("refresh failed: %s", reason)  # noqa: TRY400
            trouble = reason
            await asyncio.sleep(retry)
            retry = min(retry * 2, RETRY_MOST_SECONDS)


async def _connect(conninfo: str) -> AsyncSession:
    session = await connect_async(conninfo, purpose="refresh loop", writable=True, lasting=True)
    session.add_notice_handler(_warn)
    return session


def _in_words(error: Exception) -> str:
    """Say why a refresh failed, and what to do if that is known."""
    if isinstance(error, psycopg.errors.ReadOnlySqlTransaction) and "standby" in str(error):
        return "this server is a standby, where a refresh can't run; waiting until it is promoted"
    if isinstance(error, psycopg.errors.InsufficientPrivilege):
        return (
            f"{in_one_line(error)}; the owner of vessel activity must give this role the purpose"
            " server: see public.vessel_activity_grant. Or let others refresh, and set"
            " VESSEL_ACTIVITY_FALLBACK=off"
        )
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


async def _look(
    session: AsyncSession, conninfo: str, durations: deque[float]
) -> tuple[float, str | None]:
    """Refresh if it is due.

    Return in how many seconds to ask again, and why no row was stored although it was due.
    """
    began = time.monotonic()
    try:
        row = await _answer(session, conninfo)
    except psycopg.Error as error:
        if not session.closed and error.sqlstate is not None:
            message = error.diag.message_primary or str(error)
            failed = [time.monotonic() - began, error.sqlstate, message]
            # If that fails too, the first error is the one to report.
            with suppress(psycopg.Error, TimeoutError):
                await in_time(session, session.execute(_FAILED, failed), QUICK_SECONDS)
        raise
    if row["refreshed"]:
        _tell(row, durations)
    await _end_stuck(session, row["stuck_pid"])
    if not row["announced"]:
        # Listeners poll as long as this fails.
        await _beside(session, _ANNOUNCE, "listeners are not notified")
    if row["refreshed"]:
        # The figures are right without it, and the next refresh tries again.
        await _beside(session, _MAINTAIN, "maintenance put off")
    # The function of an older version tells no problem: a database may be migrated later.
    return float(row["wait_seconds"]), row.get("problem")


async def _answer(session: AsyncSession, conninfo: str) -> dict[str, Any]:
    """Refresh if it is due, and return the answer of the database.

    A refresh may take long. So there is no fixed limit. While no answer comes, another session
    looks whether any refresh runs. If none does, the answer was lost on its way.
    """
    task = asyncio.ensure_future(last_row(session, _DUE))
    try:
        while not (await asyncio.wait({task}, timeout=ANSWER_SECONDS))[0]:
            if not await _is_refreshing(conninfo) and not task.done():
                await settle(session, task, 0)
                raise TimeoutError(f"no answer within {ANSWER_SECONDS:g} s")
    except asyncio.CancelledError:
        task.cancel()
        await settle(session, task, CANCEL_SECONDS)
        raise
    return task.result()


async def _is_refreshing(conninfo: str) -> bool:
    """Tell whether a refresh runs, as far as that can be found out now."""
    try:
        async with await connect_async(conninfo, purpose="refresh loop", writable=True) as session:
            row = await in_time(session, last_row(session, _IS_REFRESHING), QUICK_SECONDS)
            await _end_stuck(session, row["stuck_pid"])
    except (psycopg.Error, OSError):
        return True
    return bool(row["is_held"])


async def _end_stuck(session: AsyncSession, pid: int | None) -> None:
    """End a session that keeps all others from refreshing, if it is of this loop's role.

    The database has logged it. A stopped process may have to be told again and again.
    """
    if pid is not None:
        ending = session.execute("select pg_catalog.pg_terminate_backend(%s)", [pid])
        with suppress(psycopg.errors.InsufficientPrivilege):
            await in_time(session, ending, QUICK_SECONDS)


async def _beside(session: AsyncSession, statements: LiteralString, failed: str) -> None:
    """Run what is not worth a failure of the loop; log why it failed."""
    try:
        await in_time(session, last_row(session, statements), QUICK_SECONDS)
    except psycopg.Error as error:
        if session.closed:
            raise
        log.warning("%s: %s", failed, error.diag.message_primary or error)


def _tell(row: dict[str, Any], durations: deque[float]) -> None:
    """Log a refresh, and after every ten refreshes how long they took."""
    durations.append(float(row["duration_ms"]))
    log.info(
        "refreshed in %.0f ms (%s): %d active now, %d in the last hour, %d in 24 hours, "
        "%d vessels, %d positions in the last hour, %s kn",
        durations[-1],
        row["mode"],
        *(row[name] for name in ("active_now", "active_last_hour", "active_last_24h")),
        *(row[name] for name in ("total_vessels", "positions_last_hour", "speed_avg")),
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
