"""The local PostgreSQL server runs under any user and recovers from kills and half-made folders."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import PROJECT
from tests.support.builds import postgresql_binaries
from vessel_activity.database.local_server import LocalServer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_START_AND_STOP = """
import os, sys
from pathlib import Path
from vessel_activity.database.local_server import LocalServer
server = LocalServer(Path(sys.argv[1]), Path(sys.argv[2]))
server.start()
print(Path(f"/proc/{server.pid()}").stat().st_uid, os.getuid())
server.stop()
"""


@pytest.fixture
def made(new_server: Callable[..., LocalServer]) -> Iterator[LocalServer]:
    """Give a server that is not started yet, and stop it afterwards."""
    other = new_server()
    server = LocalServer(other.bindir, other.datadir, other.options)  # initdb makes its cluster
    yield server
    server.stop("immediate")


def value(server: LocalServer, query: str) -> object:
    with psycopg.connect(server.url(), autocommit=True) as db:
        row = db.execute(query.encode()).fetchone()
    return row and row[0]


def rights(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Return mode and owners of a folder and of all folders above."""
    return {
        path: (path.stat().st_mode, path.stat().st_uid, path.stat().st_gid)
        for path in (folder, *folder.parents)
    }


def test_the_server_never_runs_as_root_and_changes_only_its_own_folder(made: LocalServer) -> None:
    users, outside = Path("/etc/passwd").read_bytes(), made.datadir.parent.parent
    before = rights(outside)

    made.start()

    pid = made.pid()
    assert pid is not None
    assert Path(f"/proc/{pid}").stat().st_uid == made.datadir.stat().st_uid != 0
    assert stat.S_IMODE(made.datadir.stat().st_mode) == 0o700
    assert value(made, "show listen_addresses") == ""
    made.stop()
    assert made.pid() is None
    assert rights(outside) == before
    assert Path("/etc/passwd").read_bytes() == users


def test_the_server_runs_for_an_ordinary_user(made: LocalServer) -> None:
    folder = made.datadir.parent.parent / "ordinary"
    folder.mkdir()
    # Under root, another user may be unable to reach the project and its environment.
    shutil.copytree(PROJECT / "vessel_activity", folder / "vessel_activity")
    python = Path("/usr/bin/python3")
    user: dict[str, object] = {}
    if os.geteuid() == 0:
        account = pwd.getpwnam("nobody")
        os.chown(folder, account.pw_uid, account.pw_gid)
        user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    done = subprocess.run(
        [python, "-c", _START_AND_STOP, str(postgresql_binaries()), str(folder / "data")],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        check=False,
        **user,  # type: ignore[call-overload]
    )
    assert done.returncode == 0, done.stderr
    server_user, own_user = done.stdout.split()
    assert server_user == own_user != "0"


def test_committed_rows_survive_kill_9(made: LocalServer) -> None:
    made.options["fsync"] = "on"
    made.start()
    with psycopg.connect(made.url(), autocommit=True) as db:
        db.execute("create table kept as select 42 as answer")

    made.kill()
    assert made.pid() is None

    assert made.start() is True
    assert value(made, "select answer from kept") == 42


def test_a_running_server_is_joined(made: LocalServer) -> None:
    assert made.start() is True
    second = LocalServer(made.bindir, made.datadir)

    assert second.start() is False
    assert second.url() == made.url()
    second.stop()
    assert made.pid() is None


def test_a_start_succeeds_after_a_killed_initdb(made: LocalServer) -> None:
    half = made.datadir.with_name(made.datadir.name + ".new")
    (half / "base").mkdir(parents=True)
    (half / "base" / "1").write_text("half")

    made.start()

    assert value(made, "select 1") == 1
    assert not half.exists()


def test_a_folder_too_deep_for_a_socket_gets_a_temporary_one_elsewhere(
    made: LocalServer,
) -> None:
    deep = LocalServer(made.bindir, made.datadir.parent.parent / ("d" * 120) / "data")
    deep.start()
    elsewhere = deep.socket_folder
    try:
        assert elsewhere != deep.datadir
        assert stat.S_IMODE(elsewhere.stat().st_mode) == 0o700
        assert value(deep, "select 1") == 1
    finally:
        deep.stop("immediate")
    assert not elsewhere.exists()
