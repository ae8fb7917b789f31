"""Delivers the events of alerts to the webhook.

The database keeps the events, and says which one is due (vessel_activity.claim_alert). A claim
lasts a minute, so several servers never deliver the same event at a time. The database also decides
when to try again, so a restart changes nothing. If a server ends between the answer of the receiver
and its own note of it, the event is delivered again. Its id is the same then.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import psycopg

from vessel_activity.database.errors import in_one_line
from vessel_activity.web.webhook import DeliveryError

if TYPE_CHECKING:
    from vessel_activity.web.asking import Asking
    from vessel_activity.web.webhook import Webhook

log = logging.getLogger("vessel_activity.alerts")

_CLAIM = "select alert_id, event, attempt, key::text, body from vessel_activity.claim_alert()"
_SETTLE = "select vessel_activity.settle_alert(%s, %s, %s, %s, %s)"
# How often a note is tried, if the database is away at that moment.
_NOTES = 3
_NOTE_SECONDS = 2.0


class Deliveries:
    """Delivers one event after the other, as long as some are due."""

    def __init__(self, asking: Asking, webhook: Webhook) -> None:
        self._asking = asking
        self._webhook = webhook
        self._due = asyncio.Event()
        self._trouble: str | None = None

    def look(self) -> None:
        """Take note that an event is due."""
        self._due.set()

    async def run(self) -> None:
        """Deliver until cancelled. Never raises for what the database or the receiver does."""
        while True:
            await self._due.wait()
            self._due.clear()
            try:
                while await self._deliver_next():
                    pass
            except (psycopg.Error, OSError, TimeoutError) as error:
                self._tell(f"the database can't be asked: {in_one_line(error)}")

    async def _deliver_next(self) -> bool:
        """Deliver the next event; tell whether there was one."""
        claim = await self._asking.ask(_CLAIM)
        if claim["alert_id"] is None:
            return False
        # A server that stops lets a delivery end, and notes what became of it.
        delivery = asyncio.ensure_future(self._deliver(**claim))
        try:
            await asyncio.shield(delivery)
        except asyncio.CancelledError:
            await asyncio.wait({delivery}, timeout=3)
            raise
        return True

    async def _deliver(self, alert_id: int, event: str, attempt: int, key: str, body: str) -> None:
        error, retry_after = None, 0.0
        try:
            await self._webhook.post(body, key)
        except DeliveryError as failure:
            error, retry_after = str(failure), failure.retry_after
        self._tell(error)
        if error is None:
            log.info("delivered that alert %d was %s", alert_id, event)
        settled = (alert_id, event, attempt, error, retry_after)
        for left in reversed(range(_NOTES)):
            try:
                await self._asking.ask(_SETTLE, settled)
            except (psycopg.Error, OSError, TimeoutError):
                if not left:
                    raise
                await asyncio.sleep(_NOTE_SECONDS)
            else:
                return

    def _tell(self, trouble: str | None) -> None:
        """Log why alerts can't be delivered, once, and that they can be again."""
        if trouble is not None and trouble != self._trouble:
            log.error("alerts can't be delivered: %s; trying again", trouble)
        elif trouble is None and self._trouble is not None:
            log.info("alerts are delivered again")
        self._trouble = trouble
