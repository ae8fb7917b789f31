"""Faults are noticed soon, harm no refresh, and heal by themselves once their cause is gone.

`make chaos` runs the long ones, such as a network that is cut for minutes.
"""

from __future__ import annotations

import asyncio
import os
import signal
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import quote

import psycopg
import pytest

from tests.support import builds
from tests.support.fleet import SECOND
from tests.support.proxy import Proxy
from tests.support.roles import owned_by_another
from tests.support.webserver import STATS, WebServer, eventually, write_row
from tests.test_server_fallback import WITH_FALLBACK, answer, prepare, refresh_loop
from vessel_activity import refresh_loop as loop
from vessel_activity.database.connections import connect_async, in_time
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vessel_activity.database.local_server import LocalServer

REFRESHES = "select count(*) from vessel_activity.refresh_log where sqlstate is null"
# The backend that refreshes, while a refresh sleeps in the trigger of `slow_refreshes`.
SLEEPER = """
    select max(pid) from pg_stat_activity
    where datname = current_database() and wait_event = 'PgSleep' and query like '%refresh%'
"""


def one(db: psycopg.Connection, query: str) -> object:
    row = db.execute(query).fetchone()
    assert row is not None
    return row[0]


def slow_refreshes(db: psycopg.Connection, seconds: float) -> None:
    """Let every refresh sleep for a while before it stores its row."""
    db.execute(
        f"""
        create or replace function public.hold_up() returns trigger language plpgsql as
        'begin perform pg_sleep({seconds}); return new; end';
        create or replace trigger hold_up before insert or update
        on public.vessel_activity_realtime for each row execute function public.hold_up()
        """
    )


@contextmanager
def stopped(pid: int) -> Iterator[None]:
    """Stop a process with SIGSTOP, and let it go on afterwards."""
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def refreshes_go_on(db: psycopg.Connection, *, within_seconds: float = 20) -> None:
    """Wait for two more refreshes: the first may have begun before."""
    before = one(db, REFRESHES)
    two_more = f"select ({REFRESHES}) >= {before} + 2"
    eventually(lambda: one(db, two_more), within_seconds=within_seconds)


# --- connections ----------------------------------------------------------------------------------


def test_a_silent_connection_is_given_up_at_its_limit(server: LocalServer, url: str) -> None:
    async def measured(proxy: Proxy) -> float:
        session = await connect_async(proxy.url(url), purpose="test", lasting=True)
        proxy.silence()
        began = time.monotonic()
        with pytest.raises(TimeoutError, match=r"no answer within 0.5 s"):
            await in_time(session, session.execute("select 1"), 0.5)
        took = time.monotonic() - began
        assert session.closed
        await session.close()
        return took

    with Proxy(server.socket_folder) as proxy:
        # psycopg alone would go on waiting for its cancellation for ten seconds.
        assert asyncio.run(measured(proxy)) < 5


def test_the_database_server_watches_a_lasting_client(server: LocalServer, url: str) -> None:
    async def settings(proxy: Proxy) -> dict[str, str]:
        session = await connect_async(proxy.url(url), purpose="test", lasting=True)
        async with session:
            cursor = await session.execute("show client_connection_check_interval")
            return await cursor.fetchone() or {}

    with Proxy(server.socket_folder) as proxy:
        assert asyncio.run(settings(proxy)) == {"client_connection_check_interval": "2s"}


def test_the_loop_leaves_a_connection_that_has_fallen_silent(
    server: LocalServer, url: str, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(url)
    monkeypatch.setattr(loop, "ANSWER_SECONDS", 0.5)

    async def play(proxy: Proxy) -> None:
        task = asyncio.create_task(loop.run(proxy.url(url)))
        try:
            await asyncio.to_thread(refreshes_go_on, db)
            proxy.silence()
            await asyncio.to_thread(refreshes_go_on, db)
        finally:
            task.cancel()
            await asyncio.wait({task})

    with Proxy(server.socket_folder) as proxy:
        asyncio.run(play(proxy))


def test_a_slow_refresh_is_not_taken_for_a_silent_connection(
    server: LocalServer, url: str, db: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare(url)
    slow_refreshes(db, 3)
    monkeypatch.setattr(loop, "ANSWER_SECONDS", 0.5)

    async def play(proxy: Proxy) -> None:
        task = asyncio.create_task(loop.run(proxy.url(url)))
        await asyncio.to_thread(refreshes_go_on, db)
        task.cancel()
        await asyncio.wait({task})

    with Proxy(server.socket_folder) as proxy:
        asyncio.run(play(proxy))
    assert one(db, "select count(*) from vessel_activity.refresh_log where sqlstate <> ''") == 0


def test_a_web_server_leaves_a_connection_that_has_fallen_silent(
    server: LocalServer, url: str
) -> None:
    write_row(url)
    with Proxy(server.socket_folder) as proxy, WebServer(proxy.url(url)) as web:
        eventually(lambda: web.get("/readyz").json()["database"] == "listening")
        proxy.silence()
        given_up = "the database can't be read: no answer within 2 s"
        eventually(lambda: given_up in web.log, within_seconds=20)
        eventually(lambda: web.get("/readyz").json()["database"] == "listening", within_seconds=20)
        write_row(url, active_now=23)
        eventually(lambda: web.get(STATS).json()["activeNow"] == 23)


# --- who holds the refresh lock ------------------------------------------------------------------


def test_a_loop_that_is_frozen_in_a_refresh_keeps_no_other_from_refreshing(
    url: str, db: psycopg.Connection
) -> None:
    prepare(url)
    slow_refreshes(db, 2)
    with refresh_loop(url) as (process, _):
        eventually(lambda: one(db, SLEEPER))
        with stopped(process.pid):
            slow_refreshes(db, 0)
            # Its refresh is committed without it.
            eventually(lambda: answer(url, REFRESHES) == 1)
            with refresh_loop(url):
                refreshes_go_on(db)


def test_a_transaction_with_the_refresh_lock_may_not_stay_idle(
    server: LocalServer, url: str
) -> None:
    show = "show idle_in_transaction_session_timeout"
    with Proxy(server.socket_folder) as proxy, psycopg.connect(proxy.url(url)) as other:
        before = other.execute("show tcp_user_timeout").fetchone()
        other.execute("select public.refresh_vessel_activity()")
        assert other.execute(show).fetchone() == ("20s",)
        other.commit()
        assert other.execute(show).fetchone() == ("0",)
        assert other.execute("show tcp_user_timeout").fetchone() == before
        other.execute("set idle_in_transaction_session_timeout = '5s'")
        other.execute("select vessel_activity.maintain()")
        assert other.execute(show).fetchone() == ("5s",)


def test_a_stopped_backend_with_the_refresh_lock_is_told_and_ends_once_it_goes_on(
    url: str, db: psycopg.Connection
) -> None:
    prepare(url)
    slow_refreshes(db, 3)
    with refresh_loop(url):
        pid = eventually(lambda: one(db, SLEEPER))
        assert isinstance(pid, int)
        with stopped(pid):
            assert one(db, "select pid from vessel_activity.refresh_lock_holder()") == pid
            assert (
                one(db, "select is_held from vessel_activity.tend_refresh_lock('manual')") is True
            )
            assert refresher(db)[0] != "fail"  # it has promised to show progress

            pass_time(db, 10)
            state, detail, hint = refresher(db)
            assert state == "fail"
            assert detail.startswith(f"session {pid} (vessel-activity refresh loop) has held the")
            assert f"pg_terminate_backend({pid})" in hint

            pass_time(db, 40)
            for _ in range(2):
                assert (
                    one(db, "select is_held from vessel_activity.tend_refresh_lock('manual')")
                    is True
                )
            told = "select count(*) from vessel_activity.refresh_log where message = %s"
            said = f"session {pid} holds the refresh lock and shows no progress; it was told to end"
            assert db.execute(told, (said,)).fetchone() == (1,)
            eventually(lambda: "but does not react" in refresher(db)[1])
            assert f"kill -CONT {pid}" in refresher(db)[2]
        slow_refreshes(db, 0)
        refreshes_go_on(db)
    assert pid != one(db, "select pg_sequence_last_value('vessel_activity.refresher')")


def test_a_session_that_promised_nothing_is_never_ended(url: str, db: psycopg.Connection) -> None:
    with psycopg.connect(url) as other:
        assert other.execute("select vessel_activity.try_refresh_lock()").fetchone() == (True,)
        pass_time(db, 3600)
        assert one(db, "select is_held from vessel_activity.tend_refresh_lock('manual')") is True
        assert other.execute("select 1").fetchone() == (1,)
    assert one(db, "select is_held from vessel_activity.tend_refresh_lock('manual')") is False


def test_an_owner_who_may_not_end_a_stuck_session_names_it(
    empty_url: str, db: psycopg.Connection
) -> None:
    with (
        owned_by_another(db, empty_url) as (owner, its_url),
        psycopg.connect(empty_url) as superuser,
        psycopg.connect(its_url, autocommit=True) as session,
    ):
        superuser.execute("select public.refresh_vessel_activity()")
        pass_time(session, 40)
        pid = superuser.info.backend_pid
        assert session.execute(
            "select * from vessel_activity.tend_refresh_lock('manual')"
        ).fetchone() == (True, pid)
        message = f"session {pid} holds the refresh lock and shows no progress; {owner} may not"
        assert one(session, "select message from vessel_activity.refresh_log order by id desc") == (
            f"{message} end it"
        )
        assert superuser.execute("select 1").fetchone() == (1,)
        superuser.rollback()


def pass_time(db: psycopg.Connection, seconds: float) -> None:
    """Put the promise of progress so many seconds back, as if they had passed since it ended."""
    db.execute(
        "select setval('vessel_activity.refresh_promise',"
        " (extract(epoch from clock_timestamp()) * 1000 - %s)::bigint)",
        (seconds * 1000,),
    )


def refresher(db: psycopg.Connection) -> tuple[str, str, str]:
    row = db.execute("select state, detail, hint from vessel_activity.check_refresher()").fetchone()
    assert row is not None
    return row


# --- when the row is out of date -----------------------------------------------------------------


def test_a_refresh_that_takes_long_is_no_alarm_while_it_keeps_its_promise(
    db: psycopg.Connection,
) -> None:
    db.execute(
        "update public.vessel_activity_realtime set updated_at = clock_timestamp() - %s",
        (50 * SECOND,),
    )
    limit = "select round(stale_after_seconds) from vessel_activity.serving()"
    fresh = "select state from vessel_activity.check_freshness()"
    assert (one(db, limit), one(db, fresh)) == (34, "fail")

    db.execute("select vessel_activity.promise_progress('1 minute')")
    found = one(db, limit)
    assert isinstance(found, float)
    assert 100 <= found <= 111
    detail = one(db, "select detail from vessel_activity.check_freshness()")
    assert str(detail).endswith("; the refresh interval is 00:00:30; a refresh is running")
    assert one(db, fresh) == "ok"

    db.execute("select vessel_activity.promise_progress('0')")
    assert (one(db, limit), one(db, fresh)) == (34, "fail")
    # Made while the clock was hours ahead.
    db.execute("select vessel_activity.promise_progress('8 hours')")
    assert (one(db, limit), one(db, fresh)) == (34, "fail")


def test_a_failed_refresh_ends_its_promise(db: psycopg.Connection) -> None:
    db.execute("select vessel_activity.promise_progress('1 minute')")
    db.execute("select vessel_activity.log_failure('manual', now(), '57014', 'stopped')")
    assert one(db, "select vessel_activity.promised_until() <= clock_timestamp()") is True


@pytest.mark.parametrize(
    ("milliseconds", "patience"),
    [([], 30), ([600_000], 30), ([5_000] * 9, 30), ([600_000, 40_000, 20], 120)],
)
def test_patience_follows_the_second_longest_of_the_last_ten_refreshes(
    db: psycopg.Connection, milliseconds: list[int], patience: int
) -> None:
    db.execute("truncate vessel_activity.refresh_log")
    log = """
        insert into vessel_activity.refresh_log (started_at, duration_ms, refreshed_by, mode)
        values (now(), %s, 'manual', %s)
    """
    for duration in [999_000_000, 999_000_000, *[1] * (10 - len(milliseconds)), *milliseconds]:
        db.execute(log, (duration, "incremental"))
    assert one(db, "select vessel_activity.refresh_patience(false)") == patience * SECOND
    assert one(db, "select vessel_activity.refresh_patience(true)") == 30 * SECOND
    for _ in range(2):
        db.execute(log, (999_000_000, "rebuild"))
    assert one(db, "select vessel_activity.refresh_patience(true)") == 3600 * SECOND


def test_a_locked_source_table_is_flagged_and_heals(url: str) -> None:
    prepare(url)
    with WebServer(url, WITH_FALLBACK) as web:
        eventually(lambda: web.get("/readyz").status_code == 200)
        with psycopg.connect(url) as locker:
            locker.execute("lock table public.vessel_positions")
            # Five seconds after the last refresh; the rest is for a busy machine.
            late = eventually(
                lambda: (got := web.get("/readyz")).status_code == 503 and got, within_seconds=20
            )
            assert late.json()["problems"][0].startswith("row: it is ")
            assert late.json()["problems"][0].endswith(
                "s old, more than 5 s; run `vessel-activity status`"
            )
        eventually(lambda: web.get("/readyz").status_code == 200, within_seconds=20)


# --- settings of the database --------------------------------------------------------------------


def test_limits_that_are_meant_for_other_programs_stop_no_refresh(
    url: str, db: psycopg.Connection
) -> None:
    prepare(url)
    limits = (
        "-c statement_timeout=5ms -c lock_timeout=1ms -c idle_in_transaction_session_timeout=1ms"
        " -c default_transaction_isolation=serializable"
    )
    slow_refreshes(db, 0.1)
    with WebServer(f"{url}&options={quote(limits)}", WITH_FALLBACK) as web:
        refreshes_go_on(db)
        assert web.get("/readyz").status_code == 200
    assert one(db, "select count(*) from vessel_activity.refresh_log where sqlstate <> ''") == 0


def test_a_shorter_interval_takes_effect_at_once(url: str, db: psycopg.Connection) -> None:
    prepare(url, "1 day")
    with refresh_loop(url):
        eventually(lambda: one(db, REFRESHES) == 1)
        db.execute("select public.vessel_activity_schedule('1 second')")
        refreshes_go_on(db)


# --- notifications -------------------------------------------------------------------------------


def test_the_rows_of_other_refreshers_are_announced_by_the_loop(
    url: str, db: psycopg.Connection
) -> None:
    prepare(url, "1 day")
    with refresh_loop(url), psycopg.connect(url, autocommit=True) as listener:
        listener.execute("listen vessel_activity")
        eventually(lambda: one(db, "select vessel_activity.is_announced()"))
        list(listener.notifies(timeout=0))
        row = db.execute("select (public.refresh_vessel_activity()).updated_at").fetchone()
        assert row is not None
        told = next(listener.notifies(timeout=20))
    assert told.payload == row[0].strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def test_the_server_listens_again_once_notifications_arrive(url: str) -> None:
    write_row(url)
    # Without old answers the server reads the row every second.
    with WebServer(url, {"VESSEL_ACTIVITY_STALE_ANSWER_SECONDS": "0"}) as web:
        eventually(lambda: web.get("/readyz").json()["database"] == "listening")
        for number in range(1, 4):
            with psycopg.connect(url) as connection:
                connection.execute(
                    "update public.vessel_activity_realtime set active_now = %s", [number]
                )
            eventually(lambda: web.get(STATS).json()["activeNow"] == number)  # noqa: B023
        eventually(lambda: web.get("/readyz").json()["database"] == "polling")
        write_row(url)
        eventually(lambda: web.get("/readyz").json()["database"] == "listening")


def test_a_notifier_that_hangs_in_its_commit_holds_up_no_refresh(
    new_server: Callable[..., LocalServer],
) -> None:
    # Its commit waits for a standby that is not there, and other notifiers wait for its commit.
    server = new_server(synchronous_standby_names="nobody")
    server.start()
    off = f"{server.url()}&options={quote('-c synchronous_commit=off')}"
    migrate.migrate(off)
    with psycopg.connect(off, autocommit=True) as db, psycopg.connect(server.url()) as culprit:
        culprit.execute("create table public.written ()")
        culprit.execute("notify elsewhere")
        culprit.pgconn.send_query(b"commit")
        hangs = "select count(*) = 1 from pg_stat_activity where wait_event = 'SyncRep'"
        eventually(lambda: one(db, hangs))
        db.execute("set statement_timeout = '10s'")
        db.execute("select public.refresh_vessel_activity()")
        assert one(db, "select vessel_activity.announce()") is False
        culprit.cancel()  # its wait; the transaction is committed all the same
        while culprit.pgconn.get_result() is not None:
            pass
        assert one(db, "select vessel_activity.announce()") is True
    server.stop("immediate")


if builds.major() >= 17:

    def test_while_the_queue_is_full_rows_are_polled_and_no_refresh_fails(
        new_server: Callable[..., LocalServer],
    ) -> None:
        server = new_server(max_notify_queue_pages="64")
        server.start()
        url = server.url()
        migrate.migrate(url)
        prepare(url)
        with (
            psycopg.connect(url, autocommit=True) as db,
            psycopg.connect(url) as culprit,
            WebServer(url, WITH_FALLBACK) as web,
        ):
            eventually(lambda: web.get("/readyz").json()["database"] == "listening")
            culprit.execute("listen elsewhere")
            culprit.commit()
            culprit.execute("select 1")  # its open transaction keeps the queue
            with suppress(psycopg.errors.ProgramLimitExceeded):
                while True:
                    db.execute("select pg_notify('elsewhere', repeat('x', 7900))")
            eventually(
                lambda: web.get("/readyz").json()["database"] == "polling", within_seconds=30
            )
            refreshes_go_on(db)
            assert web.get("/readyz").status_code == 200
            culprit.rollback()
            eventually(
                lambda: web.get("/readyz").json()["database"] == "listening", within_seconds=30
            )
            failed = "select count(*) from vessel_activity.refresh_log where sqlstate is not null"
            assert one(db, failed) == 0
        server.stop("immediate")
