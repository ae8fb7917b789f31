"""GET /api/database/vessel-stats-cached: the nine keys, from memory."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vessel_activity.web.answer import end, json_response, start
from vessel_activity.web.content import accepts_gzip

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from vessel_activity.web.answer import Answer, Message
    from vessel_activity.web.listener import Listener
    from vessel_activity.web.requests import Counts

PATH = "/api/database/vessel-stats-cached"
FAILED = {"error": "Failed to fetch vessel stats"}
EMPTY = end(b"")


def endpoint(listener: Listener, counts: Counts) -> ASGIApp:
    """Return the ASGI application for GET and HEAD: 200, 304, or 500. It makes no query."""

    async def stats(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
        answer, age = listener.confirmed, 0
        if answer is None:
            answer, age = await _without_confirmation(listener)
            if answer is None:
                counts[500] += 1
                await _send_error(scope, send)
                return
        begin, body = answer.plain
        for name, value in scope["headers"]:
            if name == b"if-none-match" and answer.content.matches(value):
                if age:
                    continue
                begin, body = answer.not_modified
                break
            if name == b"accept-encoding" and accepts_gzip(value):
                begin, body = answer.gzipped
        counts[begin["status"]] += 1
        await send(unconfirmed(begin, age) if age else begin)
        await send(body if scope["method"] == "GET" else EMPTY)

    return stats


async def _without_confirmation(listener: Listener) -> tuple[Answer | None, int]:
    """Return the answer that may be served without confirmation, and for how long it has had none.

    If no read has ended yet, the first one is awaited, for as long as the database may take.
    """
    if listener.failure is None:
        await listener.first_try()
    return listener.servable()


async def _send_error(scope: Scope, send: Send) -> None:
    begin, body = json_response(500, FAILED)
    await send(begin)
    await send(body if scope["method"] == "GET" else EMPTY)


def unconfirmed(begin: Message, age: int) -> Message:
    """Mark a response that the database could not confirm for `age` seconds.

    The mark is a header of its own, since every shared cache adds Age. No cache may keep the
    response: a later 304 would renew the headers that a browser has kept, and remove none.
    """
    seconds = str(age).encode()
    headers = [header for header in begin["headers"] if header[0] != b"cache-control"]
    marks = [
        (b"cache-control", b"no-store"),
        (b"x-vessel-activity-unconfirmed", seconds),
        (b"age", seconds),
    ]
    return start(begin["status"], [*headers, *marks])
