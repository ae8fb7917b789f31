"""The reader: asks the web server and the status all the time, and keeps what they said."""

from __future__ import annotations

import http.client
import json
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg

if TYPE_CHECKING:
    from collections.abc import Callable

    from chaos.web import Web

FIGURES = "/api/database/vessel-stats-cached"
_PERIOD_SECONDS = 0.5
_STATUS_PERIOD_SECONDS = 2.0
_PATIENCE_SECONDS = 4.0
# The reader's own address, so that the limits for an attacker's address do not meet it.
_SOURCE = ("127.0.0.9", 0)
_STATUS = (
    "select check_name, state, detail from public.vessel_activity_status() where state <> 'ok'"
)
_WAITS = """
    select distinct format('%s %s, blocked by %s', a.wait_event_type, a.wait_event, b.queries)
    from pg_stat_activity as a
    cross join lateral (
      select array_agg(left(b.query, 60)) as queries
      from pg_stat_activity as b where b.pid = any (pg_blocking_pids(a.pid))
    ) as b
    where a.application_name = 'chaos writer' and a.state = 'active'
      and a.query ~ 'vessel_positions'
      and a.query_start < clock_timestamp() - interval '0.5 seconds'
"""


@dataclass(frozen=True)
class Sample:
    """What was said at one moment.

    Attributes:
        moment: when it was asked, by the monotonic clock.
        said: when all answers were there.
        warning: who says that something is wrong, and what; None if nobody does.
        updated_at: the instant of the served figures; None if there was no answer.

    """

    moment: float
    said: float
    warning: str | None
    updated_at: datetime | None


@dataclass
class Reader(threading.Thread):
    """Asks /readyz and the figures twice a second.

    Attributes:
        web: the server that it asks now.
        samples: what was said.
        answers: each different answer, with the moment at which it first came.

    """

    web: Web
    samples: list[Sample] = field(default_factory=list)
    answers: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._stop_asked = threading.Event()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Ask until `finish`."""
        while not self._stop_asked.is_set():
            began = time.monotonic()
            warning, updated_at = self._ask()
            self.samples.append(Sample(began, time.monotonic(), warning, updated_at))
            self._stop_asked.wait(max(0.05, _PERIOD_SECONDS - (time.monotonic() - began)))

    def _ask(self) -> tuple[str | None, datetime | None]:
        web, warning, updated_at = self.web, None, None
        try:
            status, _, body = get(web.port, "/readyz", source=_SOURCE)
            if status != 200:
                warning = f"/readyz: {_problems(body)}"
        except (OSError, http.client.HTTPException, ValueError) as error:
            warning = f"/readyz: {type(error).__name__}"
        try:
            status, headers, body = get(web.port, FIGURES, source=_SOURCE)
        except (OSError, http.client.HTTPException) as error:
            return warning or f"API: {type(error).__name__}", None
        if status != 200:
            return warning or f"API: status {status}", None
        if "x-vessel-activity-row" in headers:
            return warning or "API: no cached row", None
        if "x-vessel-activity-unconfirmed" in headers:
            warning = warning or "API: unconfirmed"
        text = body.decode()
        self.answers.setdefault(text, time.monotonic())
        with suppress(ValueError, KeyError):
            updated_at = instant(json.loads(text))
        return warning, updated_at

    def finish(self) -> None:
        """Stop asking."""
        self._stop_asked.set()
        self.join(20)


@dataclass
class StatusReader(threading.Thread):
    """Asks the status of the database as a monitoring program does.

    Attributes:
        connect: opens a connection that may read the status.
        samples: each complaint, with its moment.
        rounds: how often it was read.
        waits: what a writer of the source tables was seen to wait for.

    """

    connect: Callable[[], psycopg.Connection]
    samples: list[tuple[float, str]] = field(default_factory=list)
    rounds: int = 0
    waits: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self._stop_asked = threading.Event()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Ask until `finish`."""
        connection: psycopg.Connection | None = None
        while not self._stop_asked.wait(_STATUS_PERIOD_SECONDS):
            began = time.monotonic()
            try:
                if connection is None:
                    connection = self.connect()
                    connection.execute("set statement_timeout = '8s'")
                self.waits.update(text for (text,) in connection.execute(_WAITS).fetchall())
                for name, state, detail in connection.execute(_STATUS).fetchall():
                    self.samples.append((began, f"status: {name} {state}: {detail}"))
                self.rounds += 1
            except psycopg.Error:
                with suppress(psycopg.Error):
                    if connection is not None:
                        connection.close()
                connection = None
        if connection is not None:
            connection.close()

    def finish(self) -> None:
        """Stop asking."""
        self._stop_asked.set()
        self.join(20)


def check_of(text: str) -> str:
    """Return the name and the state of a check, as in "inbox warn", of what the status said."""
    return text.split(": ")[1]


def get(
    port: int, path: str, *, source: tuple[str, int] | None = None
) -> tuple[int, dict[str, str], bytes]:
    """Ask for a path on a new connection; return the status, the headers and the body."""
    connection = http.client.HTTPConnection(
        "127.0.0.1", port, timeout=_PATIENCE_SECONDS, source_address=source
    )
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return (
            response.status,
            {name.lower(): value for name, value in response.getheaders()},
            response.read(),
        )
    finally:
        connection.close()


def instant(figures: dict[str, Any]) -> datetime:
    """Return the instant of served figures, which has milliseconds."""
    return datetime.strptime(figures["updatedAt"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _problems(body: bytes) -> str:
    try:
        return "; ".join(json.loads(body)["problems"])
    except (ValueError, KeyError):
        return body[:80].decode(errors="replace")
