"""pg_cron refreshes the figures in every database; without pg_cron the refresh loop does."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import COMMAND, PROJECT
from tests.support.webserver import eventually
from vessel_activity.install import migrate, rollback
from vessel_activity.install import pg_cron as cron

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vessel_activity.database.local_server import LocalServer

pytestmark = pytest.mark.needs("pg_cron")

LAUNCHER = "select pid from pg_stat_activity where backend_type = 'pg_cron launcher'"
HOME = "home of cron"
_MINUTE_JOB = timedelta(seconds=62)
"""Until a job of pg_cron 1.4, which knows minutes only, has started for certain."""


@contextmanager
def cron_server(new_server: Callable[..., LocalServer]) -> Iterator[LocalServer]:
    """Run a server with pg_cron, which connects through the socket without a password."""
    server = new_server(shared_preload_libraries="pg_cron", **{"cron.database_name": HOME})
    server.options["cron.host"] = str(server.datadir)
    server.start()
    assert server.socket_folder == server.datadir
    try:
        with connected(server, "postgres") as db:
            db.execute(f'create database "{HOME}"')
            # The launcher ends while its database is missing, and is started anew a second later.
            eventually(lambda: db.execute(LAUNCHER).fetchone() is not None, within_seconds=60)
        yield server
    finally:
        server.stop("immediate")


@contextmanager
def connected(
    server: LocalServer, database: str, role: str = "postgres"
) -> Iterator[psycopg.Connection]:
    """Open a session in autocommit."""
    url = server.url(database).replace("postgres@", f"{role}@")
    with psycopg.connect(url, autocommit=True) as db:
        yield db


def made(server: LocalServer, database: str) -> str:
    """Create and migrate a database, and return its URL."""
    if database != HOME:
        with connected(server, "postgres") as db:
            db.execute(f'create database "{database}"')
    migrate.migrate(server.url(database))
    return server.url(database)


def cron_check(db: psycopg.Connection) -> tuple[str, str, str | None]:
    """Return state, detail and hint of the status's check of pg_cron."""
    row = db.execute(
        "select state, detail, hint from vessel_activity_status() where check_name = 'pg_cron'"
    ).fetchone()
    assert row is not None
    return row


def jobs(server: LocalServer) -> dict[str, tuple[str, str, str, bool]]:
    """Return schedule, command, database and state of each job, by name."""
    with connected(server, HOME) as db:
        rows = db.execute(
            "select jobname, schedule, command, database, active from cron.job"
        ).fetchall()
    return {name: (schedule, *rest) for name, schedule, *rest in rows}


@contextmanager
def fallback_loop(url: str) -> Iterator[None]:
    """Run the refresh loop as `make refresh-loop` does."""
    process = subprocess.Popen(
        [*COMMAND, "refresh-loop"],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=20) in {0, 128 + signal.SIGTERM, -signal.SIGTERM}


class Refreshes:
    """Waits for the refreshes of one database by listening to their notifications."""

    def __init__(self, db: psycopg.Connection) -> None:
        """Begin to listen."""
        self._db = db
        db.execute("listen vessel_activity")
        row = db.execute("select coalesce(max(id), 0) from vessel_activity.refresh_log").fetchone()
        assert row is not None
        self._since = row[0]

    def until(
        self, by: str, count: int, within: timedelta, after: datetime | None = None
    ) -> list[datetime]:
        """Wait for that many refreshes by one refresher, and return their instants."""
        deadline = datetime.now(UTC) + within
        while True:
            rows = self._db.execute(
                """
                select as_of from vessel_activity.refresh_log
                where id > %s and refreshed_by = %s and as_of > %s order by id
                """,
                (self._since, by, after or datetime.min.replace(tzinfo=UTC)),
            ).fetchall()
            if len(rows) >= count:
                return [at for (at,) in rows]
            left = (deadline - datetime.now(UTC)).total_seconds()
            assert left > 0, f"{len(rows)} of {count} refreshes by {by}"
            for _ in self._db.notifies(timeout=left, stop_after=1):
                pass

    def by(self) -> set[str]:
        """Return the refreshers since then."""
        rows = self._db.execute(
            "select distinct refreshed_by from vessel_activity.refresh_log where id > %s",
            (self._since,),
        )
        return {by for (by,) in rows}


@pytest.mark.slow
def test_pg_cron_refreshes_every_database_and_the_loop_only_those_without_a_job(
    new_server: Callable[..., LocalServer],
) -> None:
    with cron_server(new_server) as server, ExitStack() as stack:
        # The database of pg_cron; another one; one with a different interval; one whose job is off.
        urls = {name: made(server, name) for name in (HOME, "other", "brisk", "off")}
        db = {name: stack.enter_context(connected(server, name)) for name in urls}
        refreshes = {name: Refreshes(db[name]) for name in urls}
        db["brisk"].execute("select public.vessel_activity_schedule('5 seconds')")
        db["off"].execute("select public.vessel_activity_schedule('1 second')")
        db[HOME].execute(
            "select cron.alter_job(jobid, active := false) from cron.job "
            "where jobname = 'vessel_activity refresh off'"
        )
        assert cron_check(db[HOME])[:2] == ("ok", "the job is scheduled; no run has ended yet")

        # If the job is off, the loop takes over at the interval.
        stack.enter_context(fallback_loop(urls["off"]))
        taken_over = refreshes["off"].until("fallback", 3, timedelta(seconds=20))
        assert all(0.9 < (b - a).total_seconds() < 3 for a, b in pairwise(taken_over))

        # Every five seconds; a running job follows a change to every second at once.
        brisk = refreshes["brisk"].until("pg_cron", 3, _MINUTE_JOB + timedelta(seconds=20))
        assert all(4 < (b - a).total_seconds() < 8 for a, b in pairwise(brisk))
        db["brisk"].execute("select public.vessel_activity_schedule('1 second')")
        soon = refreshes["brisk"].until("pg_cron", 4, timedelta(seconds=20), after=brisk[-1])
        assert (soon[3] - soon[1]).total_seconds() < 5

        # With pg_cron at work a loop beside it has nothing to do.
        stack.enter_context(fallback_loop(urls[HOME]))
        stack.enter_context(fallback_loop(urls["other"]))
        for name in (HOME, "other"):
            ticks = refreshes[name].until("pg_cron", 2, timedelta(seconds=65))
            assert 26 < (ticks[1] - ticks[0]).total_seconds() < 33, name
            assert refreshes[name].by() == {"pg_cron"}
        assert refreshes["off"].by() == {"fallback"}
        assert (
            not db["other"]
            .execute("select 1 from vessel_activity.refresh_log where sqlstate is not null")
            .fetchall()
        )


def test_migrate_schedules_one_job_each_and_rollback_takes_them_away(
    new_server: Callable[..., LocalServer],
) -> None:
    with cron_server(new_server) as server:
        for name in (HOME, "other"):
            made(server, name)
            migrate.migrate(server.url(name))
        there = jobs(server)

        assert sorted(there) == sorted(
            f"vessel_activity {what} {name}"
            for what in ("refresh", "purge")
            for name in (HOME, "other")
        )
        for name in (HOME, "other"):
            schedule, command, database, active = there[f"vessel_activity refresh {name}"]
            assert schedule in {"* * * * *", "30 seconds"}
            assert command.startswith("call vessel_activity.scheduled_refresh(")
            assert (database, active) == (name, True)
            assert there[f"vessel_activity purge {name}"][2] == HOME

        # pg_cron keeps its runs for ever; vessel activity deletes those of its jobs after a day.
        with connected(server, HOME) as db:
            db.execute("select cron.schedule('somebody else''s', '0 0 1 1 *', 'select 1')")
            db.execute(
                """
                insert into cron.job_run_details (jobid, runid, status, start_time)
                select j.jobid, 1000000 + 10 * j.jobid + d.days, 'succeeded', now() - make_interval(days => d.days)
                from cron.job as j cross join (values (0), (2)) as d (days)
                """  # noqa: E501
            )
            db.execute(there["vessel_activity purge other"][1])
            left = db.execute(
                """
                select j.jobname, count(*) from cron.job_run_details as d
                join cron.job as j using (jobid)
                where d.runid > 1000000 group by 1 order by 1
                """
            ).fetchall()
            assert left == [
                ("somebody else's", 2),
                (f"vessel_activity purge {HOME}", 2),
                ("vessel_activity purge other", 1),
                (f"vessel_activity refresh {HOME}", 2),
                ("vessel_activity refresh other", 1),
            ]

        rollback.rollback(server.url("other"))
        assert sorted(jobs(server)) == [
            "somebody else's",
            f"vessel_activity purge {HOME}",
            f"vessel_activity refresh {HOME}",
        ]
        rollback.rollback(server.url(HOME))
        assert sorted(jobs(server)) == ["somebody else's"]


def test_pg_cron_1_5_runs_the_job_every_few_seconds_itself(
    new_server: Callable[..., LocalServer],
) -> None:
    def refresh_job(db: psycopg.Connection, version: str, interval: str) -> tuple[str, str]:
        # Only the catalog is checked: the installed pg_cron may be too old to run such a job.
        db.execute("update pg_extension set extversion = %s where extname = 'pg_cron'", [version])
        db.execute("update vessel_activity.settings set refresh_interval = %s", [interval])
        row = db.execute(
            "select schedule, command from vessel_activity.cron_jobs() where job_name ~ 'refresh'"
        ).fetchone()
        assert row is not None
        return row

    each_minute = ("* * * * *", "call vessel_activity.scheduled_refresh(60)")
    with cron_server(new_server) as server:
        made(server, HOME)
        with connected(server, HOME) as db:
            for version in ("1.5", "1.6", "1.10", "2.0"):
                assert refresh_job(db, version, "10 seconds") == (
                    "10 seconds",
                    "call vessel_activity.scheduled_refresh(10)",
                )
            assert refresh_job(db, "1.6", "5 minutes") == each_minute
            assert refresh_job(db, "1.6", "1.5 seconds") == each_minute
            assert refresh_job(db, "1.4-1", "10 seconds") == each_minute


def test_the_status_names_the_obstacle_to_pg_cron(
    new_server: Callable[..., LocalServer],
) -> None:
    with cron_server(new_server) as server, ExitStack() as stack:
        admin = stack.enter_context(connected(server, HOME))
        admin.execute("create role plain login")
        admin.execute(f'grant create on database "{HOME}" to plain')
        admin.execute("grant create, usage on schema public to plain")
        admin.execute("grant pg_read_all_settings to plain")
        migrate.migrate(server.url(HOME).replace("postgres@", "plain@"))
        plain = stack.enter_context(connected(server, HOME, "plain"))

        def said() -> str:
            row = plain.execute("select public.vessel_activity_schedule()").fetchone()
            assert row is not None
            return str(row[0])

        # The role may not install pg_cron.
        assert "by the refresh loop (pg_cron can't be used: permission denied" in said()
        state, detail, hint = cron_check(plain)
        assert (state, "its extension is not installed" in detail) == ("warn", True)
        assert "create extension pg_cron" in (hint or "")

        # Installed, but the role may not use it.
        admin.execute("create extension pg_cron")
        assert "permission denied for schema cron" in said()
        state, detail, hint = cron_check(plain)
        assert (state, "plain may not use schema cron" in detail) == ("warn", True)
        assert "grant usage on schema cron to plain" in (hint or "")

        # The role may use it, but nothing is scheduled yet.
        admin.execute("grant usage on schema cron to plain")
        state, detail, hint = cron_check(plain)
        assert (state, "no job is scheduled for this database; refreshes need" in detail) == (
            "warn",
            True,
        )
        assert hint == "Run select public.vessel_activity_schedule()."

        # Scheduled, by a role that is no superuser.
        assert said() == "refreshed every 00:00:30 by pg_cron"
        assert cron_check(plain)[:2] == ("ok", "the job is scheduled; no run has ended yet")

        # Switched off.
        switch = (
            "select cron.alter_job(jobid, active := %s) from cron.job "
            "where jobname like 'vessel_activity refresh%%'"
        )
        admin.execute(switch, (False,))
        state, detail, hint = cron_check(plain)
        assert (state, "switched off" in detail) == ("warn", True)
        assert "cron.alter_job" in (hint or "")
        admin.execute(switch, (True,))

        # Its last run failed, and then one succeeded.
        run = """
            insert into cron.job_run_details
              (jobid, runid, username, status, return_message, start_time)
            select jobid, %s, 'plain', %s, %s, '2026-01-02 03:04:05+00' from cron.job
            where jobname like 'vessel_activity refresh%%'
        """
        admin.execute(run, (1_000_000, "failed", "connection failed"))
        state, detail, hint = cron_check(plain)
        assert (state, detail) == (
            "fail",
            "the last run of the job, at 2026-01-02 03:04:05+00, failed: connection failed",
        )
        assert "pg_hba.conf" in (hint or "")
        # pg_cron 1.4 leaves the start open if it could not connect.
        admin.execute("update cron.job_run_details set start_time = null where runid = 1000000")
        assert cron_check(plain)[1] == "the last run of the job failed: connection failed"
        admin.execute(run, (1_000_001, "succeeded", "CALL"))
        assert cron_check(plain)[:2] == (
            "ok",
            "the last run of the job, at 2026-01-02 03:04:05+00, succeeded",
        )

        # Seen from another database of the server.
        made(server, "other")
        with connected(server, "other") as other:
            state, detail, hint = cron_check(other)
            other.execute("alter database other set statement_timeout = '5s'")
            limited = cron_check(other)
        assert (state, f'pg_cron runs in database "{HOME}", whose jobs' in detail) == ("ok", True)
        assert "where database = 'other'" in (hint or "")
        assert limited[0] == "warn"
        assert limited[1].startswith("statement_timeout is 5s for role postgres in this database.")


def test_the_status_tells_if_statement_timeout_ends_the_runs_of_the_job(
    new_server: Callable[..., LocalServer],
) -> None:
    hint = f'Run alter role postgres in database "{HOME}" set statement_timeout = 0.'
    run = """
        insert into cron.job_run_details
          (jobid, runid, username, status, return_message, start_time)
        select jobid, %s, 'postgres', %s, %s, '2026-01-02 03:04:05+00' from cron.job
        where jobname like 'vessel_activity refresh%%'
    """
    with cron_server(new_server) as server:
        made(server, HOME)
        with connected(server, HOME) as db:

            def check(statement_timeout: str) -> tuple[str, str, str | None]:
                db.execute(
                    f'alter role postgres in database "{HOME}"'
                    f" set statement_timeout = {statement_timeout}".encode()
                )
                return cron_check(db)

            detail = (
                "statement_timeout is {} for role postgres in this database. So each run of the job"
                " ends before that time, and the job refreshes less often than every 00:00:30"
            )
            other_way = " Or keep vessel-activity serve or vessel-activity refresh-loop running."
            assert check("'5s'") == ("warn", detail.format("5s"), hint + other_way)
            assert check("30000") == ("warn", detail.format("30000ms"), hint + other_way)
            assert check("'31s'")[0] == "ok"
            assert check("0")[0] == "ok"

            # One refresh in each run needs no more time.
            db.execute("select public.vessel_activity_schedule('2 minutes')")
            assert check("'5s'")[0] == "ok"

            # A refresh that itself takes longer is cancelled.
            db.execute(run, (1_000_000, "failed", "canceling statement due to statement timeout"))
            assert check("'5s'") == (
                "fail",
                (
                    "the last run of the job, at 2026-01-02 03:04:05+00, failed:"
                    " canceling statement due to statement timeout"
                ),
                hint,
            )


def test_the_status_notices_a_launcher_that_is_stuck_or_dead(
    new_server: Callable[..., LocalServer],
) -> None:
    # The check reads the period of the runs in the command: one second makes the wait short.
    one_second = """
        update cron.job set command = 'call vessel_activity.scheduled_refresh(1)'
        where jobname like 'vessel_activity refresh%'
    """
    started = """
        insert into cron.job_run_details (jobid, runid, username, status, start_time, job_pid)
        select jobid, 1000000, username, %s, clock_timestamp(), %s from cron.job
        where jobname like 'vessel_activity refresh%%'
    """
    with cron_server(new_server) as server:
        made(server, HOME)
        with connected(server, HOME) as db:
            (pid,) = db.execute(LAUNCHER).fetchone() or (None,)
            assert isinstance(pid, int)
            os.kill(pid, signal.SIGSTOP)
            try:
                db.execute(one_second)
                db.execute(started, ("succeeded", 0))
                assert cron_check(db)[0] == "ok"
                eventually(lambda: cron_check(db)[0] == "fail", within_seconds=60)
                _, detail, hint = cron_check(db)
                assert re.fullmatch(
                    r"no run of the job has started for \d\d seconds, although one is due every 1"
                    r" seconds: the launcher of pg_cron is dead or stuck, or other jobs keep it"
                    r" busy; refreshes need .*",
                    detail,
                )
                assert "A restart of PostgreSQL starts the launcher again." in (hint or "")
                # A run that is under way may last longer than its period.
                own_pid = db.info.backend_pid
                db.execute(
                    "update cron.job_run_details set status = 'running', job_pid = %s", (own_pid,)
                )
                assert cron_check(db)[0] == "ok"
                db.execute("update cron.job_run_details set job_pid = 0")
                assert cron_check(db)[0] == "fail"
            finally:
                os.kill(pid, signal.SIGCONT)
            # pg_cron 1.4 does not start again after this.
            db.execute("select pg_terminate_backend(%s)", (pid,))
            eventually(lambda: "launcher of pg_cron is not running" in cron_check(db)[1])
            assert cron_check(db)[0] == "fail"


def test_a_migrate_names_the_right_to_schedule_in_another_database(
    new_server: Callable[..., LocalServer], capsys: pytest.CaptureFixture[str]
) -> None:
    with cron_server(new_server) as server, connected(server, HOME) as admin:
        admin.execute("create extension pg_cron")
        admin.execute("create role plain login")
        admin.execute("grant pg_read_all_settings to plain")
        admin.execute("create database other owner plain")
        url = server.url("other").replace("postgres@", "plain@")
        right = (
            f"  hint: run as superuser in database {HOME}: grant usage on schema cron to plain;"
            " grant execute on function cron.schedule_in_database(text, text, text, text, text,"
            " boolean) to plain. Then run `vessel-activity migrate`."
        )
        for refused in ("permission denied for schema cron", "schedule_in_database"):
            capsys.readouterr()
            migrate.migrate(url)
            said = capsys.readouterr().out
            assert refused in said
            assert right in said
            admin.execute("grant usage on schema cron to plain")
        admin.execute(
            "grant execute on function"
            " cron.schedule_in_database(text, text, text, text, text, boolean) to plain"
        )
        migrate.migrate(url)
        assert "vessel_activity refresh other" in jobs(server)


def test_whoever_schedules_the_jobs_belong_to_the_owner(
    new_server: Callable[..., LocalServer],
) -> None:
    with cron_server(new_server) as server, connected(server, HOME) as admin:
        made(server, HOME)
        admin.execute("create role pilot login")
        admin.execute("select public.vessel_activity_grant('pilot', 'operator')")
        with connected(server, HOME, "pilot") as pilot:
            row = pilot.execute(
                "select public.vessel_activity_schedule(interval '2 minutes')"
            ).fetchone()
            assert row == ("refreshed every 00:02:00 by pg_cron",)
            assert cron_check(pilot)[0] == "ok"
        owners = admin.execute("select jobname, username from cron.job order by 1").fetchall()
        assert owners == [
            (f"vessel_activity purge {HOME}", "postgres"),
            (f"vessel_activity refresh {HOME}", "postgres"),
        ]


@pytest.mark.slow
def test_a_job_of_pg_cron_waits_without_locks_and_outlives_a_statement_timeout(
    new_server: Callable[..., LocalServer],
) -> None:
    held = """
        select l.locktype, l.relation::regclass::text, l.mode
        from pg_stat_activity as a
        join pg_locks as l on l.pid = a.pid
        where a.query like 'call vessel_activity.scheduled_refresh(%' and a.wait_event = 'PgSleep'
          and a.datname = current_database() and l.locktype <> 'virtualxid'
    """
    with cron_server(new_server) as server, ExitStack() as stack:
        urls = {name: made(server, name) for name in (HOME, "limited")}
        db = {name: stack.enter_context(connected(server, name)) for name in urls}
        refreshes = {name: Refreshes(db[name]) for name in urls}
        db["limited"].execute("alter database limited set statement_timeout = '5s'")
        for name in urls:
            db[name].execute("select public.vessel_activity_schedule('1 second')")
        refreshes["limited"].until("pg_cron", 1, _MINUTE_JOB)
        refreshes[HOME].until("pg_cron", 1, timedelta(seconds=5))

        # Beside the sleeping job nobody is refused.
        said: list[str | None] = []
        db[HOME].add_notice_handler(lambda notice: said.append(notice.message_primary))
        slept = 0
        deadline = datetime.now(UTC) + timedelta(seconds=8)
        while datetime.now(UTC) < deadline:
            found = db[HOME].execute(held).fetchall()
            # A refresh may begin between the two reads of the catalog, but it does not last.
            assert not found or not db[HOME].execute(held).fetchall()
            slept += not found
        assert slept > 20
        assert said == []

        # The run of the limited database has ended in time, after as many refreshes as it could do.
        ended = db[HOME].execute(
            """
            select d.status, d.end_time - d.start_time < interval '5 seconds'
            from cron.job_run_details as d join cron.job as j using (jobid)
            where j.jobname = 'vessel_activity refresh limited'
            """
        )
        assert ended.fetchall() == [("succeeded", True)]
        log = db["limited"].execute(
            "select count(*), count(sqlstate) from vessel_activity.refresh_log"
            " where refreshed_by = 'pg_cron'"
        )
        assert log.fetchall() == [(5, 0)]


def test_an_ordinary_owner_can_migrate_and_see_the_status_beside_pg_cron(
    new_server: Callable[..., LocalServer],
) -> None:
    with cron_server(new_server) as server:
        with connected(server, HOME) as admin:
            admin.execute("create role plain login")
            admin.execute(f'grant create on database "{HOME}" to plain')
            admin.execute("grant create, usage on schema public to plain")

        migrate.migrate(server.url(HOME).replace("postgres@", "plain@"))

        with connected(server, HOME, "plain") as plain:
            row = plain.execute("select public.vessel_activity_schedule()").fetchone()
            assert row is not None
            assert "by the refresh loop" in row[0]
            state, detail, hint = cron_check(plain)
            assert state == "warn"
            assert detail.endswith(
                "or it runs in another database: plain may not see the setting cron.database_name"
            )
            assert "Run grant pg_read_all_settings to plain if pg_cron is loaded." in (hint or "")


def test_a_rollback_names_the_jobs_it_cannot_remove_and_the_way_out(
    new_server: Callable[..., LocalServer], capsys: pytest.CaptureFixture[str]
) -> None:
    removal = (
        "select cron.unschedule(jobid) from cron.job where jobname in"
        " ('vessel_activity refresh other', 'vessel_activity purge other');"
    )
    with cron_server(new_server) as server, connected(server, "postgres") as admin:
        admin.execute("create role plain login")
        url = made(server, "other")
        as_plain = url.replace("postgres@", "plain@")
        with connected(server, "other") as db:
            # The present owner is not the role that scheduled the job.
            db.execute("alter database other owner to plain")
            db.execute("grant usage on schema vessel_activity to plain")
            db.execute("grant execute on function vessel_activity.cron_database() to plain")

        def unscheduled() -> str:
            with psycopg.connect(as_plain, autocommit=True) as db:
                capsys.readouterr()
                cron.unschedule(db, as_plain)
            return capsys.readouterr().out

        assert unscheduled() == (
            "pg_cron may still have jobs of other:"
            " this role may not see the setting cron.database_name\n"
            f"  hint: run as superuser in the database of pg_cron: {removal}\n"
        )
        admin.execute("grant pg_read_all_settings to plain")
        way_out = f"  hint: run as superuser in database {HOME}: {removal}\n"
        assert unscheduled() == (
            "pg_cron may still have jobs of other: permission denied for schema cron\n" + way_out
        )
        with connected(server, HOME) as db:
            db.execute("grant usage on schema cron to plain")
        assert unscheduled() == (
            "pg_cron may still have jobs of other:"
            " 0 of 2 jobs were removed; this role can't see the jobs of other roles\n" + way_out
        )
        assert len(jobs(server)) == 2

        # The job goes as the hint says.
        with connected(server, HOME) as db:
            db.execute(removal.encode())
        assert jobs(server) == {}
        with psycopg.connect(url, autocommit=True) as db:
            cron.unschedule(db, url)
        assert capsys.readouterr().out == ""


def test_the_measures_tell_whether_the_job_runs(new_server: Callable[..., LocalServer]) -> None:
    measured = "select cron_is_active, cron_run_at, cron_run_succeeded"
    measured += " from vessel_activity.measures()"
    with cron_server(new_server) as server:
        for name in (HOME, "other"):
            made(server, name)
        with connected(server, HOME) as db:
            assert db.execute(measured).fetchone() == (True, None, None)
            db.execute(
                """
                insert into cron.job_run_details (jobid, runid, status, start_time)
                select j.jobid, 1000000 + n, status, timestamptz '2026-01-01 12:00+00' + n * interval '1 minute'
                from cron.job as j, (values (1, 'succeeded'), (2, 'failed'), (3, 'running')) as r (n, status)
                where j.jobname = 'vessel_activity refresh ' || current_database()
                """  # noqa: E501
            )
            told = (True, datetime(2026, 1, 1, 12, 2, tzinfo=UTC), False)
            assert db.execute(measured).fetchone() == told

            # The server's role may see no job of pg_cron itself.
            db.execute("create role watch login")
            db.execute("select public.vessel_activity_grant('watch', 'reader')")
            with connected(server, HOME, "watch") as reader:
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    reader.execute("select from cron.job")
                assert reader.execute(measured).fetchone() == told

            db.execute("select cron.alter_job(jobid, active := false) from cron.job")
            assert db.execute(measured).fetchone() == (False, *told[1:])
            db.execute("select cron.unschedule(jobid) from cron.job")
            assert db.execute(measured).fetchone() == (False, None, None)
        with connected(server, "other") as db:
            assert db.execute(measured).fetchone() == (None, None, None)
