"""The server and the loop work with a standby, and with several hosts in DATABASE_URL."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest

from tests.support.standby import start_standby
from tests.support.webserver import STATS, WebServer, eventually, row_as_json, write_row
from tests.test_server_fallback import refresh_loop
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vessel_activity.database.local_server import LocalServer


@pytest.fixture
def pair(new_server: Callable[..., LocalServer]) -> Iterator[tuple[LocalServer, LocalServer]]:
    """Run a primary with vessel activity, and its streaming standby."""
    primary, standby = new_server(), new_server()
    primary.start()
    migrate.migrate(primary.url())
    start_standby(primary, standby)
    yield primary, standby
    standby.stop("immediate")
    primary.stop("immediate")


def both(first: LocalServer, second: LocalServer) -> str:
    hosts = ",".join(quote(str(server.socket_folder), safe="") for server in (first, second))
    return f"postgresql://postgres@/postgres?host={hosts}&port=5432,5432"


def test_the_server_follows_the_primary_among_several_hosts(
    pair: tuple[LocalServer, LocalServer],
) -> None:
    primary, standby = pair
    write_row(primary.url())
    with WebServer(both(standby, primary)) as web:
        eventually(lambda: "listening for refreshes" in web.log)
        write_row(primary.url(), active_now=17)
        eventually(lambda: web.get(STATS).json()["activeNow"] == 17)
        assert web.get(STATS).json() == row_as_json(primary.url())

        primary.stop("immediate")
        with psycopg.connect(standby.url(), autocommit=True) as there:
            there.execute("select pg_promote()")
        write_row(standby.url(), active_now=18)

        eventually(lambda: web.get(STATS).json()["activeNow"] == 18, within_seconds=30)
        write_row(standby.url(), active_now=20)
        eventually(lambda: web.get(STATS).json()["activeNow"] == 20)


def test_a_standby_without_primary_is_polled_and_its_row_served(
    pair: tuple[LocalServer, LocalServer],
) -> None:
    primary, standby = pair
    with WebServer(standby.url()) as web:
        eventually(lambda: "polling every" in web.log)
        write_row(primary.url(), active_now=19)
        eventually(lambda: web.get(STATS).json()["activeNow"] == 19, within_seconds=20)


def test_the_loop_waits_on_a_standby_and_refreshes_after_its_promotion(
    pair: tuple[LocalServer, LocalServer],
) -> None:
    primary, standby = pair
    with psycopg.connect(primary.url(), autocommit=True) as there:
        there.execute("select public.vessel_activity_schedule('1 second')")
        row = there.execute("select pg_current_wal_flush_lsn()").fetchone()
        assert row is not None
    with refresh_loop(standby.url()) as (process, log):
        eventually(lambda: "this server is a standby" in log())
        primary.stop("immediate")
        with psycopg.connect(standby.url(), autocommit=True) as there:
            there.execute("select pg_promote()")
        eventually(lambda: "refreshed in" in log(), within_seconds=60)
        assert process.poll() is None
