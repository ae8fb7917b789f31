"""The metrics tell what the database and the server do, and cost next to nothing."""

from __future__ import annotations

import socket
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.webserver import HISTORY, STREAM, WebServer, eventually, write_row
from vessel_activity.paths import MIGRATIONS
from vessel_activity.web.member_metrics import member_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_CONNECTIONS = 3
# On a busy machine the database may take longer than the server waits by default.
PATIENT = {"VESSEL_ACTIVITY_ANSWER_TIMEOUT_SECONDS": "30"}


def samples(web: WebServer) -> dict[tuple[str, ...], float]:
    """Read /metrics: value by name and by the values of the labels, in the order of their names."""
    return {
        (sample.name.removeprefix("vessel_activity_"), *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(web.get("/metrics").text)
        for sample in family.samples
    }


def log_row(db: psycopg.Connection, **values: object) -> None:
    """Write a row into the log of refreshes, begun at the second 1,000 of 2026."""
    values = {"started_at": "2026-01-01 00:16:40+00", "duration_ms": 1, **values}
    names, marks = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    insert = f"insert into vessel_activity.refresh_log ({names}) values ({marks})"  # noqa: S608
    db.execute(insert.encode(), values)


@pytest.fixture
def web(url: str) -> Iterator[WebServer]:
    write_row(url)
    with WebServer(url, PATIENT) as running:
        yield running


def test_refreshes_and_failures_are_counted_by_kind(web: WebServer, db: psycopg.Connection) -> None:
    db.execute("truncate vessel_activity.refresh_log, vessel_activity.refresh_count")
    for milliseconds in (100, 300):
        log_row(db, duration_ms=milliseconds, refreshed_by="pg_cron", mode="incremental")
    log_row(db, duration_ms=50, refreshed_by="fallback", mode="rebuild")
    log_row(db, refreshed_by="fallback", sqlstate="57014")
    log_row(db, refreshed_by="fallback", sqlstate="57014")
    log_row(db, started_at="2026-01-01 00:20:00+00", refreshed_by="pg_cron", sqlstate="XY123")
    eventually(lambda: ("refresh_failures_total", "XY123", "pg_cron", "XY123") in samples(web))
    found = samples(web)
    assert found["refreshes_total", "incremental", "pg_cron"] == 2
    assert found["refreshes_total", "rebuild", "fallback"] == 1
    assert found["refresh_failures_total", "QueryCanceled", "fallback", "57014"] == 2
    assert found["refresh_failures_total", "XY123", "pg_cron", "XY123"] == 1
    assert found["refresh_seconds_total",] == 0.45
    new_year = 1_767_225_600
    assert found["last_refresh_info", "rebuild", "fallback"] == 1
    assert found["last_refresh_timestamp_seconds",] == new_year + 1000
    assert found["last_failure_timestamp_seconds",] == new_year + 1200
    assert found["measures_up",] == 1


def test_the_counts_outlive_the_log(web: WebServer, db: psycopg.Connection) -> None:
    db.execute("truncate vessel_activity.refresh_log restart identity")
    db.execute("truncate vessel_activity.refresh_count")
    for _ in range(298):
        log_row(db, refreshed_by="manual", mode="definition")
    db.execute("update vessel_activity.settings set log_retention = '1 day'")
    # The rows 299 and 300; with the latter the older rows are counted and deleted.
    for _ in range(2):
        db.execute("select vessel_activity.log_failure('fallback', now(), '53100', 'full')")
    kept = db.execute("select min(id), count(*) from vessel_activity.refresh_log").fetchone()
    assert kept == (201, 100)
    key = ("refresh_failures_total", "DiskFull", "fallback", "53100")
    eventually(lambda: samples(web).get(key) == 2)
    assert samples(web)["refreshes_total", "definition", "manual"] == 298

    # The log is emptied by hand, and its numbers begin anew: the counts go on.
    db.execute("truncate vessel_activity.refresh_log restart identity")
    for _ in range(200):
        db.execute("select vessel_activity.log_failure('fallback', now(), '53100', 'full')")
    eventually(lambda: samples(web).get(key) == 200)
    assert samples(web)["refreshes_total", "definition", "manual"] == 200


def test_a_session_that_counts_the_log_holds_up_no_other(db: psycopg.Connection, url: str) -> None:
    with psycopg.connect(url) as counting:
        counting.execute("select from vessel_activity.refresh_counted for update")
        db.execute("set statement_timeout = '5s'")
        for _ in range(100):
            db.execute("select vessel_activity.log_failure('fallback', now(), '57014', 'x')")


def test_verification_inbox_and_migration_are_told(web: WebServer, db: psycopg.Connection) -> None:
    assert ("verification_equal",) not in samples(web)
    for equal, minute in ((False, 10), (True, 20)):
        log_row(
            db,
            refreshed_by="manual",
            mode="incremental",
            as_of=f"2026-01-01 00:{minute}:00+00",
            verification=f'{{"equal": {str(equal).lower()}}}',
        )
    db.execute("update vessel_activity.settings set inbox_limit_bytes = 123456789")
    db.execute("insert into vessel_activity.inbox (sign) select 0 from generate_series(1, 10000)")
    eventually(lambda: samples(web).get(("inbox_limit_bytes",)) == 123456789)
    found = samples(web)
    assert found["verification_equal",] == 1
    assert found["verification_timestamp_seconds",] == 1_767_225_600 + 20 * 60
    assert found["verifications_different",] == 1
    assert 10_000 * 24 < found["inbox_bytes",] < 10_000 * 100
    newest = len(list(MIGRATIONS.glob("*.sql")))
    assert found["migration_version",] == found["migration_version_expected",] == newest
    assert ("cron_job_active",) not in found


def test_metrics_without_the_database_are_those_of_the_process(
    web: WebServer, db: psycopg.Connection
) -> None:
    assert samples(web)["measures_up",] == 1
    db.execute("alter function vessel_activity.measures() rename to unmeasured")
    eventually(lambda: samples(web)["measures_up",] == 0)
    found = samples(web)
    assert found["database_up",] == 1
    assert not {"refresh_seconds_total", "inbox_bytes", "migration_version"} & {
        name for name, *_ in found
    }
    web.stop()
    assert "the measures can't be read: function vessel_activity.measures() does not" in web.log


def test_a_week_of_refreshes_each_second_is_told_at_once(
    web: WebServer, db: psycopg.Connection
) -> None:
    db.execute("truncate vessel_activity.refresh_log restart identity")
    db.execute(
        "insert into vessel_activity.refresh_log"
        " (started_at, as_of, duration_ms, refreshed_by, mode, verification)"
        " select t, t, 5, 'pg_cron', 'incremental',"
        "   case when n % 3600 = 0 then '{\"equal\": true}'::json end"
        " from generate_series(604800, 1, -1) as n,"
        "   lateral (select now() - n * interval '1 s') as a (t)"
    )
    # A refresh would have counted them by now.
    db.execute("select vessel_activity.tend_log(604800)")
    for _ in range(200):
        log_row(db, refreshed_by="fallback", sqlstate="57014")
    eventually(lambda: samples(web).get(("refreshes_total", "incremental", "pg_cron")) == 604_800)

    # The rows that one answer reads, since the time depends on the machine too.
    before = _rows_read(db)
    db.execute("select * from vessel_activity.measures()")
    assert _rows_read(db) - before < 1000


def _rows_read(db: psycopg.Connection) -> int:
    db.execute("select pg_stat_force_next_flush()")
    row = db.execute(
        "select seq_tup_read + idx_tup_fetch from pg_stat_user_tables where relname = 'refresh_log'"
    ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_crowd_at_every_endpoint_takes_three_connections(url: str) -> None:
    """300 requests for /metrics at a time, beside history and streams, and the refresh loop."""
    write_row(url)
    paths = ["/metrics"] * 300 + [STREAM] * 20
    for span in ("1h", "24h", "7d", "30d"):
        paths += [f"{HISTORY}?range={span}", f"{HISTORY}.csv?range={span}"] * 5
    most = 0
    with (
        WebServer(url, {"VESSEL_ACTIVITY_FALLBACK": "on", **PATIENT}) as web,
        psycopg.connect(url, autocommit=True) as watcher,
        ThreadPoolExecutor(len(paths)) as crowd,
    ):
        eventually(lambda: _sessions(watcher) >= 2)  # the listener and the loop
        for _ in range(3):
            answers = [crowd.submit(_first_line, web.port, path) for path in paths]
            while not all(answer.done() for answer in answers):
                most = max(most, _sessions(watcher))
            assert {answer.result() for answer in answers} == {b"HTTP/1.1 200 OK\r\n"}
        assert _sessions(watcher) == MOST_CONNECTIONS
    assert most == MOST_CONNECTIONS


def _first_line(port: int, path: str) -> bytes:
    """Ask for a path over a connection of its own, and return the first line of the answer."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        with connection.makefile("rb") as answer:
            return answer.readline()


def test_a_broken_connection_costs_no_answer(web: WebServer, db: psycopg.Connection) -> None:
    assert samples(web)["measures_up",] == 1
    ended = db.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where datname = current_database() and query like '%measures()%'"
        " and pid <> pg_backend_pid()"
    ).fetchall()
    assert ended == [(True,)]
    time.sleep(1.1)  # until the measures are read anew
    assert samples(web)["measures_up",] == 1


def _sessions(watcher: psycopg.Connection) -> int:
    row = watcher.execute(
        "select count(*) from pg_stat_activity"
        " where datname = current_database() and pid <> pg_backend_pid()"
        " and backend_type = 'client backend'"
    ).fetchone()
    assert row is not None
    return int(row[0])


# --- members --------------------------------------------------------------------------------------


def test_each_member_of_a_combining_database_is_told() -> None:
    members = [
        {
            "name": "north",
            "answers": True,
            "answered_at": "2026-01-01T00:00:05+00:00",
            "round_trip_ms": 12.5,
            "clashes": 3,
        },
        {
            "name": "south",
            "answers": False,
            "answered_at": None,
            "round_trip_ms": None,
            "clashes": None,
        },
    ]

    found = {
        (sample.name.removeprefix("vessel_activity_member_"), sample.labels["member"]): sample.value
        for metric in member_metrics(members)
        for sample in metric.samples
    }

    assert found == {
        ("up", "north"): 1,
        ("up", "south"): 0,
        ("answer_timestamp_seconds", "north"): 1_767_225_605,
        ("answer_seconds", "north"): 0.0125,
        ("shared_vessels", "north"): 3,
    }
    assert list(member_metrics([])) == []
