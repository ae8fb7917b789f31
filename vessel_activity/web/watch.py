"""Lets the database evaluate the rules of alerts every few seconds.

Refreshes evaluate them too. But a refresh that does not run can't raise an alert that says so.
"""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING

import psycopg

from vessel_activity.database.connections import last_row
from vessel_activity.database.errors import in_one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from vessel_activity.database.connections import AsyncSession

log = logging.getLogger("vessel_activity.alerts")

# The listener reads the row every five seconds at least, and after each refresh.
TEND_SECONDS = 4.0
_TEND = """
  set transaction isolation level read committed;
  set local statement_timeout = {limit}; set local lock_timeout = {limit};
  select must_announce, must_deliver from vessel_activity.tend_alerts()
"""
_ANNOUNCE = """
  set transaction isolation level read committed;
  set local statement_timeout = {limit}; set local lock_timeout = {limit};
  select vessel_activity.announce()
"""


class Watch:
    """Tends the alerts of one database over the connection of the listener.

    Args:
        limit_ms: how long the database may take.

    Attributes:
        on_due: called when an event of an alert is due for delivery; None if this server delivers
            none.

    """

    def __init__(self, *, limit_ms: int) -> None:
        self.on_due: Callable[[], None] | None = None
        self._limit_ms = limit_ms
        self._tended_at = -TEND_SECONDS
        self._trouble: str | None = None

    def hint(self) -> None:
        """Take note that an alert was raised or cleared: the next call of tend is not put off."""
        self._tended_at = -TEND_SECONDS

    async def tend(self, connection: AsyncSession) -> None:
        """Let the rules be evaluated, if that is due. The figures must not depend on it."""
        if time.monotonic() - self._tended_at < TEND_SECONDS:
            return
        self._tended_at = time.monotonic()
        try:
            row = await last_row(connection, _TEND.format(limit=self._limit_ms))
            if row["must_announce"]:
                await last_row(connection, _ANNOUNCE.format(limit=self._limit_ms))
        except psycopg.Error as error:
            if connection.closed:
                raise
            self._tell(in_one_line(error))
            return
        self._tell(None)
        if row["must_deliver"] and self.on_due is not None:
            self.on_due()

    def _tell(self, trouble: str | None) -> None:
        """Log what keeps the rules from being evaluated, once.

        A server without a webhook may do without the right to evaluate them.
        """
        if trouble is not None and trouble != self._trouble:
            level = logging.INFO if self.on_due is None else logging.ERROR
            log.log(level, "this server does not watch for alerts between refreshes: %s", trouble)
        self._trouble = trouble
