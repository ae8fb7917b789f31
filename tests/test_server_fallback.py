"""The refresh loop refreshes if nobody else does, inside the server and on its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg

from tests.conftest import COMMAND
from tests.support.webserver import STATS, WebServer, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vessel_activity.database.local_server import LocalServer

WITH_FALLBACK = {"VESSEL_ACTIVITY_FALLBACK": "on"}


def answer(url: str, query: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    return row[0] if row else None


@contextmanager
def refresh_loop(url: str) -> Iterator[tuple[subprocess.Popen[str], Callable[[], str]]]:
    """Run the loop on its own; give its process and a function that reads its log."""
    process = subprocess.Popen(
        [*COMMAND, "refresh-loop"],
        env={**os.environ, "DATABASE_URL": url},
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []

    def read() -> None:
        assert process.stderr is not None
        with process.stderr:
            lines.extend(process.stderr)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    yield process, lambda: "".join(lines)
    if process.poll() is None:
        process.terminate()
    process.wait(10)
    reader.join(5)


def prepare(url: str, interval: str = "1 second") -> None:
    """Make refreshes due at an interval and clear the log."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select public.vessel_activity_schedule(%s::interval)", [interval])
        connection.execute("delete from public.vessel_activity_realtime")
        connection.execute("truncate vessel_activity.refresh_log")


def test_the_server_refreshes_if_nobody_else_does_and_serves_the_result(url: str) -> None:
    prepare(url)
    answer(
        url,
        "insert into public.vessels (mmsi, flag) values ('257000001', 'NO') returning id",
    )
    with WebServer(url, WITH_FALLBACK) as web:
        eventually(lambda: web.get(STATS).json()["totalVessels"] == 1)
        eventually(lambda: answer(url, "select count(*) >= 2 from vessel_activity.refresh_log"))
        by = answer(
            url, "select string_agg(distinct refreshed_by, ',') from vessel_activity.refresh_log"
        )
        assert by == "fallback"
        assert web.get("/readyz").status_code == 200


def test_the_loop_does_not_refresh_a_row_that_another_session_refreshes(url: str) -> None:
    prepare(url, "1 hour")
    answer(url, "select (public.refresh_vessel_activity()).updated_at")
    with WebServer(url, WITH_FALLBACK) as web:
        eventually(
            lambda: answer(
                url,
                "select count(*) > 0 from pg_stat_activity"
                " where application_name like '%refresh loop' and query like '%refresh_if_due%'"
                " and state = 'idle' and datname = current_database()",
            )
        )
        assert web.get(STATS).status_code == 200
        assert answer(url, "select count(*) from vessel_activity.refresh_log") == 1


def test_two_loops_refresh_as_often_as_one(url: str) -> None:
    prepare(url)
    with refresh_loop(url), refresh_loop(url):
        eventually(lambda: answer(url, "select count(*) >= 5 from vessel_activity.refresh_log"))
    shortest = answer(
        url,
        "select min(gap) > interval '0.8 seconds' from (select as_of - lag(as_of) over"
        " (order by as_of) as gap from vessel_activity.refresh_log where sqlstate is null) as gaps",
    )
    assert shortest is True


def test_the_loop_logs_the_figures_and_statistics_every_ten_refreshes(url: str) -> None:
    prepare(url)
    with refresh_loop(url) as (_, log):
        eventually(lambda: "last 10 refreshes: average" in log(), within_seconds=20)
        assert log().count("refreshed in") >= 10
        assert "0 active now" in log()


def test_the_loop_warns_of_a_slow_refresh(url: str) -> None:
    prepare(url)
    answer(url, "update vessel_activity.settings set slow_after = '1 microsecond' returning 1")
    with refresh_loop(url) as (_, log):
        eventually(lambda: re.search(r"WARNING slow refresh: \d+ ms", log()))
    answer(url, "update vessel_activity.settings set slow_after = default returning 1")


def test_a_failure_is_logged_in_both_places_and_does_not_end_the_loop(url: str) -> None:
    prepare(url)
    with refresh_loop(url) as (process, log):
        eventually(lambda: "refreshed in" in log())
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("alter table public.vessels rename to ships")
            eventually(lambda: "refresh failed" in log())
            eventually(
                lambda: answer(
                    url,
                    "select count(*) > 1 from vessel_activity.refresh_log where sqlstate = '42P01'",
                )
            )
            assert log().count("refresh failed") == 1  # logged once, however long it lasts
            connection.execute("alter table public.ships rename to vessels")
            since = answer(url, "select max(id) from vessel_activity.refresh_log")
        eventually(
            lambda: answer(
                url,
                f"select count(*) > 0 from vessel_activity.refresh_log"  # noqa: S608
                f" where sqlstate is null and id > {since}",
            ),
            within_seconds=20,
        )
        eventually(lambda: "refreshing again" in log())
        assert process.poll() is None


def test_the_loop_repairs_the_triggers_after_a_refresh(url: str) -> None:
    prepare(url)
    with refresh_loop(url), psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter table vessel_positions disable trigger vessel_activity_deleted")
        eventually(
            lambda: answer(
                url,
                "select tgenabled = 'O' from pg_trigger where tgname = 'vessel_activity_deleted'"
                " and tgrelid = 'vessel_positions'::regclass",
            )
        )


def test_the_loop_goes_on_when_the_database_comes_back(
    breakable: LocalServer, breakable_url: str
) -> None:
    prepare(breakable_url)
    with refresh_loop(breakable_url) as (_, log):
        eventually(lambda: "refreshed in" in log())
        breakable.stop("immediate")
        eventually(lambda: "refresh failed" in log())
        breakable.start()
        before = log().count("refreshed in")
        eventually(lambda: log().count("refreshed in") > before, within_seconds=20)
    prepare(breakable_url, "30 seconds")  # other tests use this database too


def test_a_signal_ends_the_loop_at_once_and_leaves_no_statement_running(url: str) -> None:
    waiting = (
        "select count(*) > 0 from pg_stat_activity where application_name like '%refresh loop'"
        " and wait_event_type = 'Lock' and datname = current_database()"
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        prepare(url)
        with (
            psycopg.connect(url) as locker,
            refresh_loop(url) as (process, _),
        ):
            locker.execute("lock table public.vessel_activity_realtime")
            eventually(lambda: answer(url, waiting))
            process.send_signal(number)
            assert process.wait(3) == 0
            eventually(lambda: answer(url, waiting) is False, within_seconds=2)


def test_a_read_only_default_is_not_called_a_standby(url: str) -> None:
    prepare(url)
    name = answer(url, "select current_database()")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"alter database {name} set default_transaction_read_only = on")
    with refresh_loop(url) as (_, log):
        eventually(lambda: "refresh failed: " in log(), within_seconds=30)
        assert "default_transaction_read_only is on for role postgres" in log()
        assert "standby" not in log()
        assert f"alter role postgres in database {name} set" in log()
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("set default_transaction_read_only = off")
            connection.execute(f"alter database {name} reset default_transaction_read_only")
