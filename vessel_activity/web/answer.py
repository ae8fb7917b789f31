"""One answer of the statistics endpoint, with everything a request needs made beforehand.

A request then only chooses between three ready messages (plain, gzip, not modified): nothing is
encoded, compressed or hashed while somebody waits.
"""

from __future__ import annotations

import gzip
import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

Header = tuple[bytes, bytes]
Message = dict[str, Any]
# The two ASGI messages of an answer: its start and its body.
Response = tuple[Message, Message]

# A browser asks again every time (and gets 304); a shared cache may answer everybody else for
# one second, so that a crowd costs one request a second and nobody sees older data than that.
SHARED_ONE_SECOND = b"max-age=0, s-maxage=1, must-revalidate"


@dataclass(frozen=True, slots=True)
class Reading:
    """What vessel_activity.serving() returned, and when (see sql/functions/operating/serving.sql).

    body: JSON text with the nine keys. updated_at: the instant the numbers are true for.
    age_seconds: how old that instant was by the database's clock when it was read.
    read_at: this process's monotonic clock at that moment, so that the age can be told later
    without trusting two wall clocks to agree.
    """

    body: str
    present: bool
    updated_at: datetime
    age_seconds: float
    interval_seconds: float
    refresh_ms: float | None
    simulated: bool
    read_at: float


@dataclass(frozen=True, slots=True)
class Answer:
    """A reading as bytes: the plain body, its gzip, its ETag (opaque, and as sent).

    plain, gzipped and not_modified are the three ready responses.
    """

    reading: Reading
    body: bytes
    packed: bytes
    etag: bytes
    tag: bytes
    plain: Response = field(repr=False)
    gzipped: Response = field(repr=False)
    not_modified: Response = field(repr=False)

    @classmethod
    def of(cls, reading: Reading) -> Answer:
        """Build the answer for a reading."""
        body = reading.body.encode()
        packed = gzip.compress(body, 9, mtime=0)
        etag = b'"' + hashlib.blake2s(body, digest_size=8).hexdigest().encode() + b'"'
        # Weak, because the gzip and the plain body share it.
        tag = b"W/" + etag
        common: list[Header] = [
            (b"etag", tag),
            (b"cache-control", SHARED_ONE_SECOND),
            (b"vary", b"accept-encoding"),
        ]
        content: list[Header] = [(b"content-type", b"application/json"), *common]
        if reading.refresh_ms is not None:
            timing = f"refresh;dur={reading.refresh_ms:.1f}"
            content.append((b"server-timing", timing.encode()))
        if reading.simulated:
            content.append((b"x-vessel-activity-source", b"simulated"))
        if not reading.present:
            content.append((b"x-vessel-activity-row", b"missing"))
        return cls(
            reading=reading,
            body=body,
            packed=packed,
            etag=etag,
            tag=tag,
            plain=(start(200, [*content, length(body)]), end(body)),
            gzipped=(
                start(200, [*content, (b"content-encoding", b"gzip"), length(packed)]),
                end(packed),
            ),
            not_modified=(start(304, common), end(b"")),
        )

    def matches(self, if_none_match: bytes) -> bool:
        """Tell whether a request's If-None-Match names this answer."""
        return self.etag in if_none_match or if_none_match.strip() == b"*"


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
    """Return start and body of a small JSON answer that nobody may keep."""
    body = json.dumps(value, separators=(",", ":")).encode()
    everything = [
        (b"content-type", b"application/json"),
        (b"cache-control", b"no-store"),
        length(body),
        *headers,
    ]
    return start(status, everything), end(body)


def accepts_gzip(header: bytes) -> bool:
    """Tell whether an Accept-Encoding header allows gzip."""
    for part in header.lower().split(b","):
        coding, _, weight = part.partition(b";")
        if coding.strip() in {b"gzip", b"*"}:
            return weight.strip().replace(b" ", b"") not in {
                b"q=0",
                b"q=0.0",
                b"q=0.00",
                b"q=0.000",
            }
    return False
