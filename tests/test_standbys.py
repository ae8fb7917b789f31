"""Two standbys serve the page behind a load balancer, and a failover needs nobody's help."""

from __future__ import annotations

import itertools
import subprocess
import threading
import time
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import httpx
import psycopg
import pytest

from tests.conftest import PROJECT
from tests.support.fleet import add_positions
from tests.support.standby import start_standby
from tests.support.webserver import STATS, WebServer, eventually, fetch
from tests.test_deploy_proxies import PROGRAMS, changed, free_ports
from tests.test_server_fallback import refresh_loop
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vessel_activity.database.local_server import LocalServer


class Asked(NamedTuple):
    """One answer of the load balancer."""

    at: float
    status: int
    updated_at: str


@pytest.fixture
def servers(new_server: Callable[..., LocalServer]) -> Iterator[list[LocalServer]]:
    """Run a primary with vessel activity, and two standbys, of which each may be promoted."""
    primary, one, other = new_server(), new_server(), new_server()
    primary.start()
    migrate.migrate(primary.url())
    with psycopg.connect(primary.url(), autocommit=True) as db:
        db.execute("select public.vessel_activity_schedule(interval '2 seconds')")
    start_standby(primary, one, other)
    start_standby(primary, other, one)
    yield [primary, one, other]
    for server in (one, other, primary):
        server.stop("immediate")


def url_of(servers: list[LocalServer]) -> str:
    hosts = ",".join(quote(str(server.socket_folder), safe="") for server in servers)
    ports = ",".join("5432" for _ in servers)
    return f"postgresql://postgres@/postgres?host={hosts}&port={ports}"


@contextmanager
def balancer(folder: Path, webs: list[WebServer]) -> Iterator[str]:
    """Run Caddy with the configuration of deploy/; give its address."""
    (port,) = free_ports(1)
    text = changed(
        (PROJECT / "deploy" / "Caddyfile.standbys").read_text(),
        {
            "{\n\t# Event": "{\n\tadmin off\n\tstorage file_system " + str(folder) + "\n\t# Event",
            "127.0.0.1:8001 127.0.0.1:8002": " ".join(f"127.0.0.1:{web.port}" for web in webs),
            "http://127.0.0.1:8000": f"http://127.0.0.1:{port}",
        },
    )
    (folder / "Caddyfile").write_text(text)
    command = [str(PROGRAMS["caddy"]), "run", "--config", str(folder / "Caddyfile")]
    process = subprocess.Popen(
        [*command, "--adapter", "caddyfile"],
        env={"HOME": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        address = f"http://127.0.0.1:{port}"
        eventually(lambda: fetch(address + "/healthz").status_code == 200)
        yield address
    finally:
        process.terminate()
        process.wait(10)


@contextmanager
def traffic(servers: list[LocalServer]) -> Iterator[list[datetime]]:
    """Write a position every 50 ms to whichever server is the primary; give their times."""
    written: list[datetime] = []
    stop = threading.Event()

    def write() -> None:
        url = url_of(servers) + "&target_session_attrs=read-write&connect_timeout=2"
        while not stop.is_set():
            with suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as db:
                while not stop.wait(0.05):
                    at = datetime.now(UTC)
                    add_positions(db, (len(written) % 40, at))
                    written.append(at)
            stop.wait(0.1)

    thread = threading.Thread(target=write)
    thread.start()
    try:
        yield written
    finally:
        stop.set()
        thread.join()


@contextmanager
def readers(address: str) -> Iterator[list[Asked]]:
    """Ask the load balancer every 50 ms; give its answers."""
    answers: list[Asked] = []
    stop = threading.Event()

    def ask() -> None:
        with httpx.Client(base_url=address, timeout=10) as client:
            while not stop.wait(0.05):
                answer = client.get(STATS)
                told = answer.json()["updatedAt"] if answer.status_code == 200 else ""
                answers.append(Asked(time.monotonic(), answer.status_code, told))

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        stop.set()
        thread.join()


def received(server: LocalServer) -> int:
    """Return how much of the log of the primary a standby has."""
    with psycopg.connect(server.url(), autocommit=True) as db:
        row = db.execute("select pg_last_wal_receive_lsn() - '0/0'::pg_lsn").fetchone()
    assert row is not None
    return int(row[0])


def is_ready(web: WebServer, database: str | None = None) -> bool:
    told = web.get("/readyz").json()
    return bool(told["ready"]) and database in (None, told["database"])


def is_unready(web: WebServer) -> bool:
    return not is_ready(web)


def test_a_failover_under_load_needs_nobody(servers: list[LocalServer], tmp_path: Path) -> None:
    primary, *standbys = servers
    with (
        refresh_loop(url_of(servers)) as (loop, log),
        WebServer(standbys[0].url()) as one,
        WebServer(standbys[1].url()) as other,
        balancer(tmp_path, [one, other]) as address,
        traffic(servers) as written,
    ):
        for web in (one, other):
            eventually(partial(is_ready, web, "polling"), within_seconds=30)
            # A refresh every 2 s: a row on a standby is as old as one of the primary.
            assert 0 <= web.get("/readyz").json()["ageSeconds"] < 6

        with readers(address) as answers:
            primary.stop("immediate")
            died, last = time.monotonic(), datetime.now(UTC)
            # The row gets old on both standbys, and /readyz says so.
            for web in (one, other):
                eventually(partial(is_unready, web), within_seconds=30)
                assert web.get("/readyz").status_code == 503
                assert web.get("/readyz").json()["problems"][0].startswith("row: it is ")
            # A tool for failover promotes the standby that has received most.
            promoted = max(standbys, key=received)
            with psycopg.connect(promoted.url(), autocommit=True) as db:
                db.execute("select pg_promote()")
            for web in (one, other):
                eventually(partial(is_ready, web), within_seconds=60)
            eventually(lambda: written[-1] > last, within_seconds=30)
            eventually(
                lambda: answers[-1].updated_at > last.isoformat(timespec="milliseconds"),
                within_seconds=30,
            )

        assert [answer for answer in answers if answer.status != 200] == []
        # The page was asked all the time, and never waited.
        times = [died, *(answer.at for answer in answers)]
        assert max(after - before for before, after in itertools.pairwise(times)) < 5
        told = [answer.updated_at for answer in answers]
        assert told[0] < last.isoformat() < told[-1]
        assert loop.poll() is None
        assert "refreshed in" in log()

    # The new primary has exact figures, also of what was written after the failover.
    with psycopg.connect(promoted.url(), autocommit=True) as db:
        row = db.execute("select public.refresh_vessel_activity()::text").fetchone()
        same = db.execute(
            "select a::text from public.vessel_activity_realtime as r,"
            " public.vessel_activity_at(r.updated_at) as a"
        ).fetchone()
        assert row == same


def test_the_loop_on_a_standby_says_once_that_it_waits(servers: list[LocalServer]) -> None:
    _, standby, _ = servers
    with refresh_loop(standby.url()) as (_, log):
        eventually(lambda: "this server is a standby" in log())
        time.sleep(5)  # two more looks
        assert log().count("this server is a standby") == 1
        assert "refreshing again" not in log()
