"""GET /api/database/vessel-activity: the document of what is moving, from memory.

The database puts the document together. The listener reads it when it has changed. A request makes
no query, and follows the rules of the figures while the database is away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vessel_activity.web.answer import json_response
from vessel_activity.web.content import accepts_gzip
from vessel_activity.web.stats import EMPTY, unconfirmed

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from vessel_activity.web.answer import Response
    from vessel_activity.web.document import Document
    from vessel_activity.web.listener import Listener
    from vessel_activity.web.requests import Counts

PATH = "/api/database/vessel-activity"
FAILED = {"error": "Failed to fetch vessel activity"}
NOT_YET = {"error": "There is no vessel activity document yet: the next refresh makes it"}
RETRY_SECONDS = 5


def endpoint(listener: Listener, counts: Counts) -> ASGIApp:
    """Return the ASGI application for GET and HEAD: 200, 304, 500, or 503. It makes no query."""

    async def activity(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
        if listener.answer is None and listener.failure is None:
            await listener.first_try()
        answer, age = listener.servable()
        document = listener.document
        if answer is None:
            begin, body = json_response(500, FAILED)
        elif document is None:
            retry = (b"retry-after", b"%d" % RETRY_SECONDS)
            begin, body = json_response(503, NOT_YET, retry)
        else:
            begin, body = _chosen(document, scope, is_confirmed=not age)
            begin = unconfirmed(begin, age) if age else begin
        counts[begin["status"]] += 1
        await send(begin)
        await send(body if scope["method"] == "GET" else EMPTY)

    return activity


def _chosen(document: Document, scope: Scope, *, is_confirmed: bool) -> Response:
    """Choose the response that fits the headers of the request."""
    response = document.plain
    for name, value in scope["headers"]:
        if name == b"if-none-match" and is_confirmed and document.content.matches(value):
            return document.not_modified
        if name == b"accept-encoding" and accepts_gzip(value):
            response = document.gzipped
    return response
