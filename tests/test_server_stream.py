"""The event stream sends every refresh to every client and waits for none."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from tests.support.webserver import (
    NO_AUTHORITIES,
    STATS,
    STREAM,
    WebServer,
    eventually,
    row_as_json,
    write_row,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vessel_activity.database.local_server import LocalServer


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    write_row(module_url)
    with WebServer(module_url) as running:
        yield running


class Events:
    """An event stream as a client reads it: one dictionary of fields for each event."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(timeout=15, verify=NO_AUTHORITIES)
        self._context = self._client.stream("GET", address + STREAM)
        self.response = self._context.__enter__()
        self._lines = self.response.iter_lines()

    def __iter__(self) -> Iterator[dict[str, str]]:
        fields: dict[str, str] = {}
        for line in self._lines:
            name, _, value = line.partition(": ")
            if line:
                fields[name] = value
            elif fields:
                yield fields
                fields = {}

    def next_row(self) -> dict[str, Any]:
        """Return the parsed data of the next event with numbers, and its id."""
        fields = next(event for event in self if "event" not in event and "data" in event)
        return {**json.loads(fields["data"]), "id": fields["id"]}

    def next_heartbeat(self) -> dict[str, Any]:
        """Return the data of the next heartbeat."""
        told = next(event for event in self if event.get("event") == "heartbeat")
        heartbeat: dict[str, Any] = json.loads(told["data"])
        return heartbeat

    def close(self) -> None:
        """Hang up."""
        self._context.__exit__(None, None, None)
        self._client.close()


@pytest.fixture
def events(web: WebServer) -> Iterator[Events]:
    write_row(web.url)
    eventually(lambda: web.get(STATS).json() == row_as_json(web.url))
    opened = Events(web.address)
    yield opened
    opened.close()


def test_the_current_row_comes_at_once_with_its_instant_as_id(
    web: WebServer, events: Events
) -> None:
    assert events.response.headers["content-type"].startswith("text/event-stream")
    assert events.response.headers["cache-control"] == "no-store"
    assert next(iter(events)) == {"retry": "2000"}
    row = events.next_row()
    assert row.pop("id") == row["updatedAt"]
    assert row == row_as_json(web.url)


def test_a_lost_row_is_reported_without_an_event_of_zeros(web: WebServer, events: Events) -> None:
    events.next_row()
    assert events.next_heartbeat()["present"] is True
    with psycopg.connect(web.url) as connection:
        connection.execute("delete from public.vessel_activity_realtime")
        connection.execute("notify vessel_activity")
    said = next(iter(events))
    assert said["event"] == "heartbeat"
    assert json.loads(said["data"])["present"] is False
    late = Events(web.address)
    assert next(iter(late)) == {"retry": "2000"}
    assert late.next_heartbeat()["present"] is False
    late.close()
    write_row(web.url, active_now=12)
    assert events.next_row()["activeNow"] == 12


def test_every_refresh_is_one_event(web: WebServer, events: Events) -> None:
    events.next_row()
    for number in range(1, 6):
        write_row(web.url, active_now=number)
        assert events.next_row()["activeNow"] == number


def test_a_refresh_without_new_numbers_is_an_event_too(web: WebServer, events: Events) -> None:
    first = events.next_row()
    write_row(web.url)
    second = events.next_row()
    assert second.pop("updatedAt") > first.pop("updatedAt")
    assert second.pop("id") > first.pop("id")
    assert first == second


def test_heartbeats_carry_the_servers_time_and_the_databases_health(
    breakable: LocalServer, breakable_url: str
) -> None:
    write_row(breakable_url)
    with WebServer(breakable_url) as web:
        web.get(STATS)
        events = Events(web.address)
        healthy = events.next_heartbeat()
        assert abs(healthy["now"] / 1000 - time.time()) < 1
        assert healthy["intervalSeconds"] == 30
        assert healthy["databaseAway"] is False
        breakable.stop("immediate")
        began = time.monotonic()
        while not events.next_heartbeat()["databaseAway"]:
            pass
        assert time.monotonic() - began < 2  # sent at once, not with the next regular heartbeat
        breakable.start()
        while events.next_heartbeat()["databaseAway"]:
            pass
        events.close()


def test_an_answer_too_old_to_serve_is_not_sent_until_the_database_is_back(
    breakable: LocalServer, breakable_url: str
) -> None:
    write_row(breakable_url)
    with WebServer(breakable_url, {"VESSEL_ACTIVITY_STALE_ANSWER_SECONDS": "0"}) as web:
        assert web.get(STATS).status_code == 200
        assert "\nvessel_activity_vessels 30567.0" in web.get("/metrics").text
        breakable.stop("immediate")
        eventually(lambda: web.get(STATS).status_code == 500)
        metrics = web.get("/metrics").text
        assert "\nvessel_activity_vessels " not in metrics
        assert "\nvessel_activity_row_age_seconds " in metrics
        events = Events(web.address)
        received = iter(events)
        assert next(received) == {"retry": "2000"}
        told = next(received)
        assert told["event"] == "heartbeat"
        assert json.loads(told["data"])["servable"] is False
        breakable.start()
        # The row that was known before the failure.
        row = next(event for event in received if "event" not in event)
        assert json.loads(row["data"]) == row_as_json(breakable_url)
        events.close()


def test_a_client_over_the_limit_gets_a_clear_answer_and_a_place_is_free_later(
    module_url: str,
) -> None:
    write_row(module_url)
    with WebServer(module_url, {"VESSEL_ACTIVITY_MAX_STREAMS": "2"}) as web:
        first, second = Events(web.address), Events(web.address)
        first.next_row()
        second.next_row()
        refused = web.get(STREAM)
        assert refused.status_code == 503
        assert refused.json() == {"error": "Too many stream clients"}
        assert int(refused.headers["retry-after"]) > 0
        first.close()
        eventually(lambda: "stream_clients 1.0" in web.get("/metrics").text)
        third = Events(web.address)
        assert third.next_row()["activeNow"] == 4812
        second.close()
        third.close()


def test_a_client_that_does_not_read_is_disconnected_and_delays_nobody(module_url: str) -> None:
    write_row(module_url)
    with WebServer(module_url) as web:
        stuck = socket.create_connection(("127.0.0.1", web.port))
        stuck.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        stuck.sendall(b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % STREAM.encode())
        good = Events(web.address)
        good.next_row()
        eventually(lambda: "stream_clients 2.0" in web.get("/metrics").text)
        # Rows so large that the buffer of any socket is full soon.
        large = json.dumps({f"type {n} " + "x" * 8000: n for n in range(10)})
        slowest = 0.0
        with psycopg.connect(module_url, autocommit=True) as connection:
            number, deadline = 0, time.monotonic() + 20
            while "stream_clients 2.0" in web.get("/metrics").text:
                number += 1
                began = time.monotonic()
                connection.execute(
                    "update public.vessel_activity_realtime"
                    " set active_now = %s, vessel_types = %s::json, updated_at = clock_timestamp()",
                    [number, large],
                )
                connection.execute("notify vessel_activity")
                while good.next_row()["activeNow"] != number:
                    pass
                slowest = max(slowest, time.monotonic() - began)
                assert time.monotonic() < deadline, "never dropped"
        assert slowest < 1
        assert "stream_dropped_total 1.0" in web.get("/metrics").text
        web.stop()
        assert "dropped a stream client that reads too slowly" in web.log
        stuck.close()
        good.close()


def test_clients_that_hang_up_during_events_cost_no_other_client_an_event(web: WebServer) -> None:
    request = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n" % STREAM.encode()
    enough = threading.Event()

    def come_and_go() -> None:
        while not enough.is_set():
            clients = [socket.create_connection(("127.0.0.1", web.port)) for _ in range(20)]
            for client in clients:
                client.sendall(request)
                client.recv(1)
            for client in clients:
                client.close()

    passers_by = [threading.Thread(target=come_and_go) for _ in range(2)]
    for passer_by in passers_by:
        passer_by.start()
    with psycopg.connect(web.url, autocommit=True) as connection:
        for number in range(3000):
            connection.execute(
                "update public.vessel_activity_realtime"
                " set active_now = %s, updated_at = clock_timestamp()",
                [number],
            )
            connection.execute("notify vessel_activity")
    enough.set()
    for passer_by in passers_by:
        passer_by.join(10)
    expected = row_as_json(web.url)
    eventually(lambda: web.get(STATS).json() == expected)


def test_head_of_the_stream_ends_and_other_methods_are_refused(web: WebServer) -> None:
    head = httpx.head(web.address + STREAM, timeout=5)
    assert head.status_code == 200
    assert head.headers["content-type"].startswith("text/event-stream")
    refused = httpx.post(web.address + STREAM, timeout=5)
    assert refused.status_code == 405
    assert set(refused.headers["allow"].split(", ")) == {"GET", "HEAD"}
