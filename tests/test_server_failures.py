"""The server keeps answering while its database hangs, is gone, comes back or sends no notices."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, LiteralString
from urllib.parse import quote

import httpx
import psycopg
import pytest

from tests.support.webserver import (
    HISTORY,
    PROJECT,
    STATS,
    STREAM,
    WebServer,
    eventually,
    row_as_json,
    write_row,
)
from vessel_activity.database.errors import in_one_line
from vessel_activity.errors import SettingsError
from vessel_activity.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vessel_activity.database.local_server import LocalServer

UNCONFIRMED = "x-vessel-activity-unconfirmed"
FAILED = {"error": "Failed to fetch vessel stats"}
NO_GRACE = {"VESSEL_ACTIVITY_STALE_ANSWER_SECONDS": "0"}


@contextmanager
def locked(url: str, table: LiteralString = "public.vessel_activity_realtime") -> Iterator[None]:
    """Lock a table, by default that of the cached row, so that nobody can read it."""
    with psycopg.connect(url) as connection:
        connection.execute(f"lock table {table} in access exclusive mode")
        yield


def test_a_locked_table_at_start_is_a_500_after_two_seconds_with_the_reason_logged_only(
    module_url: str,
) -> None:
    write_row(module_url)
    with WebServer(module_url) as web:
        with locked(module_url):
            web.stop()
            web.start()
            began = time.monotonic()
            answer = web.get(STATS)
            assert (answer.status_code, answer.json()) == (500, FAILED)
            assert answer.headers["cache-control"] == "no-store"
            assert time.monotonic() - began < 2.5
            assert web.get("/readyz").status_code == 503
        eventually(lambda: web.get(STATS).status_code == 200)
        assert web.get(STATS).json() == row_as_json(module_url)
        web.stop()
        assert "the database can't be read: no answer within 2 s" in web.log


def test_a_taken_port_is_named_and_ends_the_server(module_url: str) -> None:
    with WebServer(module_url) as web:
        second = subprocess.run(
            [sys.executable, "server.py"],
            cwd=PROJECT,
            env={**os.environ, "DATABASE_URL": module_url, "PORT": str(web.port)},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert second.returncode == 2
    assert second.stderr.splitlines()[-1] == (
        f"error: can't listen on 127.0.0.1:{web.port} (Address already in use);"
        " choose another HOST or PORT"
    )


def test_a_table_locked_later_is_a_500_at_once_if_no_old_answer_may_be_served(
    module_url: str,
) -> None:
    write_row(module_url)
    with WebServer(module_url, NO_GRACE) as web:
        assert web.get(STATS).status_code == 200
        with locked(module_url):
            eventually(lambda: web.get(STATS).status_code == 500, within_seconds=4)
            assert web.get(STATS).json() == FAILED
        eventually(lambda: web.get(STATS).status_code == 200)


def test_the_last_good_answer_is_served_with_its_age_as_long_as_allowed(
    breakable: LocalServer, breakable_url: str
) -> None:
    write_row(breakable_url)
    with WebServer(breakable_url, {"VESSEL_ACTIVITY_STALE_ANSWER_SECONDS": "3"}) as web:
        good = web.get(STATS)
        assert not {UNCONFIRMED, "age"} & set(good.headers)
        breakable.stop("immediate")
        aged = eventually(lambda: "age" in (got := web.get(STATS)).headers and got)
        assert aged.json() == good.json()
        assert 1 <= int(aged.headers["age"]) <= 3
        assert aged.headers[UNCONFIRMED] == aged.headers["age"]
        # Otherwise a browser would keep the mark beyond the end of the trouble.
        unchanged = web.get(STATS, headers={"if-none-match": good.headers["etag"]})
        assert (unchanged.status_code, unchanged.json()) == (200, good.json())
        assert unchanged.headers["cache-control"] == "no-store"
        assert int(unchanged.headers[UNCONFIRMED]) >= int(aged.headers["age"])
        assert web.get("/readyz").json()["problems"][0].startswith("database: it can't be read")
        eventually(lambda: web.get(STATS).status_code == 500, within_seconds=5)
        assert web.get(STATS).json() == FAILED
        breakable.start()
        write_row(breakable_url, active_now=23)
        # The server may have read the row from before.
        eventually(lambda: web.get(STATS).json().get("activeNow") == 23)
        back = web.get(STATS)
        assert not {UNCONFIRMED, "age"} & set(back.headers)
        eventually(lambda: web.get("/readyz").json()["database"] == "listening")


def test_a_frozen_database_is_noticed_in_two_seconds_too(
    breakable: LocalServer, breakable_url: str
) -> None:
    write_row(breakable_url)
    with WebServer(breakable_url, NO_GRACE) as web:
        assert web.get(STATS).status_code == 200
        eventually(lambda: web.get("/readyz").json()["database"] == "listening")
        with frozen(breakable):
            eventually(lambda: web.get(STATS).status_code == 500, within_seconds=4)
            assert web.get("/readyz").json()["database"] == "connecting"
        eventually(lambda: web.get(STATS).status_code == 200)
        eventually(lambda: web.get("/readyz").json()["database"] == "listening")


def test_many_requests_for_a_hanging_history_share_one_wait(
    module_url: str,
) -> None:
    with WebServer(module_url) as web:
        with locked(module_url, "vessel_activity.history"), ThreadPoolExecutor(6) as crowd:
            began = time.monotonic()
            answers = list(crowd.map(web.get, [HISTORY] * 6))
            assert {answer.status_code for answer in answers} == {500}
            assert 2 <= time.monotonic() - began < 3.5
            assert answers[0].json() == {"error": "Failed to fetch vessel history"}
            began = time.monotonic()
            assert web.get(HISTORY).status_code == 500  # the failure is remembered
            assert time.monotonic() - began < 1
        eventually(lambda: web.get(HISTORY).status_code == 200)
        web.stop()
        assert web.log.count("the history can't be read: TimeoutError") == 1


def test_the_last_good_history_is_served_at_once_while_the_database_hangs(
    breakable: LocalServer, breakable_url: str
) -> None:
    with WebServer(breakable_url) as web:
        good = web.get(HISTORY)
        assert good.status_code == 200
        with frozen(breakable):
            eventually(lambda: web.get("/readyz").status_code == 503)
            # Beyond this age the history would be read anew.
            eventually(lambda: int(web.get(HISTORY).headers["age"]) >= 10, within_seconds=20)
            began = time.monotonic()
            assert web.get(HISTORY).content == good.content
            assert time.monotonic() - began < 1


def test_a_server_started_before_its_database_serves_once_the_database_runs(
    breakable: LocalServer, breakable_url: str
) -> None:
    write_row(breakable_url)
    breakable.stop()
    with WebServer(breakable_url) as web:
        assert web.get(STATS).json() == FAILED
        assert web.get("/dashboard/vessels").status_code == 200
        assert web.get("/healthz").status_code == 200
        breakable.start()
        eventually(lambda: web.get(STATS).status_code == 200)


def test_no_password_reaches_the_log_or_an_answer(
    breakable: LocalServer, breakable_url: str
) -> None:
    breakable.stop()
    secret = "open-sesame-1729"  # noqa: S105
    url = breakable_url.replace("postgres@", f"postgres:{secret}@")
    try:
        with WebServer(url) as web:
            answers = [web.get(path).text for path in (STATS, "/readyz", "/dashboard/vessels")]
            web.stop()
            assert "the database can't be read" in web.log
            assert secret not in web.log
            assert not any(secret in answer for answer in answers)
    finally:
        breakable.start()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        # A libpq that quotes its input says this; the rest of the message stays readable.
        (
            'unexpected character "q" at position 30 in URI "postgresql://u:s3@cret@h/x": port',
            'unexpected character "q" at position 30 in URI "postgresql://u:***@h/x": port',
        ),
        (
            "in connection info string \"host=h password=s3cret user=u sslpassword='s3 \\'cret'\"",
            'in connection info string "host=h password=*** user=u sslpassword=***"',
        ),
        (
            'URI "postgresql://h:5432/x?password=s3cret&a"',
            'URI "postgresql://h:5432/x?password=***&a"',
        ),
        ('FATAL:  password authentication\n failed for user "u"',) * 2,
    ],
)
def test_a_password_is_masked_in_its_place(text: str, told: str) -> None:
    assert in_one_line(psycopg.OperationalError(text)) == " ".join(told.split())


def test_a_password_of_one_letter_is_not_given_away_by_masking(
    breakable: LocalServer, breakable_url: str
) -> None:
    breakable.stop()
    try:
        with WebServer(breakable_url.replace("postgres@", "postgres:e@")) as web:
            eventually(lambda: "the database can't be read: connection is bad" in web.log)
            assert "***" not in web.log
    finally:
        breakable.start()


@pytest.mark.parametrize("password", ["s3/cret", "s3@cret", "5432/s3cret", "@", "/"])
def test_a_password_that_libpq_would_misread_is_refused_without_showing_it(
    password: str,
) -> None:
    with pytest.raises(SettingsError, match="must be percent-encoded") as refused:
        Settings.from_env({"DATABASE_URL": f"postgresql://u:{password}@h/x"})
    assert "cret" not in str(refused.value)
    fine = f"postgresql://u:{quote(password, safe='')}@h/x?options=@"
    assert Settings.from_env({"DATABASE_URL": fine}).database_url == fine


def test_sigterm_ends_open_streams_and_leaves_nothing_running(module_url: str) -> None:
    write_row(module_url)
    with WebServer(module_url) as web, httpx.stream("GET", web.address + STREAM) as stream:
        lines = stream.iter_lines()
        assert next(lines).startswith("retry:")
        began = time.monotonic()
        assert web.stop() == 0
        assert time.monotonic() - began < 2
        assert list(lines)  # the rest arrives and the response ends as it should
    assert sessions_of_the_server(module_url) == 0


def test_sigterm_leaves_no_statement_running_in_the_database(module_url: str) -> None:
    write_row(module_url)
    waiting = (
        "select count(*) > 0 from pg_stat_activity"
        " where application_name like 'vessel_activity%' and wait_event_type = 'Lock'"
    )
    with (
        WebServer(module_url, NO_GRACE) as web,
        locked(module_url),
        psycopg.connect(module_url, autocommit=True) as watcher,
    ):
        eventually(lambda: watcher.execute(waiting).fetchone() == (True,))
        assert web.stop() == 0
        eventually(lambda: watcher.execute(waiting).fetchone() == (False,), within_seconds=2)
    eventually(lambda: sessions_of_the_server(module_url) == 0)


def test_without_notifications_the_server_polls_and_says_so(module_url: str) -> None:
    write_row(module_url)
    with WebServer(module_url, NO_GRACE) as web:
        eventually(lambda: web.get("/readyz").json()["database"] == "listening")
        with psycopg.connect(module_url, autocommit=True) as connection:
            for number in range(1, 4):
                connection.execute(
                    "update public.vessel_activity_realtime set active_now = %s", [number]
                )
                eventually(partial(serves, web, number))
        eventually(lambda: web.get("/readyz").json()["database"] == "polling")
        web.stop()
        assert "polling every 1 s" in web.log


@contextmanager
def frozen(cluster: LocalServer) -> Iterator[None]:
    """Stop every process of a PostgreSQL server with SIGSTOP."""
    pid = cluster.pid()
    assert pid is not None
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    family = [pid, *map(int, children)]
    for member in family:
        os.kill(member, signal.SIGSTOP)
    try:
        yield
    finally:
        # The parent last, since a running parent would reap its children and free their ids.
        for member in reversed(family):
            os.kill(member, signal.SIGCONT)


def serves(web: WebServer, active_now: int) -> bool:
    return bool(web.get(STATS).json()["activeNow"] == active_now)


def sessions_of_the_server(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from pg_stat_activity where application_name like 'vessel_activity%'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_server_whose_listener_broke_stops_and_says_why(module_url: str) -> None:
    write_row(module_url)
    # No failure of the database may break the listener, so the test puts a defect in.
    defect = (
        "import server\n"
        "def publish(self): raise RuntimeError('a defect')\n"
        "server.stream.Stream.publish = publish\n"
        "server.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", defect],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": module_url, "PORT": "0"},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert "stopping: the listener broke" in ended.stderr
    assert "RuntimeError: a defect" in ended.stderr
