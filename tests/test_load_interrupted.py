"""An interrupted load has counted exactly what it added, and can be run again."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import termios
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from tests.conftest import COMMAND, PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

VESSELS, MOMENTS = 50, 6000


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write 300,000 good rows: six batches, which take some seconds to load."""
    path = tmp_path_factory.mktemp("load") / "large.csv"
    with path.open("w") as file:
        file.write("MMSI,BaseDateTime,LAT,LON,SOG\n")
        for moment in range(MOMENTS):
            minute, second = divmod(moment, 60)
            time_of_day = f"2022-01-03T{minute // 60:02}:{minute % 60:02}:{second:02}"
            file.writelines(
                f"{219000000 + vessel},{time_of_day},50.5,-5.25,10.1\n" for vessel in range(VESSELS)
            )
    return path


@pytest.fixture
def loading(url: str, db: psycopg.Connection, large: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a load until it has filed a part of the file."""
    process = run(url, large)
    deadline = time.monotonic() + 60
    while db.execute("select from vessel_activity.load where rows_read > 0").fetchone() is None:
        assert process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield process
    process.kill()
    process.communicate()


def run(url: str, file: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "load", str(file)],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def wait_for_sessions_to_end(db: psycopg.Connection) -> None:
    deadline = time.monotonic() + 30
    while db.execute(
        "select from pg_stat_activity where application_name = 'vessel-activity load'"
        " and datname = current_database()"
    ).fetchone():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def check_the_counts(db: psycopg.Connection) -> int:
    """Check that the load counted what the tables hold; return the number of positions."""
    row = db.execute(
        "select rows_read, rows_loaded, (select count(*) from public.vessel_positions)"
        " from vessel_activity.load"
    ).fetchone()
    assert row is not None
    read, loaded, positions = row
    assert 0 < loaded < VESSELS * MOMENTS
    assert (read, positions) == (loaded, loaded)
    return int(loaded)


def check_that_running_again_completes_it(
    url: str, db: psycopg.Connection, large: Path, before: int, state: str
) -> None:
    again = run(url, large)
    output, _ = again.communicate(timeout=120)
    assert again.returncode == 0, output
    assert db.execute(
        "select state, rows_read, rows_loaded, rows_duplicate from vessel_activity.load order by id"
    ).fetchall() == [
        (state, before, before, 0),
        ("finished", VESSELS * MOMENTS, VESSELS * MOMENTS - before, before),
    ]
    assert db.execute(
        'select count(*), count(distinct ("vesselId", timestamp)) from public.vessel_positions'
    ).fetchone() == (VESSELS * MOMENTS, VESSELS * MOMENTS)


def test_the_next_load_marks_a_killed_one_and_completes_it(
    loading: subprocess.Popen[str], url: str, db: psycopg.Connection, large: Path
) -> None:
    loading.kill()
    wait_for_sessions_to_end(db)
    before = check_the_counts(db)
    assert db.execute("select state from vessel_activity.load").fetchone() == ("running",)
    check_that_running_again_completes_it(url, db, large, before, "interrupted")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stopped_load_says_so_and_can_be_run_again(
    loading: subprocess.Popen[str],
    url: str,
    db: psycopg.Connection,
    large: Path,
    number: signal.Signals,
) -> None:
    loading.send_signal(number)
    output, _ = loading.communicate(timeout=30)
    assert (loading.returncode, output) == (
        130,
        "stopped; all counted rows are loaded, and you may run the command again\n",
    )
    before = check_the_counts(db)
    check_that_running_again_completes_it(url, db, large, before, "interrupted")


def test_a_terminal_shows_the_progress(url: str, large: Path) -> None:
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 80))
    with subprocess.Popen(
        [*COMMAND, "load", str(large)],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.DEVNULL,
        stderr=theirs,
    ) as process:
        os.close(theirs)
        shown = b""
        with suppress(OSError):  # reading a terminal fails so once its writer is gone
            while some := os.read(ours, 4096):
                shown += some
        os.close(ours)
    assert process.returncode == 0
    steps = [int(step) for step in re.findall(rb"large\.csv: +(\d+)%", shown)]
    assert steps == sorted(steps)
    assert (steps[0], steps[-1]) == (0, 100)
    assert len(set(steps)) >= 6  # the file's batches


def test_a_lost_connection_ends_a_load_in_plain_words(
    loading: subprocess.Popen[str], url: str, db: psycopg.Connection, large: Path
) -> None:
    db.execute(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where application_name = 'vessel-activity load' and datname = current_database()"
    )
    output, _ = loading.communicate(timeout=30)
    assert (loading.returncode, output[:6]) == (2, "error:")
    assert "Traceback" not in output
    wait_for_sessions_to_end(db)
    before = check_the_counts(db)
    check_that_running_again_completes_it(url, db, large, before, "interrupted")
