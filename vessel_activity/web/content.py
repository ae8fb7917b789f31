"""A body that is served many times: compressed and hashed once, then sent, or answered with 304."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request


@dataclass(frozen=True, slots=True)
class Content:
    """A body with its gzip and its ETag.

    Attributes:
        body: the bytes as they are.
        packed: the same, gzipped.
        opaque: the quoted part of the ETag.
        etag: the ETag as it is sent. It is weak, because body and packed share it.

    """

    body: bytes
    packed: bytes
    opaque: bytes
    etag: bytes

    @classmethod
    def of(cls, body: bytes, *, level: int = 9) -> Content:
        """Compress and hash a body; level: of the gzip, 1 (fast) to 9 (small)."""
        opaque = b'"' + hashlib.blake2s(body, digest_size=8).hexdigest().encode() + b'"'
        return cls(body, gzip.compress(body, level, mtime=0), opaque, b"W/" + opaque)

    def matches(self, if_none_match: bytes) -> bool:
        """Tell whether a request's If-None-Match names this content."""
        return (
            if_none_match == self.etag  # the usual one, at once
            or self.opaque in if_none_match
            or if_none_match.strip() == b"*"
        )

    def respond(self, request: Request, media_type: str, headers: Mapping[str, str]) -> Response:
        """Answer a request: 304 if the client has the content, else the body or its gzip."""
        headers = {"vary": "accept-encoding", **headers, "etag": self.etag.decode()}
        if self.matches(request.headers.get("if-none-match", "").encode()):
            return Response(status_code=304, headers=headers)
        body = self.body
        if accepts_gzip(request.headers.get("accept-encoding", "").encode()):
            body, headers["content-encoding"] = self.packed, "gzip"
        return Response(body, media_type=media_type, headers=headers)


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
