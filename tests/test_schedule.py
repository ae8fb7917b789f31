"""A scheduled refresh sleeps without locks and ends before statement_timeout would cancel it.

The procedure is called here as pg_cron calls it. tests/test_pg_cron.py has real runs of pg_cron.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from threading import Thread
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.support.webserver import eventually
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTITIONED = """
    create table vessel_positions (
      id bigserial, "vesselId" bigint, timestamp timestamptz not null,
      latitude float8, longitude float8, speed numeric, course real
    ) partition by range (timestamp);
    create table p_old partition of vessel_positions
      for values from (minvalue) to (now() - interval '30 minutes')
"""
INSERT = """
    insert into vessel_positions ("vesselId", timestamp, speed) values (7, clock_timestamp(), 12)
"""
OLD_ROW = """
    update vessel_activity_realtime set updated_at = clock_timestamp() - interval '21 seconds'
"""
LOCKS = """
    select l.locktype, l.relation::regclass::text, l.mode
    from pg_locks as l where l.pid = %s and l.locktype <> 'virtualxid'
"""
SLEEPS = """
    select extract(epoch from clock_timestamp() - xact_start)::float8 from pg_stat_activity
    where pid = %s and wait_event = 'PgSleep'
"""


@pytest.fixture
def partitioned_url(empty_url: str) -> str:
    """Migrate a database whose positions are partitioned by time, with an interval of 20 s."""
    with psycopg.connect(empty_url) as db:
        db.execute(PARTITIONED)
    migrate.migrate(empty_url)
    with psycopg.connect(empty_url) as db:
        db.execute("select vessel_activity_schedule('20 seconds')")
        db.execute(OLD_ROW)
    return empty_url


class Job:
    """A run of the job in a session of its own."""

    def __init__(self, url: str, period_seconds: int) -> None:
        """Start the run."""
        self.db = psycopg.connect(url, autocommit=True)
        self.error: psycopg.Error | None = None
        self._call = f"call vessel_activity.scheduled_refresh({period_seconds})"
        self._thread = Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self.db.execute(self._call.encode())
        except psycopg.Error as error:
            self.error = error

    @property
    def pid(self) -> int:
        """Process id of its session."""
        return self.db.info.backend_pid

    @property
    def runs(self) -> bool:
        """Whether the run has not ended."""
        return self._thread.is_alive()

    def join(self) -> None:
        """Wait for the end of the run."""
        self._thread.join(70)
        assert not self.runs

    def stop(self) -> None:
        """End the run if it has not ended."""
        if self.runs:
            self.db.cancel()
        self._thread.join(10)
        self.db.close()


@contextmanager
def running(url: str, period_seconds: int) -> Iterator[Job]:
    """Run the job during the block."""
    job = Job(url, period_seconds)
    try:
        yield job
    finally:
        job.stop()


@contextmanager
def asleep(url: str, db: psycopg.Connection, period_seconds: int = 30) -> Iterator[Job]:
    """Run the job, and begin the block when it sleeps."""
    with running(url, period_seconds) as job:
        eventually(lambda: rows(db, SLEEPS, job.pid))
        yield job
        assert job.runs, job.error


def rows(db: psycopg.Connection, query: str, *values: object) -> list[tuple[Any, ...]]:
    """Return the rows of a query."""
    return db.execute(query.encode(), values).fetchall()


@pytest.fixture
def session(partitioned_url: str) -> Iterator[psycopg.Connection]:
    """Open a session on that database."""
    with psycopg.connect(partitioned_url, autocommit=True) as db:
        yield db


# --- while it sleeps ------------------------------------------------------------------------------


def test_a_writer_of_a_new_partition_does_not_wait_for_the_sleeping_job(
    partitioned_url: str, session: psycopg.Connection
) -> None:
    session.execute("create table pnew partition of vessel_positions default")
    with running(partitioned_url, 30) as job:
        time.sleep(1)
        session.execute("set statement_timeout = '500ms'")

        session.execute(INSERT)

        assert job.runs, job.error
    triggers = "select count(*) from vessel_activity.note_triggers() where relation = %s::regclass"
    assert rows(session, triggers, "pnew") == [(4,)]


def test_the_sleeping_job_holds_no_lock_and_no_old_snapshot(
    partitioned_url: str, session: psycopg.Connection
) -> None:
    session.execute("create table pnew partition of vessel_positions default")
    with asleep(partitioned_url, session) as job:
        ages = []
        until = time.monotonic() + 3
        while time.monotonic() < until:
            before, locks, after = (rows(session, q, job.pid) for q in (SLEEPS, LOCKS, SLEEPS))
            # Between two sleeps, the job may look at the row and at the settings.
            if before and after and before <= after:
                assert locks == []
            ages += [age for (age,) in after]
            time.sleep(0.01)
        assert len(ages) > 100
        assert max(ages) < 0.75  # half a second, on a busy machine


def test_an_index_can_be_built_concurrently_while_the_job_sleeps(
    partitioned_url: str, session: psycopg.Connection
) -> None:
    with asleep(partitioned_url, session):
        began = time.monotonic()
        session.execute("create index concurrently on vessels (name)")
        assert time.monotonic() - began < 2


def test_manual_refreshes_and_verifications_are_not_refused_while_the_job_sleeps(
    partitioned_url: str, session: psycopg.Connection
) -> None:
    said: list[str | None] = []
    session.add_notice_handler(lambda notice: said.append(notice.message_primary))
    session.execute("create table pnew partition of vessel_positions default")
    with asleep(partitioned_url, session):
        for vessel in range(1, 19):
            session.execute(INSERT.replace("(7,", f"({vessel},").encode())
            refreshed = rows(session, "select (refresh_vessel_activity()).active_now")
            assert refreshed == [(vessel,)]
            verified = rows(session, "select bool_and(equal) from vessel_activity_verify()")
            assert verified == [(True,)]
    assert said == []


def test_migrate_is_not_delayed_by_the_sleeping_job(
    partitioned_url: str, session: psycopg.Connection
) -> None:
    with asleep(partitioned_url, session):
        began = time.monotonic()
        migrate.migrate(partitioned_url)
        assert time.monotonic() - began < 5


# --- statement_timeout ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("period", "statement_timeout", "seconds"),
    [
        (60, "0", 59.5),
        (30, "0", 29.5),
        (60, "5s", 4.5),
        (60, "5000ms", 4.5),
        (60, "1min", 59.5),
        (60, "1h", 59.5),
        (60, "250ms", -0.25),
    ],
)
def test_a_run_ends_half_a_second_before_its_period_or_its_timeout(
    db: psycopg.Connection, period: int, statement_timeout: str, seconds: float
) -> None:
    began = datetime(2026, 1, 2, tzinfo=UTC)
    ends_at = rows(
        db,
        "select vessel_activity.run_ends_at(%s, %s, %s)",
        period,
        statement_timeout,
        began,
    )
    assert ends_at == [(began + timedelta(seconds=seconds),)]


def test_a_run_refreshes_as_often_as_statement_timeout_allows(
    db: psycopg.Connection, url: str
) -> None:
    db.execute(f"alter database {db.info.dbname} set statement_timeout = '5s'".encode())
    db.execute("select vessel_activity_schedule('1 second')")
    db.execute("delete from vessel_activity.refresh_log")
    db.execute("delete from vessel_activity_realtime")
    with running(url, 60) as job:
        began = time.monotonic()
        job.join()
        assert job.error is None
        assert time.monotonic() - began < 5
    log = rows(
        db, "select refreshed_by, sqlstate, count(*) from vessel_activity.refresh_log group by 1, 2"
    )
    assert log == [("pg_cron", None, 5)]


def test_a_run_with_a_timeout_shorter_than_the_interval_refreshes_once_and_succeeds(
    db: psycopg.Connection, url: str
) -> None:
    db.execute(f"alter database {db.info.dbname} set statement_timeout = '5s'".encode())
    db.execute("delete from vessel_activity.refresh_log")
    db.execute("delete from vessel_activity_realtime")
    with running(url, 60) as job:
        job.join()
        assert job.error is None
    log = rows(db, "select refreshed_by, sqlstate from vessel_activity.refresh_log")
    assert log == [("pg_cron", None)]


def test_a_run_says_that_a_table_is_locked_before_statement_timeout_would_cancel_it(
    db: psycopg.Connection, url: str
) -> None:
    db.execute(f"alter database {db.info.dbname} set statement_timeout = '2s'".encode())
    db.execute("delete from vessel_activity.refresh_log")
    db.execute("delete from vessel_activity_realtime")
    with psycopg.connect(url) as other:
        other.execute("set statement_timeout = 0")
        other.execute("lock table vessel_positions in access exclusive mode")
        with running(url, 60) as job:
            job.join()
            assert job.error is None
    log = rows(db, "select refreshed_by, sqlstate, message from vessel_activity.refresh_log")
    assert log == [
        ("pg_cron", "55P03", 'could not obtain lock on relation "public.vessel_positions"'),
    ]


def test_the_timeout_of_the_job_is_the_most_specific_setting(db: psycopg.Connection) -> None:
    def timeout(role: str) -> str | None:
        found = rows(db, "select vessel_activity.job_statement_timeout(%s)", role)
        return str(found[0][0]) if found and found[0][0] is not None else None

    name = db.info.dbname
    assert timeout("postgres") is None
    with db.transaction(force_rollback=True):
        db.execute("create role captain")
        db.execute(f"alter database {name} set statement_timeout = '7s'".encode())
        assert (timeout("postgres"), timeout("captain")) == ("7s", "7s")
        db.execute("alter role captain set statement_timeout = 5000")
        assert (timeout("postgres"), timeout("captain")) == ("7s", "5000ms")
        db.execute(f"alter role captain in database {name} set statement_timeout = 0".encode())
        assert (timeout("postgres"), timeout("captain")) == ("7s", None)


# --- failures -------------------------------------------------------------------------------------


def test_a_failed_maintenance_is_a_warning_and_the_run_goes_on(
    db: psycopg.Connection,
) -> None:
    said: list[tuple[str | None, str | None]] = []
    db.add_notice_handler(
        lambda notice: said.append((notice.severity_nonlocalized, notice.message_primary))
    )
    db.execute(
        "create or replace function vessel_activity.maintain() returns void language plpgsql as "
        "$$ begin raise exception 'no'; end $$"
    )
    db.execute("delete from vessel_activity_realtime")

    db.execute("call vessel_activity.scheduled_refresh(1)")

    assert said == [("WARNING", "maintenance put off: no")]
    assert rows(db, "select count(*) from vessel_activity_realtime") == [(1,)]


def test_a_change_of_the_interval_gives_up_if_the_settings_are_locked(
    db: psycopg.Connection, url: str
) -> None:
    with psycopg.connect(url) as other:
        other.execute("select from vessel_activity.settings for update")
        with pytest.raises(psycopg.errors.LockNotAvailable) as refused:
            db.execute("select public.vessel_activity_schedule(interval '10 seconds')")
        # A call that changes nothing needs no lock, as in every migrate.
        db.execute("select public.vessel_activity_schedule()")
    assert refused.value.diag.message_primary == (
        "another session has locked the settings of vessel activity; the interval was not changed"
    )
    assert db.execute("select refresh_interval from vessel_activity.settings").fetchone() == (
        timedelta(seconds=30),
    )
