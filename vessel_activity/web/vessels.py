"""GET /api/database/vessel-activity/vessels: the vessels behind a number, as JSON or CSV.

The database sorts and pages the list. It is bounded on every side: 200 rows an answer, a limit of
time for the statement, one statement at a time, and few that wait. The same list is shared for some
seconds, so that a crowd that looks at one number costs one query.
"""

from __future__ import annotations

import asyncio
import csv
import io
import json
import logging
import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import psycopg
from starlette.responses import JSONResponse, Response

from vessel_activity.database.errors import in_one_line
from vessel_activity.web.content import Content

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from vessel_activity.web.asking import Asking

log = logging.getLogger("vessel_activity.vessels")

PATH = "/api/database/vessel-activity/vessels"
SHARE_SECONDS = 3.0
STATEMENT_SECONDS = 2.0
MOST_WAITING = 8
MOST_ROWS = 200
FAILED = {"error": "Failed to fetch vessels"}
BUSY = {"error": "Too many lists are asked for"}
_WORDS = {
    "window": ("now", "1h", "24h"),
    "state": ("any", "underWay", "stopped", "unknown", "new", "silent"),
    "sort": ("lastHeard", "name", "mmsi", "speed"),
    "order": ("asc", "desc"),
}
_FIRST_ORDER = {"lastHeard": "desc", "speed": "desc", "name": "asc", "mmsi": "asc"}
_QUERY = "select vessel_activity.vessels_json(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) as text"
COLUMNS = ("mmsi", "name", "type", "flag", "lastHeard", "speed", "latitude", "longitude")
_NEVER_KEPT = {"cache-control": "no-store"}
_LONGEST = 200
_EAST, _NORTH = 180, 90
_KEY_LENGTHS = {2, 3}
_BOX = re.compile(r"(-?[0-9]{1,3}(\.[0-9]{1,12})?,){3}-?[0-9]{1,3}(\.[0-9]{1,12})?")
Asked = tuple[Any, ...]


class BadRequestError(ValueError):
    """A parameter is not one of those that the description allows; the message says which.

    status: 404 if it names a page that can't exist, else 400.
    """

    status = 400


@dataclass(frozen=True, slots=True)
class _Kept:
    text: str
    read_at: float


class Vessels:
    """The list of one database.

    Args:
        asking: asks the database.

    """

    def __init__(self, asking: Asking) -> None:
        self._asking = asking
        self._kept: dict[Asked, _Kept] = {}
        self._reading: dict[Asked, asyncio.Task[str | None]] = {}

    async def __call__(self, request: Request) -> Response:
        """Answer one request: 200, 304, 400, 404, 500, or 503 if too many are asked for."""
        try:
            asked = asked_for(request.query_params)
        except BadRequestError as error:
            return JSONResponse({"error": str(error)}, error.status, headers=_NEVER_KEPT)
        kept = self._kept.get(asked)
        if kept is None or time.monotonic() - kept.read_at > SHARE_SECONDS:
            if asked not in self._reading:
                if len(self._reading) >= MOST_WAITING:
                    headers = {**_NEVER_KEPT, "retry-after": "1"}
                    return JSONResponse(BUSY, 503, headers=headers)
                self._reading[asked] = asyncio.create_task(self._read(asked))
                self._reading[asked].add_done_callback(lambda _: self._reading.pop(asked))
            text = await asyncio.shield(self._reading[asked])
        else:
            text = kept.text
        if text is None:
            return JSONResponse(FAILED, 500, headers=_NEVER_KEPT)
        if not text:
            missing = {"error": f"there is no area {request.query_params['area']}"}
            return JSONResponse(missing, 404, headers=_NEVER_KEPT)
        headers = {"cache-control": "private, no-cache"}
        if request.url.path.endswith(".csv"):
            headers["content-disposition"] = 'attachment; filename="vessels.csv"'
            kind = "text/csv; charset=utf-8; header=present"
            return Content.of(as_csv(text).encode(), level=1).respond(request, kind, headers)
        return Content.of(text.encode(), level=1).respond(request, "application/json", headers)

    async def _read(self, asked: Asked) -> str | None:
        """Read a list and keep it.

        Returns the text; "" if there is no such area; None if reading failed, which the log
        explains.
        """
        # psycopg writes a list as an array, and a tuple as a row.
        values = [list(value) if isinstance(value, tuple) else value for value in asked]
        try:
            row = await self._asking.ask(_QUERY, values, statement_seconds=STATEMENT_SECONDS)
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.error("the vessels can't be read: %s", in_one_line(error))  # noqa: TRY400
            return None
        now = time.monotonic()
        self._kept = {
            key: kept for key, kept in self._kept.items() if now - kept.read_at < SHARE_SECONDS
        }
        text = str(row["text"] or "")
        self._kept[asked] = _Kept(text, now)
        return text


def asked_for(query: Mapping[str, str]) -> Asked:
    """Return the arguments of vessels_json() for the query of a request.

    Raises:
        BadRequestError: a parameter has a value that is not allowed.

    """
    sort = _word(query, "sort", "lastHeard")
    limit = query.get("limit", "50")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit[:6]) <= MOST_ROWS):
        raise BadRequestError(f"limit must be a whole number from 1 to {MOST_ROWS}")
    return (
        _text(query, "type"),
        _text(query, "flag"),
        _word(query, "window", "now"),
        _word(query, "state", "any"),
        _box(query.get("box")),
        _text(query, "area"),
        sort,
        _word(query, "order", _FIRST_ORDER[sort]),
        _key(query.get("after"), sort),
        int(limit),
    )


def _word(query: Mapping[str, str], name: str, default: str) -> str:
    word = query.get(name, default)
    if word not in _WORDS[name]:
        raise BadRequestError(f"{name} must be one of {', '.join(_WORDS[name])}")
    return word


def _text(query: Mapping[str, str], name: str) -> str | None:
    text = query.get(name)
    if text is not None and len(text) > _LONGEST:
        raise BadRequestError(f"{name} must be a name of at most {_LONGEST} characters")
    # PostgreSQL knows no NUL. So no name has one, and the list is empty.
    return text.replace("\0", "\ufffd") if text else text


def _box(text: str | None) -> tuple[float, ...] | None:
    """Return west, south, east and north. West may be greater: the box crosses 180 degrees."""
    if text is None:
        return None
    parts = text.split(",") if _BOX.fullmatch(text) else []
    degrees = tuple(float(part) for part in parts)
    most = (_EAST, _NORTH, _EAST, _NORTH)
    if not degrees or any(abs(d) > m for d, m in zip(degrees, most, strict=True)):
        raise BadRequestError("box must be west,south,east,north in degrees")
    return degrees


def _key(text: str | None, sort: str) -> tuple[str, ...] | None:
    """Return the key of the last row before the page, as an answer gave it in next.

    It has the value and the vessel; on a combining database also the member.
    """
    if text is None:
        return None
    key = _read_key(text[: 4 * _LONGEST])
    try:
        if sort == "speed":
            float(key[0])
        if sort == "lastHeard":
            datetime.fromisoformat(key[0])
    except (ValueError, IndexError):
        key = ()
    if len(key) not in _KEY_LENGTHS:
        error = BadRequestError("after must be next of the answer before, with the same sort")
        error.status = 404
        raise error
    return key


def _read_key(text: str) -> tuple[str, ...]:
    """Return the strings of a JSON array; () if it is no such array."""
    try:
        key = json.loads(text)
        # Neither can be sent to the database: NUL, and half a character.
        if all(
            isinstance(part, str) and part.encode() is not None and "\0" not in part for part in key
        ):
            return tuple(key)
    except (ValueError, TypeError, RecursionError):
        pass
    return ()


def as_csv(text: str) -> str:
    """Return a list as CSV.

    A name comes from whoever sends it. A spreadsheet would take one that begins with = for a
    formula, so an apostrophe is put before it.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for vessel in json.loads(text)["vessels"]:
        writer.writerow(_harmless(vessel[column]) for column in COLUMNS)
    return out.getvalue()


def _harmless(value: object) -> object:
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t\r") else value
