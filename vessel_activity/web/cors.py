"""Lets the pages of other web origins read the API, if a setting names these origins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vessel_activity.web.answer import adding, end, start

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from vessel_activity.web.answer import Header

_EXPOSED = (
    b"age, date, etag, server-timing, x-vessel-activity-feed, x-vessel-activity-row,"
    b" x-vessel-activity-source, x-vessel-activity-unconfirmed"
)
_OPTIONS: list[Header] = [(b"allow", b"GET, HEAD, OPTIONS")]
_PREFLIGHT: list[Header] = [
    *_OPTIONS,
    (b"access-control-allow-methods", b"GET, HEAD"),
    (b"access-control-allow-headers", b"accept, cache-control, if-none-match, last-event-id"),
    (b"access-control-max-age", b"86400"),
]


class Cors:
    """Wraps an application: pages of `origins` may read its answers; ("*",) means all pages."""

    def __init__(self, app: ASGIApp, origins: tuple[str, ...]) -> None:
        self._app = app
        self._anyone = origins == ("*",)
        self._origins = {origin.encode() for origin in origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer OPTIONS; pass every other request on, and add headers to its answer."""
        headers = dict(scope["headers"])
        added = self._headers(headers.get(b"origin", b""))
        if scope["method"] == "OPTIONS":
            preflight = b"access-control-request-method" in headers
            await send(start(204, [*added, *(_PREFLIGHT if preflight else _OPTIONS)]))
            await send(end(b""))
            return
        await self._app(scope, receive, adding(added, send))

    def _headers(self, origin: bytes) -> list[Header]:
        if self._anyone:
            return _allow(b"*")
        # Sent without an allowed origin too: a shared cache must not give that answer to others.
        vary = (b"vary", b"origin")
        return [*_allow(origin), vary] if origin in self._origins else [vary]


def _allow(origin: bytes) -> list[Header]:
    return [
        (b"access-control-allow-origin", origin),
        (b"access-control-expose-headers", _EXPOSED),
        (b"timing-allow-origin", origin),
    ]
