"""GET /api/database/vessel-activity/history: active vessels by type, hour by hour."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import TYPE_CHECKING

import psycopg
from starlette.responses import JSONResponse, Response

from vessel_activity.database.errors import in_one_line
from vessel_activity.web.content import Content

if TYPE_CHECKING:
    from starlette.requests import Request

    from vessel_activity.web.asking import Asking

log = logging.getLogger("vessel_activity.type_history")

PATH = "/api/database/vessel-activity/history"
RANGES = ("24h", "7d", "30d")
# A sample comes once an hour.
KEEP_SECONDS = 30.0
FAILED = {"error": "Failed to fetch vessel activity history"}
_NEVER_KEPT = {"cache-control": "no-store"}


class TypeHistory:
    """The endpoint of one database. Requests that come at the same time share one read.

    Args:
        asking: asks the database.

    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._kept: dict[str, tuple[Content, float]] = {}
        self._turn = asyncio.Lock()

    async def __call__(self, request: Request) -> Response:
        """Answer one request: 200, 304, 400 for an unknown range, 500 if the read failed."""
        span = request.query_params.get("range", "24h")
        if span not in RANGES:
            error = {"error": f"range must be one of {', '.join(RANGES)}"}
            return JSONResponse(error, 400, headers=_NEVER_KEPT)
        async with self._turn:
            content, read_at = self._kept.get(span, (None, 0.0))
            if content is None or time.monotonic() - read_at > KEEP_SECONDS:
                content = await self._read(span)
        if content is None:
            return JSONResponse(FAILED, 500, headers=_NEVER_KEPT)
        headers = {"cache-control": "public, max-age=0, s-maxage=10, must-revalidate"}
        return content.respond(request, "application/json", headers)

    async def _read(self, span: str) -> Content | None:
        """Read a range and keep it; None if that failed, which the log explains."""
        try:
            row = await self._asking.ask(
                "select vessel_activity.types_json(%s) as text", [span], statement_seconds=2
            )
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.error("the history of types can't be read: %s", in_one_line(error))  # noqa: TRY400
            return None
        content = Content.of(str(row["text"]).encode(), level=6)
        self._kept[span] = (content, time.monotonic())
        return content
