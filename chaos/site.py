"""The site of a fault: PostgreSQL, web servers, writers and readers of its own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Self

from psycopg import sql

from chaos.fault import ChaosError
from chaos.machine import programs
from chaos.postgres import DATABASE, PASSWORD, Postgres
from chaos.reader import Reader, StatusReader
from chaos.traffic import Writer
from chaos.web import PROJECT, Web

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import psycopg

    from chaos.fault import Setup

_HERE = Path(__file__).parent
_ROLES = ("owner", "writer", "outsider")
_SMALL_DISK_MB = 600
# When a writer has waited this long, a frozen backend goes on. A fault fails only at a longer wait,
# WRITER_WAIT_SECONDS.
_LIGHT_WAIT_SECONDS = 0.2
# The folders of a site that hold databases. The rest is logs.
DATA = ("data", "standby", "newer", "small")


class Site:
    """Builds what a fault needs, and lets the fault break it. It is a context manager.

    Attributes:
        pg: the PostgreSQL server.
        webs: the web servers; the reader asks the first one.
        writer: the writer of the source tables.
        control: the same on a table without triggers.
        folder: for files of the fault.
        interval: seconds between two refreshes.

    """

    def __init__(self, setup: Setup, folder: Path, interval: float) -> None:
        self.setup, self.folder, self.interval = setup, folder, interval
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        try:
            self._build()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _build(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o755)
        self.pg = self._postgres()
        self._stack.callback(self.pg.stop, "immediate")
        self.pg.start()
        self.pg.open_to_roles()
        self._make_database()
        self.vessel_activity("migrate")
        self._grant()
        self.webs = [self._web(role) for role in self.server_roles]
        for web in self.webs:
            web.start()
            self._stack.callback(web.stop)
        number = 1_000_000_000
        self.writer = self.new_writer(1, reconnecting=self.setup.reconnecting)
        self.control = Writer(
            self.pg.by_socket("writer"), "untriggered", reconnecting=self.setup.reconnecting
        )
        self.more_writers = [
            self.new_writer(number * (1 + n), rows=self.setup.rows_per_statement, period=0.2)
            for n in range(self.setup.writers)
        ]
        self.reader = Reader(self.webs[0])
        self.status = StatusReader(self._connect)
        for thread in self._threads:
            thread.start()
            self._stack.callback(thread.finish)
        self.after_a_refresh(within=60 + 2 * self.interval)
        self.wait_for(
            lambda: any(s.warning is None for s in self.reader.samples[-1:]), "the server is ready"
        )

    def _postgres(self, name: str = "data", number: int = 0, *, newest: bool = False) -> Postgres:
        clock = None
        if self.setup.clock:
            clock = self.folder / "clock"
            clock.write_text("+0\n")
            clock.chmod(0o644)
        parent = self.folder
        if self.setup.small_disk:
            parent = self.folder / "small"
            parent.mkdir()
            size = f"size={_SMALL_DISK_MB}m"
            subprocess.run(["mount", "-t", "tmpfs", "-o", size, "tmpfs", str(parent)], check=True)
            self._stack.callback(subprocess.run, ["umount", "--lazy", str(parent)], check=False)
        options = dict(self.setup.options)
        made = Postgres(
            programs(newest=newest or self.setup.notify_queue),
            parent / name,
            options,
            log=self.folder / f"{name}.log",
            address=_address(number),
            clock=clock,
            host_name="fleet-database" if self.setup.hosts else None,
        )
        # The server's user writes its log beside its data folder.
        assert made.log is not None  # noqa: S101 - given above
        made.log.touch()
        made.log.chmod(0o666)
        if self.setup.pg_cron:
            made.options |= {
                "shared_preload_libraries": "pg_cron",
                "cron.database_name": DATABASE,
                "cron.host": str(made.datadir),
            }
        if self.setup.hosts:
            self.name_the_database(known=True)
        return made

    @property
    def server_roles(self) -> list[str]:
        """The database roles of the web servers, one each."""
        return [f"server{n}" for n in range(1, self.setup.servers + 1)]

    def _make_database(self) -> None:
        with self.pg.connect(database="postgres") as db:
            for role in (*_ROLES, *self.server_roles):
                statement = sql.SQL("create role {} login password {}")
                db.execute(statement.format(sql.Identifier(role), sql.Literal(PASSWORD)))
            db.execute("create database fleet owner owner")
        with self.pg.connect() as db:
            db.execute("grant create on schema public to owner")
            if self.setup.pg_cron:
                db.execute("create extension pg_cron")
                db.execute("grant usage on schema cron to owner")
        with self.pg.connect("owner") as db:
            db.execute((_HERE / "schema.sql").read_text().encode())
            db.execute(
                """
                insert into public.vessel_positions
                  ("vesselId", timestamp, latitude, longitude, speed, course)
                select 1 + n %% 2000,
                  date_trunc('milliseconds', now() - random() * interval '25 hours'), 59.9, 10.7,
                  round((random() * 30)::numeric, 1), 5
                from generate_series(1, %s) as n
                """,
                (self.setup.positions,),
            )

    def _grant(self) -> None:
        with self.pg.connect("owner") as db:
            for role in self.server_roles:
                self.grant_to_server(db, role)
            db.execute(
                "select public.vessel_activity_schedule(%s * interval '1 second')", (self.interval,)
            )

    @staticmethod
    def grant_to_server(db: psycopg.Connection, role: str) -> None:
        """Give a role what a web server needs to read and to refresh."""
        db.execute("select public.vessel_activity_grant(%s::text, 'server'::text)", (role,))

    def _web(self, role: str) -> Web:
        return Web(
            role, self.pg.over_tcp(role), self.folder / f"{role}.log", self.setup.environment
        )

    def new_writer(
        self, first_batch: int, *, rows: int = 5, period: float = 0.1, reconnecting: bool = False
    ) -> Writer:
        """Make a writer of the source tables; the caller starts it."""
        url = self.pg.by_socket("writer")
        return Writer(
            url, rows=rows, first_batch=first_batch, period=period, reconnecting=reconnecting
        )

    def _connect(self) -> psycopg.Connection:
        return self.pg.connect()  # a fault may promote another server

    def now(self) -> datetime:
        """Return the time by the clock of the database."""
        with self.pg.connect() as db:
            row = db.execute("select date_trunc('milliseconds', clock_timestamp())").fetchone()
        assert row is not None  # noqa: S101 - it returns one row
        moment: datetime = row[0]
        return moment

    def vessel_activity(
        self, *arguments: str, url: str = "", within: float = 180
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as the owner.

        Raises:
            ChaosError: it failed.

        """
        done = self.try_vessel_activity(*arguments, url=url, within=within)
        if done.returncode != 0:
            raise ChaosError(f"vessel-activity {' '.join(arguments)} failed:\n{done.stdout}")
        return done

    def try_vessel_activity(
        self, *arguments: str, url: str = "", within: float = 180
    ) -> subprocess.CompletedProcess[str]:
        """Run a command as the owner. If it fails or does not end, its exit code is not 0."""
        running = self.start_vessel_activity(*arguments, url=url)
        try:
            said = running.communicate(timeout=within)[0]
        except subprocess.TimeoutExpired:
            running.kill()
            said = f"{running.communicate()[0]}\nit did not end in {within:.0f} s"
        return subprocess.CompletedProcess(arguments, running.returncode, said)

    def start_vessel_activity(self, *arguments: str, url: str = "") -> subprocess.Popen[str]:
        """Start a command as the owner."""
        return subprocess.Popen(
            [sys.executable, "-m", "vessel_activity", *arguments],
            cwd=PROJECT,
            env={**os.environ, "DATABASE_URL": url or self.pg.by_socket("owner")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def after_a_refresh(self, *, within: float | None = None) -> None:
        """Wait until a refresh has just ended. A fault from then on is noticed the latest."""
        deadline = time.monotonic() + (within or 30 + 2 * self.interval)
        with self.pg.connect() as db:
            query = b"select updated_at from public.vessel_activity_realtime"
            before = db.execute(query).fetchone()
            while db.execute(query).fetchone() == before:
                if time.monotonic() > deadline:
                    raise ChaosError("no refresh came, although nothing was wrong")
                time.sleep(0.05)

    def catch_refresh(self) -> tuple[int, str, int | None]:
        """Wait for a refresh that takes long, and return its backend, role and client port.

        The state is rebuilt, so that the refresh has something to do.
        """
        with self.pg.connect("owner") as owner:
            owner.execute("select public.vessel_activity_rebuild()")
        deadline = time.monotonic() + 60 + 2 * self.interval
        with self.pg.connect() as db:
            while time.monotonic() < deadline:
                row = db.execute(
                    """
                    select a.pid, a.usename::text, a.client_port
                    from pg_stat_activity as a
                    where a.datname = 'fleet' and a.state = 'active' and a.query ~ 'refresh'
                      and (a.usename ~ '^server' or a.application_name ~ 'cron')
                      and a.application_name !~ '^chaos'
                      and a.query_start < clock_timestamp() - interval '30 milliseconds'
                    """
                ).fetchone()
                if row is not None:
                    return row[0], row[1], row[2]
                time.sleep(0.005)
        raise ChaosError("no refresh could be caught while it ran")

    def freeze_for(self, pid: int, seconds: float) -> None:
        """Freeze a backend for some seconds, but not within a lightweight lock of PostgreSQL.

        No session can pass such a lock, whatever vessel activity does. So whenever a writer waits,
        the backend goes on for a millisecond.
        """
        until = time.monotonic() + seconds
        os.kill(pid, signal.SIGSTOP)
        while time.monotonic() < until:
            time.sleep(0.05)
            if self.writer.waiting_seconds > _LIGHT_WAIT_SECONDS:
                os.kill(pid, signal.SIGCONT)
                time.sleep(0.001)
                os.kill(pid, signal.SIGSTOP)
        os.kill(pid, signal.SIGCONT)

    def web_of(self, role: str) -> Web:
        """Return the web server of a database role."""
        return next(web for web in self.webs if web.role == role)

    def newer(self) -> Postgres:
        """Make an empty server of the newest PostgreSQL at the same address; it does not run."""
        made = self._postgres("newer", newest=True)
        self._stack.callback(made.stop, "immediate")
        made.start()
        made.open_to_roles()
        made.stop()
        return made

    def use(self, server: Postgres) -> None:
        """Let writers, readers and the judge use another server from now on."""
        self.pg = server
        for writer in self.all_writers:
            writer.url = server.by_socket("writer")

    def sessions(
        self, condition: str = "true", *, db: psycopg.Connection | None = None
    ) -> list[tuple[int, int]]:
        """Return backend and client port of each session of the web servers."""
        with nullcontext(db) if db else self.pg.connect() as connection:
            return connection.execute(
                f"""
                select pid, client_port from pg_stat_activity
                where datname = 'fleet' and usename ~ '^server' and ({condition})
                """.encode()  # noqa: S608 - the conditions are constants
            ).fetchall()

    def end_sessions(self, condition: str = "true") -> None:
        """End sessions of the web servers, so that they must connect anew."""
        with self.pg.connect() as db:
            for pid, _ in self.sessions(condition):
                db.execute("select pg_terminate_backend(%s)", (pid,))

    def as_superuser(self, *statements: str) -> None:
        """Run statements in the database, as its superuser."""
        with self.pg.connect() as db:
            for statement in statements:
                db.execute(statement.encode())

    def set_clock(self, offset: str) -> None:
        """Move the clock of PostgreSQL, such as by "-8h"."""
        if self.pg.clock is None:
            raise ChaosError("the clock of this laboratory can't be moved")
        beside = self.pg.clock.with_suffix(".new")
        beside.write_text(offset + "\n")
        beside.chmod(0o644)
        beside.replace(self.pg.clock)

    def name_the_database(self, *, known: bool) -> None:
        """Let the name of the database's host be known to all programs here, or not."""
        names = self.folder / "hosts"
        text = "127.0.0.1 localhost\n" + (f"{_address(0)} fleet-database\n" if known else "")
        first = not names.exists()
        names.write_text(text)  # the same file: it is mounted
        if first:
            names.chmod(0o644)
            subprocess.run(["mount", "--bind", str(names), "/etc/hosts"], check=True)

    def standby(self) -> Postgres:
        """Make and start a streaming standby."""
        made = self._postgres("standby", 1)
        made.datadir.mkdir(mode=0o700)
        self.pg.account.give(made.datadir)
        self.pg.run_program(
            "pg_basebackup",
            *("--pgdata", str(made.datadir), "--write-recovery-conf", "--checkpoint=fast"),
            *("--no-sync", "--username", "postgres", "--port", "5432"),
            *("--host", str(self.pg.socket_folder)),
        )
        self._stack.callback(made.stop, "immediate")
        made.start()
        return made

    @property
    def _threads(self) -> list[Writer | Reader | StatusReader]:
        return [*self.all_writers, self.reader, self.status]

    @property
    def all_writers(self) -> list[Writer]:
        """All writers, the control writer too."""
        return [self.writer, self.control, *self.more_writers]

    def refreshes(self, since_seconds: float) -> int:
        """Count the refreshes of the last seconds."""
        with self.pg.connect() as db:
            row = db.execute(
                """
                select count(*) from vessel_activity.refresh_log
                where sqlstate is null and started_at > clock_timestamp() - %s * interval '1 second'
                """,
                (since_seconds,),
            ).fetchone()
        assert row is not None  # noqa: S101 - an aggregate returns one row
        return int(row[0])

    @staticmethod
    def wait_for(holds: Callable[[], bool], what: str, within: float = 60) -> None:
        """Wait until something holds.

        Raises:
            ChaosError: it did not hold in time.

        """
        deadline = time.monotonic() + within
        while not holds():
            if time.monotonic() > deadline:
                raise ChaosError(f"not within {within:.0f} s: {what}")
            time.sleep(0.1)


def _address(number: int) -> str:
    """Return a loopback address of this process's own, for laboratories side by side."""
    own = os.getpid() * 4 + number
    return f"127.{100 + (own >> 16) % 100}.{(own >> 8) % 256}.{own % 250 + 2}"


def remove_data(folder: Path) -> None:
    """Delete the data folders of a laboratory; its logs stay."""
    for name in DATA:
        shutil.rmtree(folder / name, ignore_errors=True)
