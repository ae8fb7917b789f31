# ruff: noqa: E501 - SQL reads best unbroken
"""The demo has areas, eight weeks of a plausible past, and an incident that cuts off a region."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.conftest import COMMAND, PROJECT, cloned
from vessel_activity import demo
from vessel_activity.demo.incident import Incident

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vessel_activity.database.local_server import LocalServer

HOUR = timedelta(hours=1)
# All instants of these tests are seen from the newest report.
WRITE_PAST = (
    "select vessel_activity_demo.write_past(reported_until) from vessel_activity_demo.clock"
)
REPORTS = "select * from vessel_activity_demo.reports(%s, %s)"


@pytest.fixture(scope="module")
def fleet(server: LocalServer, template: str) -> Iterator[psycopg.Connection]:
    """Give a database with a fleet of 1,000 vessels, its last day and its past."""
    with cloned(server, template) as url, psycopg.connect(url, autocommit=True) as connection:
        demo.install_fleet(connection)
        connection.execute("select vessel_activity_demo.fill(1000)")
        connection.execute("analyze public.vessel_positions")
        connection.execute(
            "select vessel_activity.recompute_history(now() - interval '24 hours', now())"
        )
        connection.execute(WRITE_PAST)
        yield connection


def test_the_past_reaches_back_eight_weeks_without_a_gap(fleet: psycopg.Connection) -> None:
    row = fleet.execute(
        """
        select min(hour) = date_bin('1 hour', min(now) - interval '56 days', 'epoch'),
          -- Each hour that is over has a row.
          count(*) = extract(epoch from max(hour) - min(hour)) / 3600 + 1,
          max(hour) >= date_bin('1 hour', max(now), 'epoch') - interval '1 hour',
          bool_and(active_now_min <= active_now_mean and active_now_mean <= active_now_max),
          bool_and(active_now_max <= active_last_hour_max and active_last_hour_max <= active_last_24h_max
            and active_last_24h_max <= total_vessels_max)
        from vessel_activity.history_hour cross join (select min(reported_until) as now from vessel_activity_demo.clock) as c
        """
    ).fetchone()
    assert row == (True, True, True, True, True)
    bands = fleet.execute(
        "select figure, weeks from vessel_activity_demo.clock cross join lateral vessel_activity.usual_at(reported_until)"
    ).fetchall()
    assert len(bands) == 5
    assert {weeks for _, weeks in bands} == {8}


def test_the_past_is_what_the_reports_would_have_shown(fleet: psycopg.Connection) -> None:
    """Compare the computed samples of the last day with those that were counted from reports."""
    rows = fleet.execute(
        """
        select h.active_now, p.active_now, h.active_last_hour, p.active_last_hour, h.active_last_24h, p.active_last_24h,
          h.positions_last_hour, p.positions_last_hour, h.speed_avg::float8, p.speed_avg::float8
        from vessel_activity.history as h
        cross join lateral vessel_activity_demo.past(h.minute, h.minute, '1 minute') as p
        where h.minute = date_bin('10 minutes', h.minute, 'epoch') and h.sampled_at > now() - interval '23 hours'
        """
    ).fetchall()
    assert len(rows) > 120
    for now, past_now, hour, past_hour, day, past_day, positions, past_positions, _, _ in rows:
        # Five standard deviations of both counts.
        assert abs(now - past_now) < 5 * (now + past_now) ** 0.5
        assert past_hour == pytest.approx(hour, rel=0.1)
        assert past_day == pytest.approx(day, rel=0.05)
        assert past_positions == pytest.approx(positions, rel=0.1)
    means = [sum(column) / len(rows) for column in zip(*rows, strict=True)]
    for real, past, within in zip(
        means[0::2], means[1::2], (0.03, 0.02, 0.02, 0.02, 0.05), strict=True
    ):
        assert past == pytest.approx(real, rel=within)


def test_the_past_repeats_and_is_written_once(fleet: psycopg.Connection) -> None:
    week = "select array_agg(p order by p.minute) from vessel_activity_demo.past('2026-03-02', '2026-03-09', '5 minutes') as p"
    total = "select count(*), sum(active_now_max) from vessel_activity.history_hour"
    before = fleet.execute(total).fetchone()
    assert fleet.execute(week).fetchone() == fleet.execute(week).fetchone()
    assert fleet.execute(WRITE_PAST).fetchone() == (0,)
    assert fleet.execute(total).fetchone() == before


def test_a_dozen_areas_are_put_once_and_removed_with_the_fleet(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        names = "select array_agg(name order by name) from public.vessel_activity_area"
        demo.install_fleet(db)
        db.execute("select vessel_activity_demo.fill(300)")
        row = db.execute(names).fetchone()
        assert row is not None
        assert len(row[0]) == 12
        db.execute("select public.vessel_activity_area_remove('Suez Canal')")
        db.execute(
            "select public.vessel_activity_area_put('Mine', (select shape from public.vessel_activity_area where name = 'Dover Strait'))"
        )
        demo.install_fleet(db)
        db.execute("select vessel_activity_demo.fill(300)")
        assert db.execute(names).fetchone() == (sorted({*row[0], "Mine"} - {"Suez Canal"}),)
        db.execute("select vessel_activity_demo.remove()")
        assert db.execute(names).fetchone() == (["Mine"],)


def test_an_incident_loses_the_reports_of_its_region_for_ten_minutes(
    fleet: psycopg.Connection,
) -> None:
    start = datetime(2026, 3, 4, 12, 0, tzinfo=UTC)
    span = (start - timedelta(minutes=10), start + timedelta(minutes=20))
    before = fleet.execute(REPORTS, span).fetchall()
    with fleet.transaction(force_rollback=True):
        fleet.execute("select vessel_activity_demo.start_incident(%s)", (start,))
        after = fleet.execute(REPORTS, span).fetchall()

    def inside(report: tuple[Any, ...]) -> bool:
        return bool(30 <= report[2] <= 72 and -12 <= report[3] <= 42)

    lost = [
        report
        for report in before
        if inside(report) and start <= report[1] < start + timedelta(minutes=10)
    ]
    assert set(after) == set(before) - set(lost)
    # A third to a half of the fleet is there, and it is heard before and afterwards.
    assert 0.33 < len(lost) / (len(before) / 3) < 0.5
    assert any(inside(report) and report[1] < start for report in after)
    assert any(inside(report) and report[1] > start + timedelta(minutes=10) for report in after)


def test_the_console_tells_of_the_incident(
    fleet: psycopg.Connection, capsys: pytest.CaptureFixture[str]
) -> None:
    incident = Incident()
    now = datetime.now(UTC)
    incident.step(fleet, now)
    row = fleet.execute("select starts_at, ends_at from vessel_activity_demo.incident").fetchone()
    assert row is not None
    starts_at, ends_at = row
    assert abs(starts_at - now - timedelta(minutes=1)) < timedelta(seconds=30)
    assert ends_at - starts_at == timedelta(minutes=10)
    region = "European waters"
    begin, end = (f"{at.astimezone(UTC):%H:%M:%S}" for at in row)
    assert (
        capsys.readouterr().out
        == f"incident: from {begin} to {end} UTC no report from {region} is received\n"
    )
    incident.step(fleet, starts_at - timedelta(seconds=1))
    assert capsys.readouterr().out == ""
    incident.step(fleet, starts_at)
    assert capsys.readouterr().out == f"incident: begun; no report from {region} is received\n"
    incident.step(fleet, ends_at)
    assert capsys.readouterr().out == f"incident: over; reports from {region} are received again\n"
    incident.step(fleet, ends_at + HOUR)
    assert capsys.readouterr().out == ""
    fleet.execute("delete from vessel_activity_demo.incident")


@pytest.mark.parametrize(
    ("arguments", "command"), [((), " demo"), (("INCIDENT=1",), " demo --incident")]
)
def test_make_passes_the_incident_on(arguments: tuple[str, ...], command: str) -> None:
    done = subprocess.run(
        ["make", "--dry-run", "--silent", "demo", *arguments],
        cwd=PROJECT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.rstrip().endswith(f"-m vessel_activity{command}")
    said = subprocess.run(
        [*COMMAND, "demo", "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    assert "--incident" in said.stdout


def test_a_fleet_of_an_earlier_version_makes_way(db: psycopg.Connection) -> None:
    demo.install_fleet(db)
    db.execute("select vessel_activity_demo.fill(40)")
    db.execute("alter table vessel_activity_demo.fleet add radius_degrees double precision")

    demo.install_fleet(db)
    assert db.execute("select count(*) from public.vessels").fetchone() == (0,)
    db.execute("select vessel_activity_demo.fill(50)")
    assert db.execute("select count(*) from public.vessels").fetchone() == (50,)
