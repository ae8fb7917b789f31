"""The web server: one cached row from memory, its dashboard, its health.

    /api/database/vessel-stats-cached   the nine keys                 stats.py
    /api/database/vessel-stats-stream   the same, pushed              stream.py
    /api/database/vessel-stats-history  the past, JSON or CSV         history.py
    /openapi.json                       what the above answer         openapi.json
    /dashboard/vessels, /dashboard/*    the static dashboard          pages.py
    /healthz, /readyz                   process; freshness            health.py
    /metrics                            for Prometheus                metrics.py

A task in the background keeps the newest answer in memory (listener.py), another refreshes when
nobody else does (refresh_loop.py); requests make no query. Run with `make run`.
"""

from __future__ import annotations

import asyncio
import logging
import resource
import signal
import socket
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NoReturn

import psycopg
import uvicorn
from starlette.applications import Starlette
from starlette.responses import RedirectResponse
from starlette.routing import Route, request_response

import history
import refresh_loop
import stats
import stream
from cors import Cors
from database import attached, fail
from health import Health
from history import History
from listener import Listener
from local_server import LocalServerError
from metrics import Metrics, Requests
from pages import Dashboard, Description
from settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

log = logging.getLogger("vessel_activity.server")

GRACE_SECONDS = 5
# Enough for any answer of ours; more would only hide a client that doesn't read.
SEND_BUFFER_BYTES = 65_536
# Connections that wait to be accepted: browsers that all come back after a restart.
BACKLOG = 2048


class Application:
    """The ASGI application and the pieces that the process around it needs."""

    def __init__(self, settings: Settings, conninfo: str) -> None:
        self._conninfo = conninfo
        self._fallback = settings.fallback
        self._listener = Listener(
            conninfo,
            stale_answer_seconds=settings.stale_answer_seconds,
            read_timeout_seconds=settings.answer_timeout_seconds,
            on_change=self._publish,
        )
        requests = Requests()
        self.stream = stream.Stream(
            self._listener, limit=settings.max_streams, counts=requests.by_endpoint["stream"]
        )
        past = History(
            conninfo,
            self._listener,
            timeout_seconds=settings.answer_timeout_seconds,
            stale_seconds=settings.stale_answer_seconds,
        )
        api: dict[str, ASGIApp] = {
            stats.PATH: stats.endpoint(self._listener, requests.by_endpoint["stats"]),
            stream.PATH: self.stream,
            history.PATH: requests.counted(request_response(past), "history"),
            history.PATH + ".csv": requests.counted(request_response(past), "history"),
            "/openapi.json": requests.counted(request_response(Description()), "openapi"),
        }
        dashboard = Dashboard(self._listener, settings.embed_origins)
        health = Health(self._listener)
        metrics = Metrics(conninfo, self._listener, self.stream, requests)
        routes = [
            Route("/", leading_to("dashboard/vessels")),
            *(Route(path, app, methods=["GET", "HEAD"]) for path, app in api.items()),
            Route("/dashboard", leading_to("dashboard/vessels")),
            Route("/dashboard/", leading_to("vessels")),
            Route("/dashboard/vessels", dashboard.page),
            Route("/dashboard/{name:path}", dashboard.file),
            Route("/healthz", health.healthz),
            Route("/readyz", health.readyz),
            Route("/metrics", metrics.page),
        ]
        site = Starlette(routes=routes, lifespan=self._lifespan)
        # Its redirects to a path with or without a slash name a host and a scheme, which a proxy
        # may have changed.
        site.router.redirect_slashes = False
        self.asgi = shortcuts(api, requests.counted(site, "other"), settings.cors_origins)
        self.broken = False

    def _publish(self) -> None:
        self.stream.publish()

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        work = {"listener": self._listener.run(), "heartbeat": self.stream.run()}
        if self._fallback:
            work["refresh loop"] = refresh_loop.run(self._conninfo)
        tasks = [asyncio.create_task(task, name=name) for name, task in work.items()]
        for task in tasks:
            task.add_done_callback(self._ended)
        yield
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        """Note a task that ended by itself: without it the server would serve old numbers."""
        if not task.cancelled():
            log.critical("stopping: the %s broke", task.get_name(), exc_info=task.exception())
            self.broken = True


class Server(uvicorn.Server):
    """uvicorn's server, which stops when the application has broken, its streams first."""

    def __init__(self, config: uvicorn.Config, application: Application) -> None:
        super().__init__(config)
        self._application = application

    async def on_tick(self, counter: int) -> bool:
        """Tell, ten times a second, whether to stop: asked to, or because a task has broken."""
        return await super().on_tick(counter) or self._application.broken

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop taking connections, end the streams, finish the requests, stop the tasks."""
        self._application.stream.close()
        await super().shutdown(sockets)


def leading_to(target: str) -> Callable[[Request], Awaitable[Response]]:
    """Return an endpoint that redirects; a relative target works behind a path prefix."""

    async def redirect(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(target + query, headers={"cache-control": "no-store"})

    return redirect


def shortcuts(api: Mapping[str, ASGIApp], rest: ASGIApp, origins: tuple[str, ...]) -> ASGIApp:
    """Hand GET and HEAD for the API to its endpoints before any routing, all else to the rest.

    What is said under the API's paths may be read by pages of `origins`, errors too. Middleware
    and routing cost more than the answer itself. A plain function, which hands on the endpoint's
    own coroutine: one more around it would be felt.
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


def bind(host: str, port: int) -> socket.socket:
    """Open the listening socket, which takes connections from now on; port 0: any free one.

    Raises:
        OSError: the address is taken or not ours.

    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listening.bind((host, port))
    listening.listen(BACKLOG)
    return listening


def serve(settings: Settings, conninfo: str) -> None:
    """Serve until SIGTERM or SIGINT.

    Raises:
        OSError: the address can't be listened on.
        SystemExit: a part of the server broke; the log has the reason. Whoever supervises the
            process starts it again.

    """
    _allow_connections(settings.max_streams)
    listening = bind(settings.host, settings.port)
    application = Application(settings, conninfo)
    config = uvicorn.Config(
        application.asgi,
        interface="asgi3",
        loop="uvloop",
        http="httptools",
        ws="none",
        access_log=False,
        server_header=False,
        # On every answer, errors and redirects too.
        headers=[("x-content-type-options", "nosniff")],
        proxy_headers=False,
        log_config=None,
        backlog=BACKLOG,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    log.info("dashboard: http://%s:%d/dashboard/vessels", host, listening.getsockname()[1])
    Server(config, application).run([listening])
    if application.broken:
        raise SystemExit(1)


def _allow_connections(streams: int) -> None:
    """Raise the process's limit of open files, as far as it may, for that many streams."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = streams + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def _stop(*_: object) -> NoReturn:
    # uvicorn hands the signal on once it has stopped; the embedded database must stop too.
    raise SystemExit(0)


def main() -> None:
    """Serve the database that the environment names; exit code 2 when that can't begin."""
    logging.basicConfig(
        level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    try:
        settings = Settings.from_env()
        with attached(settings) as conninfo:
            serve(settings, conninfo)
    except (SettingsError, LocalServerError, psycopg.Error) as error:
        fail(error)
    except OSError as error:
        fail(SettingsError(f"can't listen ({error.strerror}); choose HOST and PORT"))


if __name__ == "__main__":
    main()
