"""The server and the loop work behind a PgBouncer in transaction mode."""

from __future__ import annotations

import os
import shutil
import signal
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

import psycopg
import pytest

from tests.conftest import folder_for_servers
from tests.support.webserver import HISTORY, STATS, WebServer, eventually, row_as_json, write_row
from tests.test_server_fallback import answer, prepare, refresh_loop

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vessel_activity.database.local_server import LocalServer

# Debian installs it in /usr/sbin, which is not on the path of users.
PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
pytestmark = pytest.mark.skipif(
    PGBOUNCER is None, reason="pgbouncer is not installed; run scripts/install-packages"
)


@pytest.fixture(scope="module")
def pooler(server: LocalServer) -> Iterator[str]:
    """Run PgBouncer in transaction mode before the tests' server; give the folder of its socket."""
    with folder_for_servers() as folder:
        server.account.give(folder)
        settings = folder / "pgbouncer.ini"
        settings.write_text(
            f"""
            [databases]
            * = host={server.socket_folder} port=5432 user=postgres
            [pgbouncer]
            listen_addr =
            listen_port = 6432
            unix_socket_dir = {folder}
            auth_type = any
            admin_users = postgres
            pool_mode = transaction
            server_lifetime = 1
            logfile = {folder}/log
            pidfile = {folder}/pid
            """
        )
        settings.chmod(0o644)
        done = server.account.run([str(PGBOUNCER), "--daemon", str(settings)], folder)
        assert done.returncode == 0, done.stdout
        pid = eventually(lambda: _text(folder / "pid"))
        yield str(folder)
        os.kill(int(pid), signal.SIGTERM)
        eventually(lambda: not (folder / "pid").exists())


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def through(pooler: str, url: str) -> str:
    """Return the URL of the same database behind the pooler."""
    name = urlsplit(url).path[1:]
    return f"postgresql://postgres@/{name}?host={quote(pooler, safe='')}&port=6432"


@pytest.fixture
def pooled_url(pooler: str, url: str) -> Iterator[str]:
    """Give the URL of a freshly migrated database behind the pooler, and disconnect it afterwards.

    A database with a connection of the pool can't be dropped.
    """
    yield through(pooler, url)
    with psycopg.connect(through(pooler, "/pgbouncer"), autocommit=True) as console:
        name = urlsplit(url).path[1:]
        console.execute(f"kill {name}".encode())


def test_rows_are_polled_behind_a_pooler_and_the_log_says_so(url: str, pooled_url: str) -> None:
    write_row(url)
    with WebServer(pooled_url) as web:
        for number in range(100, 104):
            write_row(url, active_now=number)
            eventually(lambda: web.get(STATS).json() == row_as_json(url), within_seconds=20)
        eventually(lambda: "polling every 1 s" in web.log)
        assert "is there a pooler in between" in web.log
        write_row(url, active_now=200)
        eventually(lambda: web.get(STATS).json()["activeNow"] == 200, within_seconds=4)
        assert "vessel_activity_listening 0.0" in web.get("/metrics").text
        assert web.get(HISTORY + "?range=1h").status_code == 200


def test_the_loop_refreshes_through_a_pooler_and_leaves_its_sessions_as_they_were(
    url: str, pooled_url: str
) -> None:
    prepare(url)
    with refresh_loop(pooled_url) as (process, log):
        # Often enough for psycopg to prepare a statement and for the pool to change connections.
        eventually(
            lambda: answer(url, "select count(*) >= 8 from vessel_activity.refresh_log"),
            within_seconds=30,
        )
        assert process.poll() is None
        assert "failed" not in log()
        assert answer(pooled_url, "show synchronous_commit") == "on"
