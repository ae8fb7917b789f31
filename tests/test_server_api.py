"""The API keeps to its description; the rules for other origins, framing and metrics hold."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from server import Application
from tests.conftest import PROJECT
from tests.support.description import flaws
from tests.support.webserver import (
    ACTIVITY,
    HISTORY,
    STATS,
    STREAM,
    VESSELS,
    WebServer,
    eventually,
    row_as_json,
    write_row,
)
from tests.test_server_metrics import samples
from tests.test_server_stream import Events
from vessel_activity.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

ALLOWED, OTHER = "https://ops.example.org", "https://elsewhere.example.org"
# All paths but the stream, which never ends.
DESCRIBED = [
    ACTIVITY + "/history",
    STATS,
    ACTIVITY,
    VESSELS,
    VESSELS + ".csv",
    ACTIVITY + "/grid",
    ACTIVITY + "/areas",
    ACTIVITY + "/areas/history",
    HISTORY,
    HISTORY + ".csv",
    "/healthz",
    "/readyz",
    "/metrics",
    "/openapi.json",
]
# Routes of the page and its files, which are no API.
PAGES = {"/", "/dashboard", "/dashboard/", "/dashboard/vessels", "/dashboard/{name:path}"}


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    write_row(module_url)
    with WebServer(module_url) as running:
        yield running


@pytest.mark.parametrize("path", DESCRIBED)
def test_the_server_answers_as_its_description_says(web: WebServer, path: str) -> None:
    description = schemathesis.openapi.from_url(web.address + "/openapi.json")

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=description[path]["GET"].as_strategy())
    def answers(case: schemathesis.Case[Any]) -> None:
        # A description can't say that from and to belong together, and which is the earlier, or
        # that the edges of a box are in their order.
        bound = path.startswith((HISTORY, VESSELS, ACTIVITY + "/grid"))
        excluded: list[Any] = [positive_data_acceptance] if bound else []
        case.call_and_validate(excluded_checks=excluded)

    answers()


def test_the_description_names_every_endpoint_of_the_api(web: WebServer) -> None:
    described_paths = set(web.get("/openapi.json").json()["paths"])
    assert described_paths == {*DESCRIBED, STREAM}
    served = Application(Settings.from_env({}), web.url, on_broken=lambda: None).paths
    assert served == described_paths | PAGES


def test_every_event_of_the_stream_is_as_described(web: WebServer) -> None:
    eventually(lambda: web.get(ACTIVITY).status_code == 200)
    stream = Events(web.address)
    told: dict[str, Any] = {}
    for event in stream:
        if "data" in event:
            told[event.get("event", "message")] = json.loads(event["data"])
        if "heartbeat" in told:  # the last of those that come at once
            break
    stream.close()
    assert told.keys() == {"message", "activity", "heartbeat"}
    assert flaws(told, "StreamEvents") == []
    assert told["heartbeat"]["feed"].keys() == told["activity"]["feed"].keys()


def test_the_types_of_the_api_are_served_as_text(web: WebServer) -> None:
    answer = web.get("/dashboard/api.d.ts")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == (PROJECT / "dashboard" / "api.d.ts").read_text(encoding="utf-8")


def test_other_origins_may_not_read_unless_named(web: WebServer) -> None:
    answer = web.get(STATS, {"origin": ALLOWED})
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers


def test_named_origins_may_read_and_ask_conditionally(module_url: str) -> None:
    setting = {"VESSEL_ACTIVITY_CORS_ORIGINS": f"{ALLOWED}, https://b.example.org"}
    with WebServer(module_url, setting) as web:
        for path in (STATS, HISTORY, "/openapi.json"):
            allowed = web.get(path, {"origin": ALLOWED})
            assert allowed.headers["access-control-allow-origin"] == ALLOWED
            exposed = allowed.headers["access-control-expose-headers"].split(", ")
            assert {"etag", "x-vessel-activity-unconfirmed"} <= set(exposed)
            assert "origin" in allowed.headers["vary"]
            refused = web.get(path, {"origin": OTHER})
            assert "access-control-allow-origin" not in refused.headers
            assert "origin" in refused.headers["vary"]
        with httpx.stream("GET", web.address + STREAM, headers={"origin": ALLOWED}) as stream:
            assert stream.headers["access-control-allow-origin"] == ALLOWED
        preflight = httpx.options(
            web.address + STATS,
            headers={
                "origin": ALLOWED,
                "access-control-request-method": "GET",
                "access-control-request-headers": "if-none-match",
            },
        )
        assert preflight.status_code == 204
        assert "if-none-match" in preflight.headers["access-control-allow-headers"]


def test_options_is_answered_whether_it_is_a_preflight_or_not(module_url: str) -> None:
    with WebServer(module_url, {"VESSEL_ACTIVITY_CORS_ORIGINS": ALLOWED}) as web:
        for path in (STATS, STREAM, HISTORY, "/openapi.json"):
            answer = httpx.options(web.address + path, timeout=5)
            assert (answer.status_code, answer.content) == (204, b"")
            assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
            assert "access-control-allow-methods" not in answer.headers
        web.stop()
        assert "RuntimeError" not in web.log


def test_errors_of_the_api_may_be_read_too(module_url: str) -> None:
    with WebServer(module_url, {"VESSEL_ACTIVITY_CORS_ORIGINS": ALLOWED}) as web:
        for method, path, status in (("GET", "/api/nothing", 404), ("POST", STATS, 405)):
            answer = httpx.request(method, web.address + path, headers={"origin": ALLOWED})
            assert answer.status_code == status
            assert answer.headers.get_list("access-control-allow-origin") == [ALLOWED]
        other = web.get("/healthz", {"origin": ALLOWED})
        assert "access-control-allow-origin" not in other.headers


def test_a_star_lets_every_origin_read(module_url: str) -> None:
    with WebServer(module_url, {"VESSEL_ACTIVITY_CORS_ORIGINS": "*"}) as web:
        assert web.get(STATS).headers["access-control-allow-origin"] == "*"


def test_only_named_origins_may_frame_the_page_and_only_to_embed_it(module_url: str) -> None:
    with WebServer(module_url, {"VESSEL_ACTIVITY_EMBED_ORIGINS": ALLOWED}) as web:
        embedded = web.get("/dashboard/vessels?embed").headers
        assert f"frame-ancestors {ALLOWED}" in embedded["content-security-policy"]
        assert "x-frame-options" not in embedded
        plain = web.get("/dashboard/vessels").headers
        assert "frame-ancestors 'none'" in plain["content-security-policy"]
        assert plain["x-frame-options"] == "DENY"


def test_metrics_hold_every_number_of_the_row(web: WebServer) -> None:
    write_row(web.url, age="12 seconds")
    row = row_as_json(web.url)
    eventually(lambda: web.get(STATS).json() == row)
    found = samples(web)
    assert found["active_vessels", "5m"] == row["activeNow"]
    assert found["active_vessels", "1h"] == row["activeLastHour"]
    assert found["active_vessels", "24h"] == row["activeLast24h"]
    assert found["vessels",] == row["totalVessels"]
    assert found["positions_last_hour",] == row["positionsLastHour"]
    assert found["speed_average_knots",] == row["speedAvg"]
    for name, count in row["vesselTypes"].items():
        assert found["vessels_by_type", name] == count
    for entry in row["topFlags"]:
        assert found["vessels_by_flag", entry["flag"]] == entry["count"]
    assert 12 <= found["row_age_seconds",] < 20
    assert found["row_present",] == 1
    assert found["database_up",] == 1
    assert found["refresh_interval_seconds",] == 30


def test_metrics_count_the_answers_by_status(web: WebServer) -> None:
    def count(status: str) -> float:
        return samples(web).get(("http_requests_total", "stats", status), 0)

    before = count("200"), count("304")
    tag = web.get(STATS).headers["etag"]
    web.get(STATS, {"if-none-match": tag})
    web.get(STATS, {"if-none-match": tag})
    assert (count("200"), count("304")) == (before[0] + 1, before[1] + 2)


def test_the_description_is_packed_and_not_sent_twice(web: WebServer) -> None:
    first = web.get("/openapi.json", {"accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    assert first.headers["vary"] == "accept-encoding"
    again = web.get("/openapi.json", {"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_the_description_is_well_formed_json_that_people_can_read(web: WebServer) -> None:
    text = web.get("/openapi.json").text
    assert json.loads(text)["openapi"] == "3.1.0"
    assert max(map(len, text.splitlines())) < 400
