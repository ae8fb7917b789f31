"""A PostgreSQL server on this machine: made, started, joined and stopped, and nothing else touched.

It listens on a Unix socket in a private folder, never on TCP. unprivileged.py chooses the user that
its programs run as.
"""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from vessel_activity.database.unprivileged import Account, account_for, foreign_folder
from vessel_activity.errors import LocalServerError

_TEMPORARY = Path("/tmp")  # noqa: S108 - short, whatever TMPDIR says; only mkdtemp is used in it
_SOCKET_FOLDER_PREFIX = "vessel-activity-"
# sun_path holds 108 bytes with its closing zero; the name in the folder is /.s.PGSQL.5432.
_LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")


@dataclass
class LocalServer:
    """One PostgreSQL cluster, started with pg_ctl.

    Attributes:
        bindir: folder with initdb, pg_ctl and postgres.
        datadir: the cluster's folder; `start` makes it if it is absent or empty.
        options: server settings for this start, as with `postgres -c name=value`.
        log: file of the server's messages; by default it is in the data folder.
        account: the user that its programs run as; known once it has been started.

    """

    bindir: Path
    datadir: Path
    options: dict[str, str] = field(default_factory=dict)
    log: Path | None = None
    _socket_folder: Path | None = field(default=None, init=False)
    account: Account = field(default_factory=Account, init=False)

    @property
    def socket_folder(self) -> Path:
        """Folder of the unix socket; known once the server runs."""
        if self._socket_folder is None:
            raise LocalServerError(f"the server in {self.datadir} is not started")
        return self._socket_folder

    def url(self, database: str = "postgres") -> str:
        """Return the libpq URL of one of its databases, for the superuser `postgres`."""
        host = quote(str(self.socket_folder), safe="")
        return f"postgresql://postgres@/{quote(database, safe='')}?host={host}&port=5432"

    def start(self) -> bool:
        """Start the server, and make it first if there is none; return False if it ran already.

        Raises:
            LocalServerError: the server can't be made or started.

        """
        if (self.datadir / "PG_VERSION").exists():
            self.account = account_for(self.datadir, self.bindir)
        else:
            self._make()
        if self.pid() is not None:
            self._socket_folder = Path(self._pid_file()[4])
            self._wait_until_ready()
            return False
        # A crash left these files. After a reboot the number may belong to another program.
        (self.datadir / "postmaster.pid").unlink(missing_ok=True)
        (self.datadir / ".s.PGSQL.5432.lock").unlink(missing_ok=True)
        self._remove_temporary_socket_folder()
        self._socket_folder = self._make_socket_folder()
        self._pg_ctl_start()
        return True

    def stop(self, mode: str = "fast") -> None:
        """Stop the server and wait for it; a server that does not run is no error.

        Args:
            mode: pg_ctl's `smart`, `fast` or `immediate` (the last as a crash would leave it).

        """
        if self.pid() is not None:
            self._run(
                [str(self.bindir / "pg_ctl"), "stop", "-D", str(self.datadir), "-w", "-m", mode],
                "PostgreSQL did not stop",
            )
        self._remove_temporary_socket_folder()

    def kill(self) -> None:
        """Kill every process of the server at once, as `kill -9` of everything would."""
        pid = self.pid()
        if pid is None:
            return
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        for process in [pid, *map(int, children)]:
            try:
                os.kill(process, signal.SIGKILL)
            except ProcessLookupError:
                continue
        while self.pid() is not None:
            time.sleep(0.01)

    def pid(self) -> int | None:
        """Return the process id of the running server, None when it does not run."""
        lines = self._pid_file()
        if len(lines) < 6:  # noqa: PLR2004 - the sixth line is written once the port is known
            return None
        pid = int(lines[0])
        # The number alone proves nothing after a reboot; a postmaster stands in its data folder.
        try:
            standing = Path(f"/proc/{pid}/cwd").readlink()
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return None
        return pid if standing == self.datadir.resolve() and state != "Z" else None

    def _pid_file(self) -> list[str]:
        try:
            return (self.datadir / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return []
        except PermissionError:
            raise foreign_folder(self.datadir) from None

    def _make(self) -> None:
        """Make the cluster beside its place, so that a killed initdb leaves nothing half-made."""
        made = self.datadir.with_name(self.datadir.name + ".new")
        try:
            if made.exists():
                shutil.rmtree(made)
            made.mkdir(mode=0o700, parents=True)
            self.account = account_for(made, self.bindir)
            self._initdb(made)
            made.rename(self.datadir)
        except OSError as error:
            raise LocalServerError(
                f"the PostgreSQL data folder {self.datadir} can't be made ({error.strerror})"
            ) from error

    def _initdb(self, folder: Path) -> None:
        self._run(
            [
                str(self.bindir / "initdb"),
                f"--pgdata={folder}",
                "--username=postgres",
                "--auth=trust",  # the socket's folder is closed to others
                "--encoding=UTF8",
                "--locale=C",
                "--no-instructions",
            ],
            "the PostgreSQL data folder could not be made",
            folder,
        )

    def _pg_ctl_start(self) -> None:
        options = {
            "listen_addresses": "",
            "port": "5432",
            "unix_socket_directories": str(self.socket_folder),
            "unix_socket_permissions": "0700",
            "timezone": "UTC",
            **self.options,
        }
        arguments = shlex.join(f"--{name}={value}" for name, value in options.items())
        log = self._log_file()
        command = [str(self.bindir / "pg_ctl"), "start", "-w", "-t", "60"]
        command += ["-D", str(self.datadir), "-l", str(log), "-o", arguments]
        # A server killed a moment ago may still be leaving its shared memory.
        for attempt in range(20):
            done = self.account.run(command, self.datadir)
            if done.returncode == 0:
                return
            if "pre-existing shared memory" not in _tail(log) or attempt == 19:  # noqa: PLR2004
                break
            time.sleep(0.25)
        raise LocalServerError(
            f"PostgreSQL did not start in {self.datadir}; its log {log} ends:\n{_tail(log)}"
        )

    def _wait_until_ready(self) -> None:
        for _ in range(600):
            lines = self._pid_file()
            if len(lines) > 7 and lines[7].strip() == "ready":  # noqa: PLR2004
                return
            time.sleep(0.1)
        raise LocalServerError(f"PostgreSQL in {self.datadir} did not become ready in 60 s")

    def _log_file(self) -> Path:
        # Inside the data folder its user may write, wherever the folder stands.
        return self.log or self.datadir / "server.log"

    def _make_socket_folder(self) -> Path:
        if len(os.fsencode(self.datadir)) <= _LONGEST_SOCKET_FOLDER:
            return self.datadir
        folder = Path(tempfile.mkdtemp(prefix=_SOCKET_FOLDER_PREFIX, dir=_TEMPORARY))
        self.account.give(folder)
        (self.datadir / "socket_folder").write_text(str(folder))
        return folder

    def _remove_temporary_socket_folder(self) -> None:
        note = self.datadir / "socket_folder"
        if not note.exists():
            return
        # The note is in the hands of the server's user, and this may be root: a socket folder
        # is emptied of the socket and removed, and nothing else is ever deleted on its word.
        folder = Path(note.read_text())
        with suppress(OSError):
            if folder.parent == _TEMPORARY and folder.name.startswith(_SOCKET_FOLDER_PREFIX):
                for name in (".s.PGSQL.5432", ".s.PGSQL.5432.lock"):
                    (folder / name).unlink(missing_ok=True)
                folder.rmdir()
        note.unlink()

    def _run(self, command: list[str], failure: str, folder: Path | None = None) -> None:
        done = self.account.run(command, folder or self.datadir)
        if done.returncode != 0:
            raise LocalServerError(f"{failure}: {done.stdout.strip()}")


def _tail(log: Path, lines: int = 8) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
    except OSError as error:
        return str(error)
