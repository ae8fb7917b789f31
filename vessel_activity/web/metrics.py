"""GET /metrics, for Prometheus: the row, its age, the refreshes, the requests and the streams."""

from __future__ import annotations

import asyncio
import json
import logging
import time
from typing import TYPE_CHECKING, Any

import psycopg
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.responses import Response

from vessel_activity import __version__, logs
from vessel_activity.database.errors import in_one_line
from vessel_activity.paths import MIGRATIONS
from vessel_activity.web.alert_metrics import alert_metrics
from vessel_activity.web.area_metrics import area_metrics
from vessel_activity.web.feed_metrics import feed_metrics
from vessel_activity.web.feed_truth import state_of
from vessel_activity.web.health import age_seconds, is_ahead, is_stale, report_age_seconds
from vessel_activity.web.member_metrics import member_metrics
from vessel_activity.web.usual_metrics import usual_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from prometheus_client.core import Metric
    from starlette.requests import Request

    from vessel_activity.web.answer import Answer
    from vessel_activity.web.asking import Asking
    from vessel_activity.web.limits import Gate
    from vessel_activity.web.listener import Listener
    from vessel_activity.web.requests import Requests
    from vessel_activity.web.stream import Stream

log = logging.getLogger("vessel_activity.metrics")

# How long the measures of the database serve.
KEEP_SECONDS = 1.0
WINDOWS = {"5m": "activeNow", "1h": "activeLastHour", "24h": "activeLast24h"}


class Metrics:
    """The /metrics page of one server.

    Requests that come at the same time share one answer, and what was read from the database serves
    for a second. So a crowd costs the database one query a second.
    """

    def __init__(
        self,
        asking: Asking,
        listener: Listener,
        stream: Stream,
        requests: Requests,
        gate: Gate | None,
    ) -> None:
        self._asking = asking
        self._listener = listener
        self._stream = stream
        self._requests = requests
        self._gate = gate
        self._newest_migration = _number_of(max(path.stem for path in MIGRATIONS.glob("*.sql")))
        self._measures: dict[str, Any] = {}
        self._read_at = -KEEP_SECONDS
        self._answer: asyncio.Task[bytes] | None = None
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)
        ProcessCollector(registry=self._registry)

    async def page(self, request: Request) -> Response:  # noqa: ARG002
        """Answer with all metrics; those that the database can't give at present are left out."""
        if self._answer is None or self._answer.done():
            self._answer = asyncio.create_task(self._make())
        answer = self._answer
        await asyncio.wait({answer})
        headers = {"content-type": CONTENT_TYPE_LATEST, "cache-control": "no-store"}
        return Response(answer.result(), headers=headers)

    async def _make(self) -> bytes:
        if self._listener.failure is not None:
            self._measures = {}  # to ask would take its time, and fail too
        elif time.monotonic() - self._read_at >= KEEP_SECONDS:
            self._measures = await self._read()
            self._read_at = time.monotonic()
        return generate_latest(self._registry)

    async def _read(self) -> dict[str, Any]:
        try:
            return await self._asking.ask("select * from vessel_activity.measures()")
        except (psycopg.Error, OSError, TimeoutError) as error:
            log.error("the measures can't be read: %s", in_one_line(error))  # noqa: TRY400
            return {}

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
            if listener.document is not None:
                yield from area_metrics(listener.document)
        if listener.answer is not None:
            yield from self._of_the_row(listener.answer)
            yield from self._of_the_feed(listener.answer)
        yield _gauge(
            "migration_version_expected",
            "Number of the newest migration that this server knows.",
            self._newest_migration,
        )
        yield _gauge("measures_up", "Whether the database gave its measures.", bool(self._measures))
        if self._measures:
            yield from self._of_the_refreshes(self._measures)
            yield from self._of_the_database(self._measures)
            yield from feed_metrics(self._measures["feeds"])
            yield from usual_metrics(self._measures["usual"])
            yield from alert_metrics(self._measures["alerts"])
            yield from member_metrics(self._measures["members"])
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
        yield _count(
            "log_lines_suppressed",
            "Log lines left out because there were too many.",
            logs.limit.left_out,
        )
        if self._gate is not None:
            yield from self._of_the_connections(self._gate)

    @staticmethod
    def _of_the_connections(gate: Gate) -> Iterator[Metric]:
        yield _gauge("http_connections", "Open connections of clients.", len(gate))
        yield _gauge("http_connections_limit", "Most connections of clients.", gate.connections)
        for name, described, counts in (
            ("refused", "Connections refused, by the limit that was reached.", gate.refused),
            ("dropped", "Connections ended by the server, by reason.", gate.dropped),
        ):
            family = CounterMetricFamily(
                _name(f"http_connections_{name}"), described, labels=["reason"]
            )
            for reason, count in counts.items():
                family.add_metric([reason], count)
            yield family

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
        yield _gauge(
            "row_stale",
            "Whether the cached row is out of date: no refresh in time.",
            is_stale(self._listener),
        )
        yield _gauge(
            "row_ahead",
            "Whether the cached row is from the future: a clock was wrong.",
            is_ahead(self._listener),
        )
        yield _gauge("row_present", "Whether there is a cached row.", reading.present)
        yield _gauge(
            "refresh_interval_seconds", "Time between two refreshes.", reading.interval_seconds
        )
        if reading.refresh_ms is not None:
            seconds = reading.refresh_ms / 1000
            yield _gauge("refresh_duration_seconds", "Duration of the last refresh.", seconds)

    def _of_the_feed(self, answer: Answer) -> Iterator[Metric]:
        feed = self._listener.feed
        yield _gauge(
            "reports_late",
            "Whether the newest report is older than the setting feed_late_after.",
            state_of(feed, answer.reading.body) != "live",
        )
        if feed is None:
            return
        yield from _known(
            "newest_report_age_seconds",
            "Age of the newest report.",
            report_age_seconds(self._listener),
        )
        yield from _known(
            "reports_last_minute",
            "Reports of the minute before the last refresh.",
            feed.reports_last_minute,
        )
        yield from _known(
            "late_share_last_hour",
            "Share of the reports of the last hour that came more than a minute late, 0 to 1.",
            feed.late_share_last_hour,
        )
        yield from _known(
            "positions_ahead",
            "Reports that are stamped ahead of the clock.",
            feed.positions_ahead,
        )

    @staticmethod
    def _of_the_refreshes(measures: dict[str, Any]) -> Iterator[Metric]:
        refreshes = CounterMetricFamily(
            _name("refreshes"),
            "Successful refreshes since the installation.",
            labels=["refreshed_by", "mode"],
        )
        failures = CounterMetricFamily(
            _name("refresh_failures"),
            "Failed refreshes since the installation.",
            labels=["refreshed_by", "sqlstate", "error"],
        )
        seconds = 0.0
        for kind in measures["refreshes"] or []:
            by, state, number = kind["refreshed_by"], kind["sqlstate"], kind["refreshes"]
            if state:
                failures.add_metric([by, state, _error_of(state)], number)
            else:
                refreshes.add_metric([by, kind["mode"]], number)
                seconds += kind["duration_ms"] / 1000
        yield refreshes
        yield failures
        yield _count("refresh_seconds", "Time spent in successful refreshes.", seconds)
        if measures["refreshed_at"] is not None:
            last = GaugeMetricFamily(
                _name("last_refresh_info"),
                "Who refreshed last, and in what mode; always 1.",
                labels=["refreshed_by", "mode"],
            )
            last.add_metric([measures["refreshed_by"], measures["mode"] or ""], 1)
            yield last
        yield from _known(
            "last_refresh_timestamp_seconds",
            "When the last successful refresh began, in seconds since 1970.",
            measures["refreshed_at"],
        )
        yield from _known(
            "last_failure_timestamp_seconds",
            "When the last failed refresh in the log began, in seconds since 1970.",
            measures["failed_at"],
        )

    @staticmethod
    def _of_the_database(measures: dict[str, Any]) -> Iterator[Metric]:
        for name, described, key in (
            (
                "verification_timestamp_seconds",
                "When the state was last compared with the definition, in seconds since 1970.",
                "verified_at",
            ),
            (
                "verification_equal",
                "Whether the last comparison of the state with the definition found them equal.",
                "verified_equal",
            ),
            (
                "verifications_different",
                "Comparisons in the log that found a difference.",
                "verified_different",
            ),
            ("inbox_bytes", "Size of the larger inbox.", "inbox_bytes"),
            ("inbox_limit_bytes", "Limit of the size of an inbox.", "inbox_limit_bytes"),
            ("cron_job_active", "Whether the refresh job of pg_cron is active.", "cron_is_active"),
            (
                "cron_last_run_timestamp_seconds",
                "When the last ended run of that job began, in seconds since 1970.",
                "cron_run_at",
            ),
            ("cron_last_run_succeeded", "Whether that run succeeded.", "cron_run_succeeded"),
        ):
            yield from _known(name, described, measures[key])
        if measures["migration"] is not None:
            newest = _number_of(measures["migration"])
            described = "Number of the newest migration in the database."
            yield _gauge("migration_version", described, newest)


def _name(name: str) -> str:
    return f"vessel_activity_{name}"


def _gauge(name: str, described: str, value: float) -> Metric:
    return GaugeMetricFamily(_name(name), described, value=float(value))


def _count(name: str, described: str, value: float) -> Metric:
    return CounterMetricFamily(_name(name), described, value=float(value))


def _known(name: str, described: str, value: float | datetime | None) -> Iterator[Metric]:
    """Yield a gauge, unless its value is not known."""
    if value is not None:
        yield _gauge(
            name, described, value if isinstance(value, int | float) else value.timestamp()
        )


def _number_of(migration: str) -> int:
    return int(migration.partition(".")[0])


def _error_of(sqlstate: str) -> str:
    """Name the error of an SQLSTATE, such as QueryCanceled; unknown ones by themselves."""
    try:
        return psycopg.errors.lookup(sqlstate).__name__
    except KeyError:
        return sqlstate
