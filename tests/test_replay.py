"""A replay plays a recording at its recorded pace as if live, and survives interruptions."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from tests.conftest import COMMAND, PROJECT
from vessel_activity.ais import load as ingest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg

HEADER = "MMSI,BaseDateTime,LAT,LON,SOG,COG,VesselName,VesselType"
RECORDED = datetime(2022, 1, 3, tzinfo=UTC)
# Three vessels report every 7 s for 700 s: 300 positions. One round of the loop is 699 + 1 s.
SECONDS = [(219000001 + n % 3, 7 * (n // 3) + n % 3) for n in range(300)]
ROUND = timedelta(seconds=7 * 99 + 2 + 1)
NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


def line(mmsi: int, at: datetime) -> str:
    return f"{mmsi},{at:%Y-%m-%dT%H:%M:%S},50.5,-5.25,10.1,270.0,SHIP {mmsi},70"


def recording(path: Path, *further: str) -> Path:
    lines = [line(mmsi, RECORDED + timedelta(seconds=second)) for mmsi, second in SECONDS]
    path.write_text("\n".join([HEADER, *further, *lines]) + "\n")
    return path


def due(after: datetime, until: datetime, anchor: datetime) -> list[tuple[str, datetime]]:
    """List the positions due in (after, until], with the recording repeated from the anchor on."""
    rounds = range((after - anchor) // ROUND - 1, (until - anchor) // ROUND + 2)
    all_due = (
        (f"SHIP {mmsi}", anchor + number * ROUND + timedelta(seconds=second))
        for number in rounds
        for mmsi, second in SECONDS
    )
    return sorted(entry for entry in all_due if after < entry[1] <= until)


def played(db: psycopg.Connection) -> list[tuple[str, datetime]]:
    return sorted(
        db.execute(
            "select v.name, p.timestamp from public.vessel_positions p"
            ' join public.vessels v on v.id = p."vesselId"'
        ).fetchall()
    )


def start(db: psycopg.Connection, as_of: datetime, backlog: str | None = None) -> int:
    row = db.execute(
        "select left_out from vessel_activity.replay_start('rec', %s, %s)", (backlog, as_of)
    ).fetchone()
    assert row is not None
    return int(row[0])


def step(db: psycopg.Connection, until: datetime) -> int:
    row = db.execute("select vessel_activity.replay_step('rec', %s)", (until,)).fetchone()
    assert row is not None
    return int(row[0])


def test_the_backlog_ends_now_and_each_later_position_comes_when_due(
    url: str, db: psycopg.Connection, tmp_path: Path
) -> None:
    result = ingest.load_file(url, recording(tmp_path / "rec"), to_recording=True)
    assert result.counts.rows_loaded == 300
    assert played(db) == []

    assert start(db, NOW) == 0
    added = step(db, NOW)
    hour = due(NOW - timedelta(hours=1), NOW, NOW)
    assert played(db) == hour
    assert (added, max(at for _, at in hour)) == (len(hour), NOW)

    later = NOW + 2 * ROUND + timedelta(seconds=100)
    for seconds in (0.4, 1, 60, 61.5, ROUND.total_seconds(), (later - NOW).total_seconds()):
        step(db, NOW + timedelta(seconds=seconds))
    assert step(db, later) == 0
    assert played(db) == due(NOW - timedelta(hours=1), later, NOW)


def test_an_interrupted_replay_goes_on_in_its_time_line_and_adds_nothing_twice(
    url: str, db: psycopg.Connection, tmp_path: Path
) -> None:
    file = recording(tmp_path / "rec")
    ingest.load_file(url, file, to_recording=True)
    start(db, NOW)
    step(db, NOW)
    db.execute("select vessel_activity.release_session_lock('load')")

    # Away for a quarter of an hour, and later for three hours; the windows reach back one hour.
    ingest.load_file(url, file, to_recording=True)
    short = NOW + timedelta(minutes=15)
    start(db, short)
    step(db, short)
    assert played(db) == due(NOW - timedelta(hours=1), short, NOW)
    long = short + timedelta(hours=3)
    start(db, long)
    step(db, long)
    assert played(db) == sorted(
        due(NOW - timedelta(hours=1), short, NOW) + due(long - timedelta(hours=1), long, NOW)
    )


def test_a_replay_shows_the_vessels_as_the_recording_names_them(
    url: str, db: psycopg.Connection, tmp_path: Path
) -> None:
    ingest.load_file(url, recording(tmp_path / "rec"), to_recording=True)
    assert db.execute(
        'select mmsi, name, "vesselType", flag from public.vessels order by mmsi'
    ).fetchall() == [(f"21900000{n}", f"SHIP 21900000{n}", "Cargo", "DK") for n in (1, 2, 3)]


def test_only_positions_of_the_replay_are_deleted_after_26_hours(
    url: str, db: psycopg.Connection, tmp_path: Path
) -> None:
    ingest.load_file(url, recording(tmp_path / "rec"), to_recording=True)
    start(db, NOW)
    step(db, NOW)
    first = min(at for _, at in due(NOW - timedelta(hours=1), NOW, NOW))
    of_others = ("SHIP 219000001", first + timedelta(milliseconds=500))
    db.execute(
        'insert into public.vessel_positions ("vesselId", timestamp)'
        " select id, %s from public.vessels where name = %s",
        (of_others[1], of_others[0]),
    )

    end = NOW + timedelta(hours=25, minutes=30)
    db.execute("update vessel_activity.replay set played_until = %s", (end,))
    for seconds in range(1, 10):  # ten minutes each: half an hour is too old
        step(db, end + timedelta(seconds=seconds))
    end += timedelta(seconds=9)

    kept = due(end - timedelta(hours=26), NOW, NOW)
    live = due(end - timedelta(seconds=9), end, NOW)
    assert played(db) == sorted([*kept, *live, of_others])


def test_misdated_positions_are_left_out_and_do_not_stretch_the_loop(
    url: str, db: psycopg.Connection, tmp_path: Path
) -> None:
    misdated = [line(219000009, RECORDED + timedelta(hours=23, seconds=n)) for n in range(2)]
    ingest.load_file(url, recording(tmp_path / "rec", *misdated), to_recording=True)
    assert start(db, NOW) == 2
    assert db.execute("select period from vessel_activity.replay").fetchone() == (ROUND,)


def test_a_sparse_recording_is_played_whole(
    url: str, db: psycopg.Connection, tmp_path: Path
) -> None:
    lines = [line(219000001, RECORDED + timedelta(minutes=20 * n)) for n in range(120)]
    path = tmp_path / "rec"
    path.write_text("\n".join([HEADER, *lines]) + "\n")
    ingest.load_file(url, path, to_recording=True)
    assert start(db, NOW) == 0
    assert db.execute("select count(*) from vessel_activity.recording").fetchone() == (120,)


def test_a_recording_without_a_ship_is_refused(
    url: str, db: psycopg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "rec"
    path.write_text(f"{HEADER}\n{line(992190001, RECORDED)}\n")
    ingest.load_file(url, path, to_recording=True)
    with pytest.raises(Exception, match="holds no position of a ship"):
        start(db, NOW)


@pytest.fixture
def processes() -> Iterator[list[subprocess.Popen[str]]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


def run(url: str, file: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "replay", str(file)],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def until_playing(process: subprocess.Popen[str]) -> None:
    assert process.stdout is not None
    seen = []
    for text in process.stdout:
        seen.append(text)
        if "playing rec as if live" in text:
            return
    raise AssertionError("".join(seen))


def test_a_replay_survives_kill_9_and_ends_in_order(
    url: str,
    db: psycopg.Connection,
    tmp_path: Path,
    processes: list[subprocess.Popen[str]],
) -> None:
    file = recording(tmp_path / "rec")
    first = run(url, file)
    processes.append(first)
    until_playing(first)

    second = run(url, file)
    processes.append(second)
    output, _ = second.communicate(timeout=60)
    assert (second.returncode, "another replay is running" in output) == (2, True)

    first.kill()
    first.wait()
    # The server ends the session of a killed process once it next writes to it.
    deadline = time.monotonic() + 10
    free = "select vessel_activity.take_session_lock('load') is null"
    while db.execute(free).fetchone() != (True,):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    db.execute("select vessel_activity.release_session_lock('load')")

    again = run(url, file)
    processes.append(again)
    until_playing(again)
    figures = db.execute(
        "select active_last_hour, positions_last_hour, total_vessels"
        " from public.vessel_activity_at(clock_timestamp())"
    ).fetchone()
    assert figures is not None
    # One time line, not two: 300 positions a round, a few more or less at the ends of the hour.
    assert (figures[0], figures[2]) == (3, 3)
    assert figures[1] == pytest.approx(300 * 3600 / ROUND.total_seconds(), abs=12)
    again.send_signal(signal.SIGTERM)
    output, _ = again.communicate(timeout=30)
    assert (again.returncode, output.splitlines()[-1][:8]) == (130, "stopped;")
