"""GET /metrics, for Prometheus: the row, its age, the refreshes, the requests and the streams."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import psycopg
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from vessel_activity import __version__
from vessel_activity.database.connections import connect_async
from vessel_activity.web.feed_metrics import feed_metrics
from vessel_activity.web.health import age_seconds

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric
    from starlette.requests import Request

    from vessel_activity.web.answer import Answer
    from vessel_activity.web.listener import Listener
    from vessel_activity.web.requests import Requests
    from vessel_activity.web.stream import Stream

WINDOWS = {"5m": "activeNow", "1h": "activeLastHour", "24h": "activeLast24h"}


class Metrics:
    """The /metrics page of one server."""

    def __init__(
        self, conninfo: str, listener: Listener, stream: Stream, requests: Requests
    ) -> None:
        self._conninfo = conninfo
        self._listener = listener
        self._stream = stream
        self._requests = requests
        self._performance: dict[str, Any] | None = None
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    async def page(self, request: Request) -> Response:  # noqa: ARG002
        """Answer with all metrics; those that the database can't give at present are left out."""
        try:
            async with asyncio.timeout(2):
                self._performance = await self._read_performance()
        except (psycopg.Error, OSError, TimeoutError):
            self._performance = None  # vessel_activity_database_up tells; the log has the reason
        headers = {"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"}
        return Response(generate_latest(self._registry), headers=headers)

    def collect(self) -> Iterator[Metric]:
        """Yield every metric, for prometheus_client."""
        build = GaugeMetricFamily(
            _name("build_info"), "The version that runs; always 1.", labels=["version"]
        )
        build.add_metric([__version__], 1)
        yield build
        listener = self._listener
        yield _gauge("database_up", "Whether the database can be read.", listener.failure is None)
        yield _gauge("listening", "Whether notifications arrive.", listener.mode == "listening")
        servable, _ = listener.servable()
        if servable is not None:
            yield from self._of_the_numbers(servable)
        if listener.answer is not None:
            yield from self._of_the_row(listener.answer)
        if self._performance is not None:
            yield from self._of_the_refreshes(self._performance)
            yield from feed_metrics(self._performance["feeds"])
        requests = CounterMetricFamily(
            _name("http_requests"), "Answers by endpoint and status.", labels=["endpoint", "status"]
        )
        for endpoint, counts in sorted(self._requests.by_endpoint.items()):
            for status, count in sorted(counts.items()):
                requests.add_metric([endpoint, str(status)], count)
        yield requests
        stream = self._stream
        yield _gauge("stream_clients", "Stream clients connected now.", stream.clients)
        yield _count(
            "stream_refused",
            "Stream clients turned away because the limit was reached.",
            stream.refused,
        )
        yield _count(
            "stream_dropped", "Stream clients dropped because they read too slowly.", stream.dropped
        )

    @staticmethod
    def _of_the_numbers(answer: Answer) -> Iterator[Metric]:
        stats = json.loads(answer.body)
        active = GaugeMetricFamily(
            _name("active_vessels"),
            "Distinct vessels with a position in the window.",
            labels=["window"],
        )
        for window, key in WINDOWS.items():
            active.add_metric([window], stats[key])
        yield active
        yield _gauge("vessels", "Vessels of the fleet (active = true).", stats["totalVessels"])
        yield _gauge(
            "positions_last_hour", "Position reports of the last hour.", stats["positionsLastHour"]
        )
        yield _gauge(
            "speed_average_knots",
            "Mean speed over ground of the last hour, in knots.",
            stats["speedAvg"],
        )
        types = GaugeMetricFamily(
            _name("vessels_by_type"),
            "Vessels of the fleet, by the ten commonest types.",
            labels=["type"],
        )
        for name, count in stats["vesselTypes"].items():
            types.add_metric([name], count)
        yield types
        flags = GaugeMetricFamily(
            _name("vessels_by_flag"),
            "Vessels of the fleet, by the ten commonest flag states.",
            labels=["flag"],
        )
        for entry in stats["topFlags"]:
            flags.add_metric([entry["flag"]], entry["count"])
        yield flags

    def _of_the_row(self, answer: Answer) -> Iterator[Metric]:
        reading = answer.reading
        yield _gauge("row_age_seconds", "Age of the cached row.", age_seconds(self._listener))
        yield _gauge("row_present", "Whether there is a cached row.", reading.present)
        yield _gauge(
            "refresh_interval_seconds", "Time between two refreshes.", reading.interval_seconds
        )
        if reading.refresh_ms is not None:
            seconds = reading.refresh_ms / 1000
            yield _gauge("refresh_duration_seconds", "Duration of the last refresh.", seconds)

    @staticmethod
    def _of_the_refreshes(kept: dict[str, Any]) -> Iterator[Metric]:
        yield _gauge("refreshes_kept", "Successful refreshes in the log.", kept["refreshes"])
        yield _gauge("refresh_failures_kept", "Failed refreshes in the log.", kept["failures"])
        for name in ("average", "minimum", "maximum"):
            value = kept[f"{name}_ms"]
            if value is not None:
                described = f"The {name} duration of the successful refreshes in the log."
                yield _gauge(f"refresh_duration_{name}_seconds", described, float(value) / 1000)

    async def _read_performance(self) -> dict[str, Any] | None:
        async with await connect_async(self._conninfo, purpose="server") as session:
            cursor = await session.execute(
                "select p.*, vessel_activity.feed_measures() as feeds"
                " from public.vessel_activity_performance as p where p.scope = 'all kept'"
            )
            return await cursor.fetchone()


def _name(name: str) -> str:
    return f"vessel_activity_{name}"


def _gauge(name: str, described: str, value: float) -> Metric:
    return GaugeMetricFamily(_name(name), described, value=float(value))


def _count(name: str, described: str, value: float) -> Metric:
    return CounterMetricFamily(_name(name), described, value=float(value))
