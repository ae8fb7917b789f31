"""GET /api/database/vessel-activity/areas/history: the figures of one area, hour by hour."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from vessel_activity.web.shared import CROWDED, CrowdedError, Shared

if TYPE_CHECKING:
    from starlette.requests import Request

    from vessel_activity.web.asking import Asking
    from vessel_activity.web.listener import Listener

PATH = "/api/database/vessel-activity/areas/history"
RANGES = ("24h", "7d", "30d")
# The longest name that an area may have.
LONGEST = 100
# A sample comes once an hour.
KEEP_SECONDS = 30.0
NO_RANGE = {"error": f"range must be one of {', '.join(RANGES)}"}
NO_NAME = {"error": "area must name an area"}
FAILED = {"error": "Failed to fetch the history of the area"}
_NEVER_KEPT = {"cache-control": "no-store"}


class AreaHistory:
    """The endpoint of one database. Requests for one area that come at the same time share a read.

    Args:
        asking: asks the database.
        listener: knows whether the database can be read.
        stale_seconds: how long the last answer serves while the database can't be read.

    """

    def __init__(self, asking: Asking, listener: Listener, *, stale_seconds: float) -> None:
        self._shared = Shared(
            asking, listener, keep_seconds=KEEP_SECONDS, stale_seconds=stale_seconds
        )

    async def __call__(self, request: Request) -> Response:
        """Answer one request.

        200 or 304; 400 without a name or for an unknown range; 404 for an unknown area; 503 if
        many clients ask for different areas at the same time; 500 if the read failed.
        """
        span = request.query_params.get("range", RANGES[0])
        area = request.query_params.get("area")
        if span not in RANGES or area is None:
            error = NO_NAME if span in RANGES else NO_RANGE
            return JSONResponse(error, 400, headers=_NEVER_KEPT)
        # PostgreSQL knows no NUL, so no area has one in its name.
        if len(area) > LONGEST or "\0" in area:
            return _unknown(area)
        query = "select vessel_activity.area_history_json(%s::text, %s::text) as text"
        try:
            kept = await self._shared.read((area, span), query, [area, span])
        except CrowdedError:
            return JSONResponse(CROWDED, 503, headers={**_NEVER_KEPT, "retry-after": "1"})
        if kept is None:
            return JSONResponse(FAILED, 500, headers=_NEVER_KEPT)
        if not kept.content.body:  # there is no such area
            return _unknown(area)
        headers = {
            "cache-control": "public, max-age=0, s-maxage=10, must-revalidate",
            "vary": "accept-encoding",
            "age": str(int(time.monotonic() - kept.read_at)),
        }
        return kept.content.respond(request, "application/json", headers)


def _unknown(area: str) -> Response:
    shown = area[:LONGEST] + "…" * (len(area) > LONGEST)
    return JSONResponse({"error": f"there is no area {shown!r}"}, 404, headers=_NEVER_KEPT)
