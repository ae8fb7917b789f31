"""Where vessels are: GET /api/database/vessel-activity/grid and …/areas.

The database counts. The server shares each answer for some seconds, so that a crowd costs one query
for each part of the map.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse, Response

from vessel_activity.web.shared import CROWDED, CrowdedError, Shared

if TYPE_CHECKING:
    from starlette.datastructures import QueryParams
    from starlette.requests import Request

    from vessel_activity.web.asking import Asking
    from vessel_activity.web.listener import Listener
    from vessel_activity.web.shared import Kept

GRID = "/api/database/vessel-activity/grid"
AREAS = "/api/database/vessel-activity/areas"
DEGREES = ("1", "0.5", "0.25", "0.1", "0.05")
WINDOWS = ("now", "1h", "24h")
KEEP_SECONDS = 5.0
EDGES = 4
FAILED = {"error": "Failed to fetch where vessels are"}
Query = tuple[str, tuple[float, ...] | None, str]


class Places:
    """The endpoints for the map of one database."""

    def __init__(self, asking: Asking, listener: Listener, *, stale_seconds: float) -> None:
        self._shared, self._areas = (
            Shared(asking, listener, keep_seconds=KEEP_SECONDS, stale_seconds=stale_seconds)
            for _ in ("the grid", "the areas")
        )

    async def grid(self, request: Request) -> Response:
        """Answer with the vessels by cells.

        200 or 304; 400 for a query that is none; 503 if many clients ask for different parts of the
        map at the same time; 500 if the read failed.
        """
        try:
            degrees, box, window = key = query_of(request.query_params)
        except ValueError as error:
            return JSONResponse({"error": str(error)}, 400, headers={"cache-control": "no-store"})
        try:
            kept = await self._shared.read(
                key,
                "select vessel_activity.grid_json(%s::numeric, %s::float8[], %s) as text",
                [degrees, list(box) if box else None, window],
            )
        except CrowdedError:
            headers = {"cache-control": "no-store", "retry-after": "1"}
            return JSONResponse(CROWDED, 503, headers=headers)
        return _answer(request, kept)

    async def areas(self, request: Request) -> Response:
        """Answer with every area: 200, 304, 500."""
        query = "select vessel_activity.areas_json() as text"
        return _answer(request, await self._areas.read("areas", query))


def query_of(parameters: QueryParams) -> Query:
    """Read degrees, box and window.

    Raises:
        ValueError: one of them is none; the message says which values there are.

    """
    degrees = parameters.get("degrees", "1")
    if degrees not in DEGREES:
        raise ValueError(f"degrees must be one of {', '.join(DEGREES)}")
    window = parameters.get("window", "now")
    if window not in WINDOWS:
        raise ValueError(f"window must be one of {', '.join(WINDOWS)}")
    return degrees, box_of(parameters["box"]) if "box" in parameters else None, window


def box_of(text: str) -> tuple[float, ...]:
    """Read a box: west, south, east and north in degrees.

    Raises:
        ValueError: it is none.

    """
    try:
        box = tuple(float(edge) for edge in text.split(","))
    except ValueError:
        box = ()
    if (
        len(box) != EDGES
        or not all(math.isfinite(edge) for edge in box)
        or any(abs(edge) > limit for edge, limit in zip(box, (180, 90, 180, 90), strict=True))
        or box[1] > box[3]
    ):
        raise ValueError("box must be west,south,east,north in degrees, such as 3,51,5,53")
    return box


def _answer(request: Request, kept: Kept | None) -> Response:
    if kept is None or not kept.content.body:
        return JSONResponse(FAILED, 500, headers={"cache-control": "no-store"})
    headers = {
        "cache-control": f"public, max-age=0, s-maxage={KEEP_SECONDS:.0f}, must-revalidate",
        "vary": "accept-encoding",
        "age": str(int(time.monotonic() - kept.read_at)),
    }
    return kept.content.respond(request, "application/json", headers)
