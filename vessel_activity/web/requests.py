"""Counts the answers by endpoint and status, for /metrics."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Not prometheus_client's Counter, which takes several times as long to add one.
Counts = defaultdict[int, int]
"""Answers of one endpoint by status."""


class Requests:
    """The counts of all endpoints."""

    def __init__(self) -> None:
        self.by_endpoint: defaultdict[str, Counts] = defaultdict(lambda: defaultdict(int))

    def of(self, endpoint: str) -> Counts:
        """Return the counts of an endpoint that counts its answers itself."""
        return self.by_endpoint[endpoint]

    def counted(self, app: ASGIApp, endpoint: str) -> ASGIApp:
        """Return the application with its answers counted as those of an endpoint."""
        counts = self.of(endpoint)

        async def counting(scope: Scope, receive: Receive, send: Send) -> None:
            async def watch(message: Message) -> None:
                if message["type"] == "http.response.start":
                    counts[message["status"]] += 1
                await send(message)

            await app(scope, receive, watch if scope["type"] == "http" else send)

        return counting
