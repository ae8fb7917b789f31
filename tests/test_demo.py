"""`make demo`: a fleet that is plainly simulated, in a server of our own, that leaves in order."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import psycopg
import pytest

import demo
import migrate
from tests.conftest import PROJECT, folder_for_servers
from tests.webserver import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILL = "select vessel_activity_demo.fill(%s)"


def run(data_dir: Path, port: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "demo.py"],
        cwd=PROJECT,
        env={
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "VESSEL_ACTIVITY_DATA_DIR": str(data_dir),
            "PORT": str(port),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_serving(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        if found := re.search(r"INFO dashboard: (http://\S+)/dashboard", line):
            return found[1]
        said.append(line)
    raise AssertionError("the demo ended before it served: " + "".join(said))


def test_the_simulated_fleet_is_named_so_and_reports_as_promised(db: psycopg.Connection) -> None:
    demo.install_fleet(db)
    row = db.execute(FILL, (3000,)).fetchone()
    assert row is not None
    # 45,000 an hour of 30,567 vessels, for 25 hours, of 3,000.
    assert row[0] == pytest.approx(45_000 * 25 * 3000 / 30_567, rel=0.05)
    assert db.execute(
        "select count(*), count(*) filter (where name like 'SIM %'),"
        " count(*) filter (where mmsi ~ '^[2-7][0-9]{8}$') from public.vessels"
    ).fetchone() == (3000, 3000, 3000)
    assert db.execute(
        "select count(*) from public.vessel_positions where latitude not between -90 and 90"
        " or longitude not between -180 and 180 or speed not between 0 and 30"
        " or timestamp > clock_timestamp()"
    ).fetchone() == (0,)
    # The fleet's habits don't change, so neither does how many are heard in a day.
    day_ago, today = (
        db.execute(
            "select (public.vessel_activity_at(now() - %s::interval)).active_last_24h", (ago,)
        ).fetchone()
        for ago in ("24 hours", "0 hours")
    )
    assert day_ago is not None
    assert today is not None
    assert day_ago[0] == pytest.approx(today[0], rel=0.02)
    repeated = db.execute(
        'select count(*) - count(distinct ("vesselId", timestamp)) from public.vessel_positions'
    ).fetchone()
    db.execute("select vessel_activity_demo.step()")
    assert repeated == (0,)
    assert db.execute(
        'select count(*) - count(distinct ("vesselId", timestamp)) from public.vessel_positions'
    ).fetchone() == (0,)
    db.execute("select vessel_activity_demo.remove()")
    assert db.execute(
        "select (select count(*) from public.vessels), to_regnamespace('vessel_activity_demo')"
    ).fetchone() == (0, None)


def test_simulated_vessels_are_not_mixed_with_real_ones(db: psycopg.Connection) -> None:
    db.execute("insert into public.vessels (mmsi, name) values ('219000001', 'ANNA')")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="real vessels"):
        demo.install_fleet(db)
    assert db.execute("select to_regnamespace('vessel_activity_demo')").fetchone() == (None,)


def test_positions_of_others_keep_the_demo_out_and_are_never_deleted(
    db: psycopg.Connection,
) -> None:
    other = (
        'insert into vessel_positions ("vesselId", timestamp)'
        " values (999999999, now() - interval '30 hours')"
    )
    db.execute(other)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="positions"):
        demo.install_fleet(db)
    db.execute("delete from vessel_positions")

    demo.install_fleet(db)
    db.execute(FILL, (50,))
    db.execute(other)
    db.execute("select vessel_activity_demo.step()")

    assert db.execute(
        'select count(*) filter (where "vesselId" = 999999999), count(*) filter (where'
        " \"vesselId\" <> 999999999 and timestamp < now() - interval '26 hours')"
        " from vessel_positions"
    ).fetchone() == (1, 0)


def test_a_rollback_takes_the_simulated_fleet_out(db: psycopg.Connection, url: str) -> None:
    demo.install_fleet(db)
    db.execute(FILL, (50,))

    migrate.rollback(url)

    assert db.execute(
        "select to_regnamespace('vessel_activity_demo'), to_regnamespace('vessel_activity'),"
        " (select count(*) from vessels), (select count(*) from vessel_positions)"
    ).fetchone() == (None, None, 0, 0)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that the embedded server's user may enter."""
    with folder_for_servers() as folder:
        yield folder


def test_the_demo_serves_stops_in_order_and_survives_kill_9(folder: Path) -> None:
    data_dir, port = folder / "data", free_port()
    first = run(data_dir, port)
    try:
        address = until_serving(first)
        eventually(lambda: httpx.get(f"{address}/readyz", timeout=10).status_code == 200)
        answer = httpx.get(f"{address}/api/database/vessel-stats-cached", timeout=10)
        assert answer.headers["X-Vessel-Activity-Source"] == "simulated"
        assert '"totalVessels" : 30567' in answer.text

        second = run(data_dir, free_port())
        output, _ = second.communicate(timeout=60)
        assert (second.returncode, "a demo is running already" in output) == (2, True)
        third = run(folder / "other", port)
        output, _ = third.communicate(timeout=60)
        assert (third.returncode, "choose another with PORT" in output) == (2, True)
    finally:
        first.kill()
        first.communicate()

    # On the same port: the killed demo's server must not live on and keep it.
    for number in (signal.SIGTERM, signal.SIGINT):
        again = run(data_dir, port)
        try:
            until_serving(again)
        finally:
            again.send_signal(number)
            again.communicate(timeout=60)
        assert again.returncode == 0
        assert not (data_dir / "postgresql-18" / "postmaster.pid").exists()
