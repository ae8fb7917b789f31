"""The demo: a live dashboard of a simulated fleet.

It migrates the embedded PostgreSQL, or the empty database of DATABASE_URL, fills it with a fleet
that moves, and runs the server. Ctrl-C and SIGTERM stop all of them in order.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import http.client
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import psycopg

from vessel_activity import paths
from vessel_activity.database.attached import attached
from vessel_activity.database.connections import connect, name_of
from vessel_activity.demo.incident import Incident
from vessel_activity.demo.ways import find_ways
from vessel_activity.errors import DemoError
from vessel_activity.install import migrate
from vessel_activity.settings import address_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vessel_activity.settings import Settings

_STEP_SECONDS = 1.0
_POLL_SECONDS = 0.1
_ANSWER_SECONDS = 2.0
_STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def run(settings: Settings, vessels: int, *, incident: bool = False) -> None:
    """Run the demo until it is stopped.

    vessels: size of the fleet if there is none yet.
    incident: whether a region is cut off for ten minutes, a minute after the page is there.

    Raises:
        DemoError: the demo can't be run.
        KeyboardInterrupt: it was stopped.

    """
    port = _free_port(settings)
    with _alone(settings), attached(settings) as url:
        print(f"database: {name_of(url)}", flush=True)
        with connect(url, purpose="demo feed") as connection:
            refuse(connection)
            migrate.migrate(url)
            _fill(connection, vessels)
        _serve(url, settings, port, Incident() if incident else None)


def _free_port(settings: Settings) -> int:
    """Return the port to serve on; refuse a taken port before the database is filled."""
    with socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise DemoError(
                f"can't listen on {address_of(settings.host, settings.port)} ({error.strerror}); "
                "choose another PORT"
            ) from None
        return int(probe.getsockname()[1])


@contextmanager
def _alone(settings: Settings) -> Iterator[None]:
    """Let one demo at a time use the embedded database."""
    if settings.database_url is not None:
        yield
        return
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        file = (settings.data_dir / "demo.lock").open("a")
    except OSError as error:
        raise DemoError(
            f"the data folder {settings.data_dir} can't be used ({error.strerror}); "
            "set VESSEL_ACTIVITY_DATA_DIR to a folder that this user may write"
        ) from None
    with file as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DemoError(
                f"a demo already runs in the folder {settings.data_dir}; stop it first, or run "
                "this one with another VESSEL_ACTIVITY_DATA_DIR and PORT"
            ) from None
        yield


def refuse(connection: psycopg.Connection) -> None:
    """Refuse a database that the simulated fleet must not fill; change nothing.

    Raises:
        psycopg.errors.ObjectNotInPrerequisiteState: it holds real vessels or positions.
        psycopg.errors.DatatypeMismatch: its tables have columns that the demo can't fill.

    """
    connection.execute((paths.DEMO / "00-refuse.sql").read_text(encoding="utf-8"))


def install_fleet(connection: psycopg.Connection) -> None:
    """Install the functions of the simulated fleet, all or none. Refuses what `refuse` refuses."""
    with connection.transaction():
        connection.execute("set local check_function_bodies = off")
        for file in sorted(paths.DEMO.glob("*.sql")):
            connection.execute(file.read_text(encoding="utf-8"))
        find_ways(connection)


def _fill(connection: psycopg.Connection, vessels: int) -> None:
    """Write the reports of the fleet since it was stopped, or of its last day if it is new."""
    # In one transaction, so that the schema of the fleet is never there without a fleet.
    with connection.transaction():
        install_fleet(connection)
        clock = connection.execute(
            "select reported_until from vessel_activity_demo.clock"
        ).fetchone()
        if clock is None:
            print(
                f"simulating {vessels:,} vessels; their last day takes half a minute, once",
                flush=True,
            )
        else:
            since = f"{clock[0].astimezone(UTC):%Y-%m-%d %H:%M} UTC"
            print(f"the simulated fleet is there; adding its reports since {since}", flush=True)
        row = connection.execute(
            "select greatest(pg_catalog.max(c.reported_until),"
            " pg_catalog.clock_timestamp() - interval '24 hours'),"
            " vessel_activity_demo.fill(%s), pg_catalog.clock_timestamp()"
            " from vessel_activity_demo.clock as c",
            (vessels,),
        ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate returns one row
    late_from, reports, now = row
    connection.execute("analyze public.vessel_positions")
    connection.execute("select vessel_activity.recompute_history(%s, %s)", (late_from, now))
    connection.execute("select vessel_activity_demo.write_past(%s)", (now,))
    print(f"wrote {reports:,} simulated position reports", flush=True)


def write_details(connection: psycopg.Connection) -> bool:
    """Write the past of the types and the areas; tell whether it could be written already."""
    row = connection.execute(
        "select vessel_activity_demo.write_details(pg_catalog.clock_timestamp())"
    ).fetchone()
    return row is not None and bool(row[0])


def _serve(url: str, settings: Settings, port: int, incident: Incident | None) -> None:
    """Run the server in another process, and add the fleet's reports, until one of the two ends."""
    # In a session of its own, so that Ctrl-C reaches only this process, which stops it in order.
    server = subprocess.Popen(
        [sys.executable, "-m", "vessel_activity", "serve"],
        env={**os.environ, "DATABASE_URL": url, "PORT": str(port)},
        start_new_session=True,
        preexec_fn=_die_with_the_demo,  # noqa: PLW1509 - this process has one thread
    )
    try:
        feed: psycopg.Connection | None = None
        answered = has_details = False
        while server.poll() is None:
            feed = _step(feed, url)
            if not answered and (answered := _answers(settings.host, port)):
                page = f"http://{address_of(settings.host, port)}/dashboard/vessels"
                print(f"\n  {page}\n\nsimulated fleet; Ctrl-C stops", flush=True)
            if answered and not has_details and feed is not None:
                with contextlib.suppress(psycopg.OperationalError):
                    has_details = write_details(feed)
            if incident and answered and feed is not None:
                # While the database is away, the next step tries again.
                with contextlib.suppress(psycopg.OperationalError):
                    incident.step(feed, datetime.now(UTC))
            with contextlib.suppress(subprocess.TimeoutExpired):
                server.wait(_STEP_SECONDS if answered else _POLL_SECONDS)
        raise DemoError(f"the server ended with code {server.returncode}; its messages are above")
    finally:
        _end(server)


def _answers(host: str, port: int) -> bool:
    """Tell whether the server is up."""
    asking = http.client.HTTPConnection(host, port, timeout=_ANSWER_SECONDS)
    try:
        asking.request("GET", "/healthz")
        return asking.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def _step(feed: psycopg.Connection | None, url: str) -> psycopg.Connection | None:
    """Add the reports that are due; return None while the database is away, as in a restart."""
    try:
        if feed is None:
            feed = connect(url, purpose="demo feed")
        feed.execute("select vessel_activity_demo.step()")
    except psycopg.OperationalError as error:
        if feed is not None:
            print(f"the feed waits for the database: {error}".rstrip(), file=sys.stderr)
            feed.close()
        return None
    return feed


def _die_with_the_demo() -> None:
    """Ask the kernel to kill this process, the server, when the demo is killed.

    Otherwise the server would go on, and the next demo could not have its port.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _end(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is not None:
        return
    server.terminate()
    try:
        server.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
