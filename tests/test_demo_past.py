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
    with fleet.transaction():  # the mean speed of the last day is that of one instant
        assert fleet.execute(week).fetchone() == fleet.execute(week).fetchone()
    assert fleet.execute(WRITE_PAST).fetchone() == (0,)
    assert fleet.execute(total).fetchone() == before


def test_the_types_and_the_areas_have_a_past_too(fleet: psycopg.Connection) -> None:
    fleet.execute("delete from vessel_activity.area_figures")
    assert demo.write_details(fleet) is False
    for _ in range(2):
        fleet.execute("delete from vessel_activity.activity")  # else a new one is not due yet
        fleet.execute("select public.refresh_vessel_activity()")
        # A refresh keeps the sample of its hour; the past ends before that. The sample from before
        # there was a fleet makes way for that of the next refresh.
        assert demo.write_details(fleet) is True
    types = fleet.execute(
        """
        select count(distinct hour) = extract(epoch from max(hour) - min(hour)) / 3600 + 1,
          min(hour) = date_bin('1 hour', min(as_of) - interval '720 hours', 'epoch') + interval '1 hour',
          max(hour) = date_bin('1 hour', min(as_of), 'epoch'),
          sum(active_last_hour) filter (where place > 0) = sum(active_last_hour) filter (where place = 0)
        from vessel_activity.type_hour cross join (select as_of from vessel_activity.activity) as document
        """
    ).fetchone()
    assert types == (True, True, True, True)
    areas = fleet.execute(
        """
        select a.name, count(*) = extract(epoch from max(h.hour) - min(h.hour)) / 3600 + 1,
          max(h.hour) = date_bin('1 hour', min(as_of), 'epoch'), min(h.hour) <= min(as_of) - interval '1343 hours',
          bool_and(active_now <= active_last_hour and active_last_hour <= active_last_24h)
        from vessel_activity.area_history as h join public.vessel_activity_area as a on a.id = h.area
        cross join (select as_of from vessel_activity.activity) as document
        group by a.name
        """
    ).fetchall()
    assert len(areas) == 12
    assert {row[1:] for row in areas} == {(True, True, True, True)}
    total = "select count(*), sum(active_last_hour) from vessel_activity."
    before = [fleet.execute(total + table).fetchone() for table in ("type_hour", "area_history")]
    assert demo.write_details(fleet) is True
    after = [fleet.execute(total + table).fetchone() for table in ("type_hour", "area_history")]
    assert after == before


def test_the_past_of_the_types_is_what_the_reports_would_have_shown(
    fleet: psycopg.Connection,
) -> None:
    """Compare the types that were computed for the last hour with those of its reports."""
    rows = fleet.execute(
        """
        with at as (select max(hour) - interval '1 hour' as hour from vessel_activity.type_hour),
          counted as (
            select coalesce(v."vesselType", 'Unknown') as name, count(distinct v.id) as vessels
            from public.vessel_positions as p join public.vessels as v on v.id = p."vesselId" cross join at
            where p."timestamp" between at.hour - interval '1 hour' and at.hour
            group by 1)
        select name, t.active_last_hour, c.vessels
        from vessel_activity.type_hour as t join at using (hour) join counted as c using (name)
        """
    ).fetchall()
    assert len(rows) > 10
    for name, written, counted in rows:
        assert abs(written - counted) < 5 * (written + counted) ** 0.5, name
    assert sum(row[1] for row in rows) == pytest.approx(sum(row[2] for row in rows), rel=0.1)


def test_reports_by_satellite_arrive_a_minute_and_a_half_late(fleet: psycopg.Connection) -> None:
    at = datetime(2026, 3, 4, 12, 1, tzinfo=UTC)
    rows = fleet.execute(
        "select f.number %% 40 = 0 and f.report_every_seconds = 1160, r.reported_at"
        " from vessel_activity_demo.reports(%s, %s) as r join vessel_activity_demo.fleet as f using (vessel_id)",
        (at, at + HOUR),
    ).fetchall()
    late = {reported_at for is_late, reported_at in rows if is_late}
    assert len(late) > 10
    # They were made a minute and a half before the hour in which they arrive.
    delay = timedelta(seconds=90)
    assert at - delay < min(late) <= max(late) <= at + HOUR - delay
    assert min(late) < at
    assert all(at < reported_at <= at + HOUR for is_late, reported_at in rows if not is_late)
    # Whoever asks twice gets no report twice, and misses none.
    halves = [
        fleet.execute(REPORTS, (at + begin, at + begin + HOUR / 2)).fetchall()
        for begin in (timedelta(), HOUR / 2)
    ]
    whole = fleet.execute(REPORTS, (at, at + HOUR)).fetchall()
    assert sorted(halves[0] + halves[1]) == sorted(whole)


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
