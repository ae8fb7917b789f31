"""PostgreSQL of a laboratory: reachable by TCP, with a clock that can be moved, and breakable."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from chaos.fault import ChaosError
from vessel_activity.database import embedded
from vessel_activity.database.local_server import LocalServer

DATABASE = "fleet"
PASSWORD = "pw"  # noqa: S105 - of roles that live for one fault
# Nothing here loses power, so commits need not wait for the disk that all laboratories share.
_OPTIONS = {
    "fsync": "off",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "max_wal_size": "256MB",
    "wal_level": "replica",
    "max_prepared_transactions": "5",
    "log_min_messages": "warning",
    # The log then tells who made a writer wait.
    "log_lock_waits": "on",
    "deadlock_timeout": "300ms",
}


def faketime_library() -> Path | None:
    """Return the library of libfaketime, or None if it is not installed."""
    found = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    return found[0] if found else None


@dataclass
class Postgres(LocalServer):
    """One PostgreSQL server. Roles need a password by TCP, and none by the socket.

    Attributes:
        address: the loopback address that it listens on, at port 5432.
        clock: file with the offset of its clock, such as "+8h"; None for the right clock.

    """

    address: str = "127.0.0.1"
    clock: Path | None = None
    host_name: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        self.options = {**_OPTIONS, "listen_addresses": self.address, **self.options}

    def open_to_roles(self, *lines: str) -> None:
        """Let roles in: by these lines, then by a password over TCP, and freely by the socket."""
        usual = (
            "local all all trust",
            "local replication all trust",
            "host all all all scram-sha-256",
        )
        (self.datadir / "pg_hba.conf").write_text("\n".join([*lines, *usual]) + "\n")
        with self.connect(database="postgres") as db:
            db.execute("select pg_reload_conf()")

    def over_tcp(self, role: str, database: str = DATABASE) -> str:
        """Return the URL by which a role connects by TCP."""
        host = self.host_name or self.address
        return f"postgresql://{role}:{PASSWORD}@{host}:5432/{database}"

    def by_socket(self, role: str, database: str = DATABASE) -> str:
        """Return the URL by which a role connects through the socket, where no network can fail."""
        return self.url(database).replace("postgres@", f"{role}@")

    def connect(
        self, role: str = "postgres", database: str = DATABASE, *, autocommit: bool = True
    ) -> psycopg.Connection:
        """Connect through the socket."""
        return psycopg.connect(
            self.by_socket(role, database),
            autocommit=autocommit,
            connect_timeout=5,
            application_name="chaos",
        )

    def processes(self) -> list[int]:
        """Return the process ids of the postmaster and all its children."""
        pid = self.pid()
        if pid is None:
            return []
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        return [pid, *map(int, children)]

    def child(self, words: str) -> int:
        """Return the process id of the child whose title has these words."""
        for pid in self.processes()[1:]:
            with suppress(OSError):
                if words in Path(f"/proc/{pid}/cmdline").read_text():
                    return pid
        raise LookupError(f"PostgreSQL has no process with {words!r} in its title")

    def run_program(self, name: str, *arguments: str) -> None:
        """Run one of its programs as the user that it runs as, in its data folder.

        Some builds have no client programs. The embedded PostgreSQL has all, and is newer.

        Raises:
            ChaosError: the program failed.

        """
        own = self.bindir / name
        program = own if own.exists() else embedded.binaries() / name
        done = self.account.run([str(program), *arguments], self.datadir)
        if done.returncode != 0:
            raise ChaosError(f"{name} failed: {done.stdout.strip()[-600:]}")

    def wait_until_it_answers(self, within: float = 60) -> None:
        """Wait until a superuser can connect, such as after a crash of one backend."""
        deadline = time.monotonic() + within
        while True:
            try:
                self.connect().close()
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def freeze(self) -> list[int]:
        """Stop all processes as a frozen virtual machine would; return them."""
        frozen = self.processes()
        for pid in frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
        return frozen

    @staticmethod
    def thaw(frozen: list[int]) -> None:
        """Let frozen processes go on. One that has ended meanwhile is left out."""
        for pid in frozen:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    def _pg_ctl_start(self) -> None:
        if self.clock is not None and not self.account.prefix:
            library = faketime_library()
            self.account = replace(
                self.account,
                prefix=(
                    "env",
                    f"LD_PRELOAD={library}",
                    f"FAKETIME_TIMESTAMP_FILE={self.clock}",
                    "FAKETIME_NO_CACHE=1",
                    "FAKETIME_DONT_FAKE_MONOTONIC=1",
                    "DONT_FAKE_MONOTONIC=1",
                ),
            )
        super()._pg_ctl_start()
