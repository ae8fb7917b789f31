"""The statistics endpoint answers what the contract says, straight from the cached row."""

from __future__ import annotations

import gzip
import http.client
import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import httpx
import psycopg
import pytest

from tests.conftest import PROJECT
from tests.support.webserver import (
    HISTORY,
    NINE_KEYS,
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


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    write_row(module_url)
    with WebServer(module_url) as running:
        yield running


@pytest.fixture(autouse=True)
def known_row(web: WebServer) -> None:
    write_row(web.url)
    expected = row_as_json(web.url)
    eventually(lambda: web.get(STATS).json() == expected)


def test_the_nine_keys_equal_the_columns_of_the_row(web: WebServer) -> None:
    answer = web.get(STATS)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert list(answer.json()) == NINE_KEYS
    assert answer.json() == row_as_json(web.url)
    assert list(answer.json()["vesselTypes"]) == ["Cargo", "Tanker", "</script><b>", "Unknown"]
    assert answer.json()["speedAvg"] == 11.37


def test_a_missing_row_is_answered_with_zeros_as_of_now(web: WebServer) -> None:
    with psycopg.connect(web.url) as connection:
        connection.execute("delete from public.vessel_activity_realtime")
        connection.execute("notify vessel_activity")
    answer = eventually(lambda: (got := web.get(STATS)).json()["activeNow"] == 0 and got)
    assert answer.headers["x-vessel-activity-row"] == "missing"
    zeros = answer.json()
    at = datetime.fromisoformat(zeros.pop("updatedAt"))
    assert zeros == {
        "activeNow": 0,
        "activeLastHour": 0,
        "activeLast24h": 0,
        "totalVessels": 0,
        "positionsLastHour": 0,
        "vesselTypes": {},
        "topFlags": [],
        "speedAvg": 0,
    }
    assert abs(datetime.now(UTC) - at) < timedelta(seconds=8)


def test_an_existing_row_is_not_called_missing(web: WebServer) -> None:
    assert "x-vessel-activity-row" not in web.get(STATS).headers


def test_a_commit_reaches_the_server_without_a_request(web: WebServer) -> None:
    write_row(web.url, active_now=17)
    # Far less than the five seconds after which the server reads the row anyway.
    eventually(lambda: web.get(STATS).json()["activeNow"] == 17, within_seconds=1)


def test_a_change_without_notification_is_found_at_the_next_reading(web: WebServer) -> None:
    with psycopg.connect(web.url) as connection:
        connection.execute("update public.vessel_activity_realtime set active_now = 18")
    eventually(lambda: web.get(STATS).json()["activeNow"] == 18, within_seconds=7)


def test_head_has_the_headers_of_get_and_no_body(web: WebServer) -> None:
    head, get = raw(web, "HEAD"), raw(web, "GET")
    assert head.pop("body") == b""
    assert len(get.pop("body")) == int(get["content-length"])
    assert {**head, "date": ""} == {**get, "date": ""}


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_other_methods_are_refused_and_the_allowed_ones_named(web: WebServer, method: str) -> None:
    answer = raw(web, method)
    assert answer["status"] == 405
    assert set(answer["allow"].split(", ")) == {"GET", "HEAD"}


def test_browsers_revalidate_always_and_shared_caches_keep_an_answer_for_a_second(
    web: WebServer,
) -> None:
    directives = web.get(STATS).headers["cache-control"].split(", ")
    assert set(directives) == {"max-age=0", "s-maxage=1", "must-revalidate"}


def test_an_unchanged_answer_costs_a_304_and_a_changed_one_does_not(web: WebServer) -> None:
    tag = web.get(STATS).headers["etag"]
    again = web.get(STATS, headers={"if-none-match": f'"other", {tag}'})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == tag
    assert "cache-control" in again.headers
    write_row(web.url, active_now=19)
    eventually(lambda: web.get(STATS).json()["activeNow"] == 19)
    assert web.get(STATS, headers={"if-none-match": tag}).status_code == 200


def test_gzip_is_sent_only_to_clients_that_accept_it(web: WebServer) -> None:
    packed = raw(web, "GET", {"accept-encoding": "br, gzip"})
    assert packed["content-encoding"] == "gzip"
    assert packed["vary"] == "accept-encoding"
    assert json.loads(gzip.decompress(packed["body"])) == row_as_json(web.url)
    assert "content-encoding" not in raw(web, "GET", {"accept-encoding": "gzip;q=0"})


def test_server_timing_gives_the_duration_of_the_last_refresh(web: WebServer) -> None:
    with psycopg.connect(web.url) as connection:
        connection.execute(
            "insert into vessel_activity.refresh_log (started_at, duration_ms, refreshed_by)"
            " values (now(), 123.4, 'manual')"
        )
    write_row(web.url)
    eventually(lambda: "refresh;dur=123.4" in web.get(STATS).headers["server-timing"])


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/", "dashboard/vessels"),
        ("/?kiosk", "dashboard/vessels?kiosk"),
        ("/dashboard", "dashboard/vessels"),
        ("/dashboard/", "vessels"),
    ],
)
def test_short_addresses_lead_to_the_dashboard_behind_any_path_prefix(
    web: WebServer, path: str, location: str
) -> None:
    answer = raw(web, "GET", path=path)
    assert (answer["status"], answer["location"]) == (307, location)
    page = web.get(path, follow_redirects=True)
    assert page.url.path == "/dashboard/vessels"
    assert page.headers["content-type"].startswith("text/html")


def test_no_redirect_names_a_host_or_a_scheme(web: WebServer) -> None:
    for path in (STATS + "/", "/healthz/", "/dashboard/vessels/"):
        answer = raw(web, "GET", path=path)
        assert (answer["status"], answer.get("location")) == (404, None)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", STATS, 200),
        ("POST", STATS, 405),
        ("HEAD", STREAM, 200),
        ("GET", HISTORY, 200),
        ("GET", HISTORY + "?range=2h", 400),
        ("GET", "/api/nothing", 404),
        ("GET", "/openapi.json", 200),
        ("GET", "/", 307),
        ("GET", "/dashboard/vessels", 200),
        ("GET", "/dashboard/style.css", 200),
        ("GET", "/dashboard/nothing.js", 404),
        ("GET", "/healthz", 200),
        ("GET", "/readyz", 200),
        ("GET", "/metrics", 200),
    ],
)
def test_every_answer_forbids_guessing_its_content_type(
    web: WebServer, method: str, path: str, status: int
) -> None:
    answer = httpx.request(method, web.address + path, timeout=10, verify=NO_AUTHORITIES)
    assert answer.status_code == status
    assert answer.headers.get_list("x-content-type-options") == ["nosniff"]


def test_the_page_has_a_content_security_policy(web: WebServer) -> None:
    headers = web.get("/dashboard/vessels").headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"


def test_the_page_holds_the_current_answer_and_no_type_can_break_out_of_it(
    web: WebServer,
) -> None:
    page = web.get("/dashboard/vessels").text
    block = page.split('<script type="application/json" id="current">')[1].split("</script>")[0]
    assert json.loads(block)["answer"] == row_as_json(web.url)
    assert "<b>" not in page


def test_no_file_outside_the_dashboard_folder_is_served(web: WebServer) -> None:
    for path in ("/dashboard/../server.py", "/dashboard/%2e%2e/server.py", "/dashboard/nothing.js"):
        assert raw(web, "GET", path=path)["status"] == 404


def test_dashboard_files_are_revalidated_and_not_sent_twice(web: WebServer) -> None:
    first = web.get("/dashboard/style.css")
    assert first.headers["content-type"].startswith("text/css")
    again = web.get("/dashboard/style.css", headers={"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_readyz_follows_the_age_of_the_row_and_healthz_does_not(web: WebServer) -> None:
    ready = web.get("/readyz")
    assert (ready.status_code, ready.json()["problems"]) == (200, [])
    assert ready.json()["database"] == "listening"
    assert ready.json()["staleAfterSeconds"] == 34
    with psycopg.connect(web.url, autocommit=True) as connection:
        connection.execute("select public.vessel_activity_schedule('1 hour')")
    write_row(web.url, age="3550 seconds")
    fresh = eventually(lambda: (got := web.get("/readyz").json())["ageSeconds"] > 3549 and got)
    assert (fresh["ready"], fresh["staleAfterSeconds"]) == (True, 3605.5)
    write_row(web.url, age="3607 seconds")
    late = eventually(lambda: (got := web.get("/readyz")).status_code == 503 and got)
    assert len(late.json()["problems"]) == 1
    assert re.match(r"row: it is 36\d\d s old, more than 3605.5 s", late.json()["problems"][0])
    assert "vessel_activity_row_stale 1.0" in web.get("/metrics").text
    assert web.get("/healthz").status_code == 200
    with psycopg.connect(web.url, autocommit=True) as connection:
        connection.execute("select public.vessel_activity_schedule('30 seconds')")


def test_readyz_fails_while_the_row_is_from_the_future(web: WebServer) -> None:
    write_row(web.url, age="-3 days")
    answer = eventually(lambda: (got := web.get("/readyz")).status_code == 503 and got)
    assert len(answer.json()["problems"]) == 1
    assert re.fullmatch(
        r"row: it is from (259200|25919\d) s in the future,"
        r" so the clock of the database server was wrong; run `vessel-activity status`",
        answer.json()["problems"][0],
    )
    assert "vessel_activity_row_ahead 1.0" in web.get("/metrics").text
    write_row(web.url)
    eventually(lambda: web.get("/readyz").status_code == 200)


def test_readyz_says_if_there_is_no_row(web: WebServer) -> None:
    with psycopg.connect(web.url) as connection:
        connection.execute("delete from public.vessel_activity_realtime")
        connection.execute("notify vessel_activity")
    answer = eventually(lambda: (got := web.get("/readyz")).status_code == 503 and got)
    assert answer.json()["problems"] == [
        "row: there is no cached row; run `vessel-activity refresh`"
    ]


def test_a_demo_is_marked_in_a_header_and_not_by_a_tenth_key(web: WebServer) -> None:
    assert "x-vessel-activity-source" not in web.get(STATS).headers
    with psycopg.connect(web.url) as connection:
        connection.execute("create schema simulated")
        connection.execute("update vessel_activity.settings set simulation = 'simulated'")
    try:
        write_row(web.url)
        eventually(lambda: web.get(STATS).headers.get("x-vessel-activity-source") == "simulated")
        assert list(web.get(STATS).json()) == NINE_KEYS
    finally:
        with psycopg.connect(web.url) as connection:
            connection.execute("drop schema simulated")


def raw(
    web: WebServer, method: str, headers: dict[str, str] | None = None, path: str = STATS
) -> dict[str, Any]:
    """Send the path as it is; return the headers by lower-case name, with status and body."""
    connection = http.client.HTTPConnection("127.0.0.1", web.port, timeout=10)
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    found: dict[str, Any] = {name.lower(): value for name, value in answer.getheaders()}
    found |= {"status": answer.status, "body": answer.read()}
    connection.close()
    return found


def test_only_pages_have_a_content_security_policy(web: WebServer) -> None:
    for name, fenced in (("icon.svg", True), ("app.js", False), ("style.css", False)):
        headers = web.get(f"/dashboard/{name}").headers
        assert ("content-security-policy" in headers) is fenced
        assert headers["x-content-type-options"] == "nosniff"


def test_scripts_are_sent_without_comments_and_indents_line_by_line_as_they_are_written(
    web: WebServer,
) -> None:
    for path in (PROJECT / "dashboard").glob("*.js"):
        source = path.read_text(encoding="utf-8").split("\n")
        sent = web.get(f"/dashboard/{path.name}").text.split("\n")
        assert len(sent) == len(source)
        assert not any(line.lstrip().startswith(("//", "/*", "*")) for line in sent)
        is_in_text = False
        for written, line in zip(source, sent, strict=True):
            # What is left out is an indent or a comment, and never a line of a text.
            assert line == written.lstrip() or (line == "" and not is_in_text), written
            if line == "":
                assert written.lstrip().startswith(("//", "/*", "*")) or written == ""
            is_in_text ^= line.count("`") % 2 == 1
    assert "/*" not in web.get("/dashboard/style.css").text
    assert "License" in web.get("/dashboard/uplot/LICENSE.txt").text
