"""The web application: one cached row from memory, its dashboard, its health.

Run it with `vessel-activity serve` or `python server.py`. Another ASGI server can serve `app`, such
as `uvicorn server:app`. Either way the environment names the database.

Two tasks run in the background: the listener keeps the newest answer in memory, and the refresh
loop refreshes when nobody else does. A request for the figures makes no query.
"""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.routing import Route, request_response

from vessel_activity import logs, refresh_loop, running
from vessel_activity.database.attached import attached
from vessel_activity.errors import VesselActivityError
from vessel_activity.settings import Settings
from vessel_activity.web import (
    activity,
    area_history,
    history,
    process,
    stats,
    stream,
    type_history,
    vessels,
)
from vessel_activity.web.alerts import Deliveries
from vessel_activity.web.answer import adding
from vessel_activity.web.area_history import AreaHistory
from vessel_activity.web.asking import Asking
from vessel_activity.web.health import Health
from vessel_activity.web.history import History
from vessel_activity.web.listener import Listener
from vessel_activity.web.metrics import Metrics
from vessel_activity.web.pages import Dashboard, Description
from vessel_activity.web.places import AREAS, GRID, Places
from vessel_activity.web.requests import Requests
from vessel_activity.web.routing import leading_to, shortcuts
from vessel_activity.web.stream import Stream
from vessel_activity.web.type_history import TypeHistory
from vessel_activity.web.vessels import Vessels
from vessel_activity.web.webhook import Webhook

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from starlette.types import ASGIApp, Receive, Scope, Send

    from vessel_activity.web.limits import Gate

log = logging.getLogger("vessel_activity.server")


class Application:
    """The web application on one database.

    Args:
        settings: the settings of the process.
        conninfo: libpq URL of the database.
        on_broken: called when a background task has ended by itself. The figures would grow old
            from then on, so the process must stop.
        gate: counts the connections; None under another ASGI server.

    Attributes:
        paths: every path that is served.
        stream: the event stream.
        asgi: the ASGI application.

    """

    def __init__(
        self,
        settings: Settings,
        conninfo: str,
        *,
        on_broken: Callable[[], None],
        gate: Gate | None = None,
    ) -> None:
        self._conninfo = conninfo
        self._fallback = settings.fallback
        self._on_broken = on_broken
        self._listener = listener = Listener(
            conninfo,
            stale_answer_seconds=settings.stale_answer_seconds,
            read_timeout_seconds=settings.answer_timeout_seconds,
        )
        self._asking = asking = Asking(conninfo, timeout_seconds=settings.answer_timeout_seconds)
        self._deliveries = None
        if settings.webhook_url is not None:
            self._deliveries = Deliveries(asking, Webhook(settings.webhook_url))
            listener.watch.on_due = self._deliveries.look
        counts = Requests()
        self.stream = Stream(listener, limit=settings.max_streams, counts=counts.of("stream"))
        listener.on_change = self.stream.publish
        past = counts.counted(
            request_response(
                History(
                    asking,
                    listener,
                    timeout_seconds=settings.answer_timeout_seconds,
                    stale_seconds=settings.stale_answer_seconds,
                )
            ),
            "history",
        )
        stale_seconds = settings.stale_answer_seconds
        places = Places(asking, listener, stale_seconds=stale_seconds)
        past_areas = request_response(AreaHistory(asking, listener, stale_seconds=stale_seconds))
        lists = counts.counted(request_response(Vessels(asking)), "vessels")
        types = counts.counted(request_response(TypeHistory(asking)), "type_history")
        dashboard = Dashboard(listener, settings.embed_origins)
        health = Health(listener)
        metrics = Metrics(asking, listener, self.stream, counts, gate)
        api: dict[str, ASGIApp] = {
            stats.PATH: stats.endpoint(listener, counts.of("stats")),
            activity.PATH: activity.endpoint(listener, counts.of("activity")),
            GRID: counts.counted(request_response(places.grid), "grid"),
            AREAS: counts.counted(request_response(places.areas), "areas"),
            area_history.PATH: counts.counted(past_areas, "area_history"),
            vessels.PATH: lists,
            type_history.PATH: types,
            vessels.PATH + ".csv": lists,
            stream.PATH: self.stream,
            history.PATH: past,
            history.PATH + ".csv": past,
            "/openapi.json": counts.counted(request_response(Description()), "openapi"),
        }
        pages = {
            "/": leading_to("dashboard/vessels"),
            "/dashboard": leading_to("dashboard/vessels"),
            "/dashboard/": leading_to("vessels"),
            "/dashboard/vessels": dashboard.page,
            "/dashboard/{name:path}": dashboard.file,
            "/healthz": health.healthz,
            "/readyz": health.readyz,
            "/metrics": metrics.page,
        }
        self.paths = {*api, *pages}
        site = Starlette(
            routes=[
                *(Route(path, app, methods=["GET", "HEAD"]) for path, app in api.items()),
                *(Route(path, endpoint) for path, endpoint in pages.items()),
            ],
            lifespan=self._lifespan,
        )
        # Starlette's redirects between paths with and without a slash name a host and a scheme,
        # which a proxy may have changed.
        site.router.redirect_slashes = False
        self.asgi = shortcuts(api, counts.counted(site, "other"), settings.cors_origins)

    @asynccontextmanager
    async def _lifespan(self, _: Starlette) -> AsyncIterator[None]:
        work = {"listener": self._listener.run(), "heartbeat": self.stream.run()}
        work["connection of the requests"] = self._asking.run()
        if self._deliveries is not None:
            work["delivery of alerts"] = self._deliveries.run()
        if self._fallback:
            work["refresh loop"] = refresh_loop.run(self._conninfo)
        tasks = [asyncio.create_task(task, name=name) for name, task in work.items()]
        for task in tasks:
            task.add_done_callback(self._ended)
        yield
        self.stream.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            log.critical("stopping: the %s broke", task.get_name(), exc_info=task.exception())
            self._on_broken()


class App:
    """The application for another ASGI server, which starts and ends it by the lifespan protocol.

    The environment is read at the start, so that importing this module needs no database.
    """

    def __init__(self) -> None:
        self._asgi: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Start, serve one request, or end."""
        if scope["type"] == "lifespan":
            await self._live(scope, receive, send)
        elif self._asgi is None:
            raise RuntimeError("the ASGI server must support the lifespan protocol")
        else:
            await self._asgi(scope, receive, adding(process.EVERY_ANSWER, send))

    async def _live(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            settings = Settings.from_env()
            process.allow_connections(settings.max_connections)
            with attached(settings) as conninfo:
                # To the server this is the signal to stop, as from whoever supervises it.
                application = Application(
                    settings, conninfo, on_broken=lambda: signal.raise_signal(signal.SIGTERM)
                )
                self._asgi = application.asgi
                process.before_the_server_stops(application.stream.close)
                await self._asgi(scope, receive, send)
        except VesselActivityError as error:
            await receive()
            await send({"type": "lifespan.startup.failed", "message": str(error)})


app = App()


def serve(settings: Settings, conninfo: str) -> None:
    """Serve with uvicorn until SIGTERM or SIGINT.

    Raises:
        SettingsError: the address can't be listened on.
        SystemExit: a part of the server broke, and the log says why. Whoever supervises the
            process starts it again.

    """
    process.serve(
        settings,
        lambda on_broken, gate: Application(settings, conninfo, on_broken=on_broken, gate=gate),
    )


def main() -> None:
    """Serve the database that the environment names; exit code 2 if that can't begin."""
    logs.to_standard_error()
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    process.stop_on_signals()
    running.on_settings_and_database(serve)


if __name__ == "__main__":
    main()
