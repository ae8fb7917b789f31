"""One answer with the figures, with everything a request needs made beforehand.

A request then only chooses between three ready messages (plain, gzip, not modified). Nothing is
encoded, compressed or hashed while a client waits.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from vessel_activity.web.content import Content
from vessel_activity.web.feed_truth import header_of

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.types import Message as ASGIMessage
    from starlette.types import Send

    from vessel_activity.web.feed_truth import FeedTruth

Header = tuple[bytes, bytes]
Message = dict[str, Any]
Response = tuple[Message, Message]
"""The two ASGI messages of a response: its start and its body."""

# A browser asks again every time, and gets 304. A shared cache may answer all others for one
# second, so that a crowd costs one request a second and sees no older figures than that.
SHARED_ONE_SECOND = b"max-age=0, s-maxage=1, must-revalidate"


@dataclass(frozen=True, slots=True)
class Reading:
    """What vessel_activity.serving() returned, and when.

    Attributes:
        body: JSON text with the nine keys.
        present: whether there is a cached row; without one the figures are zeros.
        updated_at: the instant the figures are true for.
        age_seconds: how old that instant was by the database's clock when it was read.
        interval_seconds: time between two refreshes.
        refresh_ms: what the last refresh took, in milliseconds.
        simulated: whether the figures are of a simulated fleet.
        stale_after_seconds: the age at which the row counts as out of date. The database has the
            rule; the number can grow while a refresh runs.
        read_at: this process's monotonic clock at the reading. It gives the present age without
            two wall clocks that must agree.

    """

    body: str
    present: bool
    updated_at: datetime
    age_seconds: float
    interval_seconds: float
    refresh_ms: float | None
    simulated: bool
    stale_after_seconds: float
    read_at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A reading as the three ready responses."""

    reading: Reading
    content: Content
    plain: Response = field(repr=False)
    gzipped: Response = field(repr=False)
    not_modified: Response = field(repr=False)

    @property
    def body(self) -> bytes:
        """The JSON text with the nine keys."""
        return self.content.body

    @classmethod
    def of(cls, reading: Reading, feed: FeedTruth | None = None) -> Answer:
        """Build the answer for a reading, with what is known of the feed in its headers."""
        content = Content.of(reading.body.encode())
        common: list[Header] = [
            (b"etag", content.etag),
            (b"cache-control", SHARED_ONE_SECOND),
            (b"vary", b"accept-encoding"),
            (b"x-vessel-activity-stale-after", b"%.1f" % reading.stale_after_seconds),
            (b"x-vessel-activity-feed", header_of(feed, reading.body)),
        ]
        headers: list[Header] = [(b"content-type", b"application/json"), *common]
        if reading.refresh_ms is not None:
            timing = f"refresh;dur={reading.refresh_ms:.1f}"
            headers.append((b"server-timing", timing.encode()))
        if reading.simulated:
            headers.append((b"x-vessel-activity-source", b"simulated"))
        if not reading.present:
            headers.append((b"x-vessel-activity-row", b"missing"))
        gzip_headers = [*headers, (b"content-encoding", b"gzip"), length(content.packed)]
        return cls(
            reading=reading,
            content=content,
            plain=(start(200, [*headers, length(content.body)]), end(content.body)),
            gzipped=(start(200, gzip_headers), end(content.packed)),
            not_modified=(start(304, common), end(b"")),
        )


def start(status: int, headers: list[Header]) -> Message:
    """Return an ASGI response start."""
    return {"type": "http.response.start", "status": status, "headers": headers}


def end(body: bytes) -> Message:
    """Return an ASGI response body, the whole of it."""
    return {"type": "http.response.body", "body": body}


def length(body: bytes) -> Header:
    """Return the Content-Length header of a body."""
    return (b"content-length", str(len(body)).encode())


def json_response(status: int, value: object, *headers: Header) -> Response:
    """Return start and body of a small JSON answer that no cache may keep."""
    body = json.dumps(value, separators=(",", ":")).encode()
    everything = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        length(body),
        *headers,
    ]
    return start(status, everything), end(body)


def adding(headers: list[Header], send: Send) -> Send:
    """Return a send that adds headers to the answer. The stream can see through this partial."""
    return partial(_send, headers=headers, send=send)


async def _send(message: ASGIMessage, headers: list[Header], send: Send) -> None:
    if message["type"] == "http.response.start":
        message = {**message, "headers": [*message["headers"], *headers]}
    await send(message)
