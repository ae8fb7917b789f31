"""The way from a path to its endpoint: redirects, and the API's way around the router."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import RedirectResponse

from vessel_activity.web.cors import Cors

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send


def leading_to(target: str) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that redirects; a relative target works behind a path prefix."""

    async def redirect(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(target + query, headers={"cache-control": "no-store"})

    return redirect


def shortcuts(api: Mapping[str, ASGIApp], rest: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    """Hand GET and HEAD for the API to its endpoints before any routing, all else to the rest.

    Routing costs more than the answer itself. For the same reason this is a plain function that
    returns the endpoint's own coroutine. Pages of `origins` may read all answers under the API's
    paths, errors too.
    """
    beside = rest
    if origins:
        api = {path: Cors(app, origins) for path, app in api.items()}
        beside = Cors(rest, origins)

    def app(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        path = scope.get("path", "")
        if path in api and scope["method"] in ("GET", "HEAD"):
            return api[path](scope, receive, send)
        return (beside if path.startswith("/api/") or path in api else rest)(scope, receive, send)

    return app
