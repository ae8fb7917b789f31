"""Real PostgreSQL for every test: one server a worker, one migrated template, one clone a test."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tempfile
import uuid
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg import sql
from pytest_postgresql.janitor import DatabaseJanitor
from xdist.scheduler import LoadFileScheduling

from tests.support import builds
from tests.support.builds import postgresql_binaries
from tests.support.sources import PARTITIONED
from vessel_activity.database.local_server import LocalServer
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from xdist.remote import Producer

TEMPLATE = "template_vessel_activity"
_ROOM_BYTES = 6 * 1024**3  # the servers of a run need less
PROJECT = Path(__file__).resolve().parent.parent
SHARED = PROJECT.parent / "shared"
COMMAND = [sys.executable, "-m", "vessel_activity"]
_SERVER_OPTIONS = {
    "fsync": "off",
    "jit": "off",  # to compile a plan takes longer than to run it on so few rows
    "full_page_writes": "off",
    "max_connections": "100",
    "max_prepared_transactions": "20",
    "max_locks_per_transaction": "256",  # a test makes thousands of functions in one transaction
    "wal_level": "logical",
    "shared_buffers": "64MB",
    "max_wal_size": "128MB",
}


@contextmanager
def folder_for_servers() -> Iterator[Path]:
    """Make a folder that other users may enter, and remove it afterwards.

    Under root the servers run as another user, and pytest closes its own folders to others. The
    folder is in memory if there is room: to make and drop a database takes a tenth of the time.
    """
    memory = Path("/dev/shm")  # noqa: S108 - the folder in it gets a name of its own
    has_room = memory.is_dir() and shutil.disk_usage(memory).free > _ROOM_BYTES
    with tempfile.TemporaryDirectory(
        prefix="vessel-activity-test-", dir=memory if has_room else None
    ) as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@pytest.fixture(scope="session")
def new_server() -> Iterator[Callable[..., LocalServer]]:
    """Make further servers, for tests that crash, restart or configure one. All stop at the end."""
    made: list[LocalServer] = []
    with folder_for_servers() as folder:
        unused = LocalServer(postgresql_binaries(), folder / "unused" / "data")

        class Copied(LocalServer):
            """Copies an unused cluster, in a tenth of the time of initdb."""

            def _initdb(self, folder: Path) -> None:
                if not unused.datadir.exists():
                    unused._make()
                subprocess.run(["cp", "-a", f"{unused.datadir}/.", folder], check=True)

        def make(**options: str) -> LocalServer:
            datadir = folder / str(len(made)) / "data"
            made.append(Copied(postgresql_binaries(), datadir, {**_SERVER_OPTIONS, **options}))
            return made[-1]

        yield make
        for server in made:
            server.stop("immediate")


@pytest.fixture(scope="session")
def server(new_server: Callable[..., LocalServer]) -> LocalServer:
    """Run the server that the tests of this worker share."""
    server = new_server()
    server.start()
    return server


class _Copier(DatabaseJanitor):
    """Clones by copying files. PostgreSQL would write each page to its log, for twice as long."""

    def _build_create_database_sql(self) -> sql.Composed:
        return super()._build_create_database_sql() + sql.SQL(" strategy file_copy")


@contextmanager
def cloned(server: LocalServer, template: str | None) -> Iterator[str]:
    """Clone a database from a template, give its URL, and drop it afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    janitor = _Copier(
        user="postgres",
        host=str(server.socket_folder),
        port=5432,
        dbname=name,
        template_dbname=template,
        connection_timeout=10,
    )
    with janitor:
        yield server.url(name)


@pytest.fixture(scope="session")
def template(server: LocalServer) -> str:
    """Migrate the template that every test's database is cloned from."""
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"create database {TEMPLATE}")
    migrate.migrate(server.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
def empty_url(server: LocalServer) -> Iterator[str]:
    """Give the URL of an empty database."""
    with cloned(server, None) as url:
        yield url


@pytest.fixture
def url(server: LocalServer, template: str) -> Iterator[str]:
    """Give the URL of a freshly migrated database."""
    with cloned(server, template) as url:
        yield url


@pytest.fixture(scope="module")
def module_url(server: LocalServer, template: str) -> Iterator[str]:
    """Give the URL of a freshly migrated database that the tests of one module share."""
    with cloned(server, template) as url:
        yield url


@pytest.fixture(scope="session")
def migrated_server(new_server: Callable[..., LocalServer]) -> Iterator[LocalServer]:
    """Run a server with a migrated template, for tests that stop and kill it."""
    server = new_server()
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"create database {TEMPLATE}")
    migrate.migrate(server.url(TEMPLATE))
    yield server
    server.stop("immediate")


@pytest.fixture
def breakable(migrated_server: LocalServer) -> Iterator[LocalServer]:
    """Give a running server that the test may stop or kill; it runs again afterwards."""
    migrated_server.start()
    yield migrated_server
    migrated_server.start()


@pytest.fixture
def breakable_url(breakable: LocalServer) -> Iterator[str]:
    """Give the URL of a freshly migrated database on the breakable server."""
    with cloned(breakable, TEMPLATE) as url:
        yield url
        breakable.start()  # a server that does not run can't drop its database


@pytest.fixture
def db(url: str) -> Iterator[psycopg.Connection]:
    """Give an autocommit connection to a freshly migrated database."""
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(scope="session")
def source_templates(server: LocalServer) -> dict[str, str]:
    """Migrate one database over each kind of source table."""
    names = {}
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for kind, ddl in PARTITIONED.items():
            names[kind] = f"sources_{kind}"
            connection.execute(f"create database {names[kind]}")
            with psycopg.connect(server.url(names[kind])) as made:
                made.execute(ddl)
            migrate.migrate(server.url(names[kind]))
    return names


@pytest.fixture
def partitioned(server: LocalServer, source_templates: dict[str, str]) -> Iterator[str]:
    """Give the URL of a database whose positions are partitioned by time, in two levels."""
    with cloned(server, source_templates["range"]) as url:
        yield url


@pytest.fixture
def database(module_url: str) -> Iterator[psycopg.Connection]:
    """Give a session on a database without vessels, positions and history."""
    with psycopg.connect(module_url, autocommit=True) as connection:
        connection.execute("truncate public.vessels, public.vessel_positions cascade")
        connection.execute("truncate vessel_activity.history, vessel_activity.history_hour")
        connection.execute(
            "update vessel_activity.settings set history_retention = default,"
            " hour_retention = default, below_usual_by = default, below_usual_for = default"
        )
        yield connection


# The files that take longest in a run of all tests. Busy ones take turns with those that wait.
_LONGEST = (
    "engine_schedules",
    "touched_by_hand",
    "feed_faults",
    "dashboard_looks",
    "server_limits",
    "pg_cron",
    "dashboard_states",
    "bench",
    "dashboard_trend",
    "migrate",
    "upgrade",
    "load_interrupted",
    "demo",
    "migrate_waits",
    "engine_survival",
)
# The files whose shapes or cases share nothing. One worker alone would be busy with such a file
# long after the others have finished.
_APART = {"tests/test_engine_schedules.py"}
_LACKS = "this build of PostgreSQL has no"
NO_CITUS = "VESSEL_ACTIVITY_CITUS_URL names no Citus coordinator"


def pytest_report_header() -> str:
    """Name the PostgreSQL that the tests use."""
    return f"PostgreSQL: {builds.described()}"


class _Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist has no types
    """Keeps a file with one worker, except that the shapes of some files are units of their own."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        shape = re.search(r"\[(\w+)", test)
        return f"{file}[{shape[1]}]" if file in _APART and shape else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> _Scheduling | None:
    """Distribute the tests by file, as `--dist loadfile` says."""
    return _Scheduling(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the files that take longest; skip tests of what the build of PostgreSQL lacks.

    The workers take one file after the other. A long file at the end would keep one of them busy
    while the others have nothing to do.
    """
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    longest = {f"test_{name}": place for place, name in enumerate(_LONGEST)}
    items.sort(key=lambda item: (longest.get(item.path.stem, len(longest)), item.path not in slow))
    for item in items:
        for mark in item.iter_markers("needs"):
            for part in mark.args:
                if not builds.has(part):
                    what = f"{_LACKS} {part}"
                    if builds.from_debian():
                        what = f"{part} is not installed; run scripts/install-packages"
                    item.add_marker(pytest.mark.skip(reason=what))


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail the run in continuous integration if a test was skipped that could have run.

    A PostgreSQL of npm or PyPI can't have every extension, so a test may be skipped for that. Citus
    has no package at all, so its tests run only if a cluster is named.
    """
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or reporter is None:
        return
    skipped = [report.longrepr for report in reporter.stats.get("skipped", [])]
    if any(_LACKS not in str(reason) and NO_CITUS not in str(reason) for reason in skipped):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
