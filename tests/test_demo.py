# ruff: noqa: E501, ISC004 - SQL and messages read best unbroken
"""The demo shows a fleet that is named as simulated, refuses real databases, and stops in order."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import COMMAND, PROJECT, folder_for_servers
from tests.support.webserver import eventually, fetch
from vessel_activity import demo
from vessel_activity.install import rollback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FILL = "select vessel_activity_demo.fill(%s)"
VESSELS = 4_000  # a fleet of the usual size takes half a minute, and runs the same code


def run(data_dir: Path, port: int, host: str = "127.0.0.1") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, "demo", "--vessels", str(VESSELS)],
        cwd=PROJECT,
        env={
            **{name: value for name, value in os.environ.items() if name != "DATABASE_URL"},
            "VESSEL_ACTIVITY_DATA_DIR": str(data_dir),
            "HOST": host,
            "PORT": str(port),
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        # A shell without job control starts its background jobs with SIGINT ignored.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),  # noqa: PLW1509
    )


def refused_by(url: str) -> str:
    """Run the demo on a database it refuses, and return what it says."""
    done = subprocess.run(
        [*COMMAND, "demo"],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url, "PORT": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout
    return done.stdout


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def until_serving(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Wait until the demo prints its address; return the address and everything printed before."""
    assert process.stdout is not None
    said = ""
    for line in process.stdout:
        if found := re.fullmatch(r"  (http://\S+)/dashboard/vessels\n", line):
            return found[1], said
        said += line
    raise AssertionError("the demo ended before it served: " + said)


def test_the_simulated_fleet_is_named_so_and_reports_as_promised(db: psycopg.Connection) -> None:
    demo.install_fleet(db)
    row = db.execute(FILL, (3000,)).fetchone()
    assert row is not None
    # 45,000 an hour of 30,567 vessels, for 25 hours, of 3,000; a tenth less at a weekend.
    assert row[0] == pytest.approx(45_000 * 25 * 3000 / 30_567, rel=0.14)
    assert db.execute(
        "select count(*), count(*) filter (where name like 'SIM %'),"
        " count(*) filter (where mmsi ~ '^[2-7][0-9]{8}$') from public.vessels"
    ).fetchone() == (3000, 3000, 3000)
    assert db.execute(
        "select count(*) from public.vessel_positions where latitude not between -90 and 90"
        " or longitude not between -180 and 180 or speed not between 0 and 30"
        " or timestamp > clock_timestamp()"
    ).fetchone() == (0,)
    # The number of vessels heard in a day is fixed, since the fleet's behaviour is.
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
        "select (select count(*) from public.vessels), to_regnamespace('vessel_activity_demo'),"
        " (select simulation from vessel_activity.settings)"
    ).fetchone() == (0, None, None)


_REAL_VESSELS = """
    create table vessels (id bigserial, mmsi text, name text, "vesselType" text, flag text, active boolean);
    insert into vessels (mmsi, name) values ('219000001', 'ANNA')
"""
_REAL_POSITIONS = """
    create table vessel_positions (id bigserial, "vesselId" bigint, timestamp timestamptz,
      latitude real, longitude real, speed real, course real);
    insert into vessel_positions default values
"""
_OTHER_IDS = """
    create table vessels (id uuid default gen_random_uuid(), mmsi text, "vesselType" text, flag text, active boolean);
    create table vessel_positions (id bigint, "vesselId" text, timestamp timestamptz,
      latitude real, longitude real, speed real, course real)
"""


@pytest.mark.parametrize(
    ("tables", "reason"),
    [
        (_REAL_VESSELS, "this database holds real vessels; simulated ones are not mixed with them"),
        (
            _REAL_POSITIONS,
            "this database holds real positions; simulated ones are not mixed with them",
        ),
        (
            _OTHER_IDS,
            "the simulated fleet does not fit these tables: public.vessels.id is uuid; public.vessels.name does not exist;"
            ' public.vessel_positions.id has no default; public.vessel_positions."vesselId" is text',
        ),
    ],
)
def test_a_database_that_is_not_for_the_demo_is_refused_before_anything_is_changed(
    empty_url: str, tables: str, reason: str
) -> None:
    relations = "select oid::regclass::text from pg_class where relnamespace::regnamespace::text !~ '^(pg_|inf)' order by 1"
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(tables)
        before = db.execute(relations).fetchall()

        said = refused_by(empty_url)

        assert f"error: {reason}\n  hint: " in said
        assert db.execute(relations).fetchall() == before
        assert (
            db.execute("select nspname from pg_namespace where nspname ~ 'vessel'").fetchall() == []
        )


def test_a_failed_first_fill_leaves_no_fleet_behind(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(
            "create table vessels (id serial, mmsi text, name text, "
            '"vesselType" text, flag text, active boolean, owner text not null)'
        )

        said = refused_by(empty_url)

        assert 'null value in column "owner"' in said
        assert db.execute("select to_regnamespace('vessel_activity_demo')").fetchone() == (None,)


def test_simulated_vessels_are_not_mixed_with_real_ones(db: psycopg.Connection) -> None:
    db.execute("insert into public.vessels (mmsi, name) values ('219000001', 'ANNA')")
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="real vessels"):
        demo.install_fleet(db)
    assert db.execute("select to_regnamespace('vessel_activity_demo')").fetchone() == (None,)


def test_the_demo_refuses_positions_of_others_and_never_deletes_them(
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


def test_a_rollback_removes_the_simulated_fleet(db: psycopg.Connection, url: str) -> None:
    demo.install_fleet(db)
    db.execute(FILL, (50,))

    rollback.rollback(url)

    assert db.execute(
        "select to_regnamespace('vessel_activity_demo'), to_regnamespace('vessel_activity'),"
        " (select count(*) from vessels), (select count(*) from vessel_positions)"
    ).fetchone() == (None, None, 0, 0)


_IS_SIMULATED = "select simulated from vessel_activity.serving()"
_LOAD = "select vessel_activity.load_start('real.csv')"


def test_real_vessels_are_not_loaded_beside_simulated_ones(db: psycopg.Connection) -> None:
    assert db.execute(_IS_SIMULATED).fetchone() == (False,)
    demo.install_fleet(db)
    db.execute(FILL, (50,))
    assert db.execute(_IS_SIMULATED).fetchone() == (True,)

    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        db.execute(_LOAD)

    assert raised.value.diag.message_primary == (
        "this database holds simulated vessels; real and simulated vessels are not mixed"
    )
    assert raised.value.diag.message_hint == (
        "Load into another database (DATABASE_URL, or VESSEL_ACTIVITY_DATA_DIR for an embedded one), or remove the simulated vessels first: select vessel_activity_demo.remove();"
    )
    db.execute("select vessel_activity_demo.remove()")
    assert db.execute(_IS_SIMULATED).fetchone() == (False,)
    assert db.execute(_LOAD).fetchone() == (1,)


def test_a_fleet_whose_schema_was_dropped_by_hand_is_no_simulation(
    db: psycopg.Connection, url: str
) -> None:
    demo.install_fleet(db)
    db.execute(FILL, (50,))
    db.execute("drop schema vessel_activity_demo cascade")
    assert db.execute(_IS_SIMULATED).fetchone() == (False,)

    db.execute(_LOAD)
    assert db.execute("select simulation from vessel_activity.settings").fetchone() == (None,)

    demo.install_fleet(db)
    db.execute(FILL, (40,))
    assert db.execute(_IS_SIMULATED).fetchone() == (True,)
    assert db.execute(
        'select (select count(*) from vessels), count(distinct ("vesselId", timestamp)) = count(*)'
        " from vessel_positions"
    ).fetchone() == (40, True)

    db.execute("drop schema vessel_activity_demo cascade")
    rollback.rollback(url)
    assert db.execute("select to_regnamespace('vessel_activity')").fetchone() == (None,)


def test_a_rollback_does_not_call_a_function_of_another_role(
    db: psycopg.Connection, url: str
) -> None:
    db.execute("create schema trap")
    db.execute("update vessel_activity.settings set simulation = 'trap'")
    db.execute("create function trap.remove() returns int language sql as 'select 1 / 0'")
    with db.transaction(force_rollback=True):
        db.execute("create role captain")
        db.execute("alter function trap.remove() owner to captain")

        with pytest.raises(psycopg.errors.InsufficientPrivilege) as raised:
            db.execute("select vessel_activity.remove_simulation()")

        assert raised.value.diag.message_primary == (
            "trap.remove(), which vessel_activity.settings names as the simulation, belongs to captain"
        )
        assert raised.value.diag.message_hint == (
            "Look at that function. Then call it yourself, or run: update vessel_activity.settings set simulation = null;"
        )
    with pytest.raises(psycopg.errors.DivisionByZero):
        rollback.rollback(url)


@pytest.fixture
def folder() -> Iterator[Path]:
    """Give a folder that the embedded server's user may enter."""
    with folder_for_servers() as folder:
        yield folder


def test_the_demo_serves_stops_in_order_and_survives_kill_9(folder: Path) -> None:
    data_dir, port = folder / "data", free_port()
    first = run(data_dir, port)
    try:
        address, said = until_serving(first)
        assert "their last day takes half a minute, once" in said
        assert fetch(f"{address}/healthz", timeout=10).status_code == 200  # at once
        eventually(lambda: fetch(f"{address}/readyz", timeout=10).status_code == 200)
        answer = fetch(f"{address}/api/database/vessel-stats-cached", timeout=10)
        assert answer.headers["X-Vessel-Activity-Source"] == "simulated"
        assert f'"totalVessels" : {VESSELS}' in answer.text

        second = run(data_dir, free_port())
        output, _ = second.communicate(timeout=60)
        assert (second.returncode, "a demo already runs in the folder" in output) == (2, True)
        third = run(folder / "other", port)
        output, _ = third.communicate(timeout=60)
        assert (third.returncode, "choose another PORT" in output) == (2, True)
    finally:
        first.kill()
        first.communicate()

    # On the same port: the server of the killed demo must not still hold it.
    for number in (signal.SIGTERM, signal.SIGINT):
        again = run(data_dir, port)
        try:
            _, said = until_serving(again)
            assert "half a minute" not in said
            assert "the simulated fleet is there; adding its reports since 2" in said
        finally:
            again.send_signal(number)
            again.communicate(timeout=60)
        assert again.returncode == 0
        assert not (data_dir / "postgresql-18" / "postmaster.pid").exists()

    # A browser accepts the printed address.
    again = run(data_dir, 0, "::1")
    try:
        address, _ = until_serving(again)
        assert re.fullmatch(r"http://\[::1\]:[1-9]\d+", address)
        assert fetch(f"{address}/healthz", timeout=10).status_code == 200
    finally:
        again.send_signal(signal.SIGINT)
        again.communicate(timeout=60)
