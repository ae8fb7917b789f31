"""Nothing that breaks loses a report or counts it twice: a database, a disk, the feed itself."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support import ais
from tests.support.feeding import (
    Feed,
    TcpServer,
    count_of_positions,
    feed_row,
    rows_of,
    wait_until,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vessel_activity.database.local_server import LocalServer

MMSI = 257_000_000
BEGAN = datetime(2026, 5, 4, tzinfo=UTC)


@pytest.fixture
def tcp() -> Iterator[TcpServer]:
    with TcpServer() as one:
        yield one


def line(number: int) -> bytes:
    """Make a report that no other is a duplicate of."""
    return ais.timed(BEGAN + timedelta(seconds=number), ais.position(MMSI + number % 500))


class Sender:
    """Sends numbered reports at a steady rate until it is stopped."""

    def __init__(self, tcp: TcpServer, rate: int = 200) -> None:
        self.sent = 0
        self._tcp, self._rate = tcp, rate
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        while not self._stopped.wait(0.05):
            count = self._rate // 20
            self._tcp.send(*(line(self.sent + place) for place in range(count)))
            self.sent += count

    def stop(self) -> int:
        """Stop, and return how many reports were sent."""
        self._stopped.set()
        self._thread.join()
        return self.sent


@contextmanager
def sending(tcp: TcpServer, rate: int = 200) -> Iterator[Sender]:
    tcp.wait_for_client()
    sender = Sender(tcp, rate)
    sender._thread.start()
    try:
        yield sender
    finally:
        sender.stop()


def counts(url: str, name: str = "coast") -> dict[str, Any]:
    try:
        return feed_row(url, name)
    except psycopg.OperationalError:
        return {}


def all_filed(url: str, messages: int) -> dict[str, Any]:
    row = wait_until(
        lambda: (found := counts(url)) and found["messages"] >= messages and found,
        f"{messages} messages filed; {counts(url)}",
        90,
    )
    assert isinstance(row, dict)
    return row


def numbers(url: str) -> list[int]:
    """Return the numbers of the reports in the order in which they were added."""
    with rows_of(url) as connection:
        rows = connection.execute(
            'select extract(epoch from "timestamp" - %s)::int as number'
            " from public.vessel_positions order by id",
            (BEGAN,),
        ).fetchall()
    return [row["number"] for row in rows]


def assert_in_order(url: str, sent: int) -> None:
    """Check that each batch follows the one before. Within one, the database chooses the order."""
    with rows_of(url) as connection:
        batches = connection.execute(
            """
            select min(n.number) as first, max(n.number) as last, count(*) as reports
            from (
              select extract(epoch from p."timestamp" - %s)::int as number, p.id,
                p.xmin::text as batch
              from public.vessel_positions as p
            ) as n
            group by n.batch
            order by min(n.id)
            """,
            (BEGAN,),
        ).fetchall()
    following = 0
    for batch in batches:
        assert batch["first"] == following
        following = batch["last"] + 1
        assert batch["reports"] == following - batch["first"]
    assert following == sent


# --- the database --------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("how", "seconds", "rate"), [("immediate", 4, 200), ("fast", 4, 200), ("fast", 60, 1000)]
)
def test_a_database_that_is_away_under_load_loses_nothing_and_keeps_the_order(
    breakable: LocalServer,
    breakable_url: str,
    tmp_path: Path,
    tcp: TcpServer,
    *,
    how: str,
    seconds: float,
    rate: int,
) -> None:
    with Feed(breakable_url, tmp_path, [f"tcp://{tcp.address}?name=coast"]) as feed:
        with sending(tcp, rate) as sender:
            wait_until(lambda: counts(breakable_url).get("messages"), "some filed")
            breakable.stop(how)
            away = time.monotonic()
            before = sender.sent
            wait_until(lambda: list(tmp_path.rglob("*.batches")), "reports in the spool")
            # How long the database is away is what is tried, so this is no wait for a condition.
            time.sleep(max(0.0, away + seconds - time.monotonic()))
            meanwhile = sender.sent - before
            breakable.start()
            wait_until(lambda: not list(tmp_path.rglob("*.batches")), "the spool is filed", 90)
            sent = sender.stop()
        row = all_filed(breakable_url, sent)
        assert (row["messages"], row["positions"], row["lines"]) == (sent, sent, sent)
        assert (row["duplicates"], row["rejected"], row["dropped"]) == (0, 0, 0)
        assert row["reconnects"] == 0
        log = feed.log
    # A busy machine may send less than it should.
    assert meanwhile > seconds * rate / 5
    assert_in_order(breakable_url, sent)
    assert log.count("takes no reports") <= 4
    assert "filing again" in log


@pytest.mark.slow
def test_a_feed_may_begin_before_its_database(
    breakable: LocalServer, breakable_url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    breakable.stop("fast")
    with Feed(breakable_url, tmp_path, [f"tcp://{tcp.address}?name=coast"]):
        tcp.send(line(1))
        wait_until(lambda: list(tmp_path.rglob("*.batches")), "the report in the spool")
        breakable.start()
        assert all_filed(breakable_url, 1)["positions"] == 1


@pytest.mark.slow
def test_a_full_spool_drops_the_oldest_reports_and_counts_them(
    breakable: LocalServer, breakable_url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    environment = {"VESSEL_ACTIVITY_FEED_SPOOL_MB": "1"}
    with Feed(breakable_url, tmp_path, [f"tcp://{tcp.address}?name=coast"], environment) as feed:
        tcp.send(line(0))
        all_filed(breakable_url, 1)
        breakable.stop("fast")
        sent = 1
        while "dropped the oldest" not in feed.log:
            tcp.send(*(line(number) for number in range(sent, sent + 1000)))
            sent += 1000
            time.sleep(0.1)
        time.sleep(2)
        size = sum(path.stat().st_size for path in tmp_path.rglob("*.batches"))
        breakable.start()
        row = wait_until(
            lambda: (
                (found := counts(breakable_url))
                and found["messages"] + found["dropped"] == sent
                and found
            ),
            "all reports are filed or counted as dropped",
            90,
        )
    assert size <= 1024 * 1024
    assert row["dropped"] > 0
    assert row["positions"] == row["messages"] == count_of_positions(breakable_url)
    # The newest are kept.
    kept = sorted(numbers(breakable_url))
    assert kept == [0, *range(sent - len(kept) + 1, sent)]


def test_a_locked_table_delays_reports_but_loses_none(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=coast"]), psycopg.connect(url) as lock:
        tcp.send(line(0))
        all_filed(url, 1)
        lock.execute("lock table public.vessel_positions in access exclusive mode")
        tcp.send(*(line(number) for number in range(1, 50)))
        wait_until(lambda: list(tmp_path.rglob("*.batches")), "reports in the spool")
        tcp.send(*(line(number) for number in range(50, 100)))
        lock.rollback()
        assert all_filed(url, 100)["positions"] == 100


def test_a_session_that_is_ended_by_an_operator_is_opened_again(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=coast"]), sending(tcp) as sender:
        for _ in range(4):
            before = sender.sent
            all_filed(url, before + 20)
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where application_name = 'vessel-activity feed'"
                )
        sent = sender.stop()
        row = all_filed(url, sent)
    assert (row["messages"], row["positions"], row["duplicates"]) == (sent, sent, 0)


def test_a_row_that_a_constraint_refuses_does_not_stop_the_others(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "alter table public.vessel_positions add constraint north check (latitude > 50)"
        )
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=coast"]):
        south = ais.timed(BEGAN, ais.position(MMSI, latitude=-50))
        tcp.send(*(line(number) for number in range(1, 40)), south, line(40))
        row = all_filed(url, 41)
    assert (row["positions"], row["rejected"]) == (40, 1)
    assert next(iter(row["rejected_by_reason"])).startswith("refused by the source tables")


def test_a_database_that_is_not_migrated_is_waited_for(
    empty_url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    from vessel_activity.install import migrate  # noqa: PLC0415

    with Feed(empty_url, tmp_path, [f"tcp://{tcp.address}?name=coast"]) as feed:
        tcp.send(line(1))
        wait_until(lambda: "run `vessel-activity migrate`" in feed.log, "the log says what to do")
        migrate.migrate(empty_url)
        assert all_filed(empty_url, 1)["positions"] == 1


# --- the feed itself -----------------------------------------------------------------------------


@pytest.mark.slow
def test_a_feed_that_is_killed_loses_at_most_the_last_second(
    breakable: LocalServer, breakable_url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    sources = [f"tcp://{tcp.address}?name=coast"]
    with Feed(breakable_url, tmp_path, sources) as feed:
        tcp.send(line(0))
        all_filed(breakable_url, 1)
        breakable.stop("fast")  # all reports are in the spool now, or younger than a second
        tcp.send(*(line(number) for number in range(1, 500)))
        wait_until(lambda: list(tmp_path.rglob("*.batches")), "reports in the spool")
        tcp.send(*(line(number) for number in range(500, 1000)))
        time.sleep(3)
        feed.kill()
    breakable.start()
    with Feed(breakable_url, tmp_path, sources) as again:
        row = all_filed(breakable_url, 1000)
        assert "999 messages wait" in again.log
    assert (row["messages"], row["positions"], row["duplicates"]) == (1000, 1000, 0)
    assert sorted(numbers(breakable_url)) == list(range(1000))


def test_reports_that_were_filed_before_a_kill_are_not_filed_again(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    sources = [f"tcp://{tcp.address}?name=coast"]
    total = 0
    for _ in range(3):
        with Feed(url, tmp_path, sources) as feed:
            tcp.wait_for_client(tcp.connected + 1 if total else 1)
            tcp.send(*(line(number) for number in range(total, total + 300)))
            total += 300
            all_filed(url, total)
            feed.kill()
    row = feed_row(url, "coast")
    assert (row["messages"], row["positions"]) == (900, 900)


def test_sigterm_files_what_is_in_hand(url: str, tmp_path: Path, tcp: TcpServer) -> None:
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=coast"]) as feed:
        tcp.send(line(0))
        all_filed(url, 1)
        tcp.send(*(line(number) for number in range(1, 2000)))
        time.sleep(0.2)
        assert feed.stop() < 15  # the bound is 5 s; a busy machine gets more
        assert "stopped: 2,000 messages, 2,000 positions added" in feed.log
    row = feed_row(url, "coast")
    assert (row["messages"], row["state"]) == (2000, "ended")
    assert not list(tmp_path.rglob("*.batches"))


def test_sigterm_leaves_in_the_spool_what_the_database_does_not_take(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    sources = [f"tcp://{tcp.address}?name=coast"]
    with psycopg.connect(url) as lock:
        with Feed(url, tmp_path, sources) as feed:
            tcp.send(line(0))
            all_filed(url, 1)
            lock.execute("lock table public.vessel_positions in access exclusive mode")
            tcp.send(*(line(number) for number in range(1, 100)))
            time.sleep(0.5)
            assert feed.stop() < 15
        lock.rollback()
    with Feed(url, tmp_path, sources):
        row = all_filed(url, 100)
    assert (row["messages"], row["positions"]) == (100, 100)


# --- the sources, as status sees them ------------------------------------------------------------


def test_a_source_that_says_nothing_is_told_as_silent(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=coast&silence=1"]):
        row = wait_until(
            lambda: (found := feed_row(url, "coast")) and found["state"] == "silent" and found,
            "the source is silent",
        )
        assert row["error"].startswith("no byte for")
        assert row["reconnects"] >= 1
        tcp.send(line(1))
        all_filed(url, 1)
        wait_until(lambda: feed_row(url, "coast")["state"] == "connected", "connected again")


def test_a_source_that_closes_every_moment_goes_on(
    url: str, tmp_path: Path, tcp: TcpServer
) -> None:
    def once(client: Any) -> None:  # noqa: ANN401 - a socket
        client.sendall(line(tcp.connected) + b"\n")
        tcp.drop()

    tcp.on_connect(once)
    with Feed(url, tmp_path, [f"tcp://{tcp.address}?name=coast"]) as feed:
        all_filed(url, 5)
        assert feed_row(url, "coast")["reconnects"] >= 4
        assert feed.log.count("waiting") <= 2


def test_a_source_that_can_not_be_reached_is_told_with_the_reason(url: str, tmp_path: Path) -> None:
    with TcpServer() as gone:
        address = gone.address
    with Feed(url, tmp_path, [f"tcp://{address}?name=coast"]):
        row = wait_until(
            lambda: (found := feed_row(url, "coast")) and found["error"] and found, "an error"
        )
        assert row["error"] == "Connection refused"
        assert row["state"] in {"waiting", "connecting"}
