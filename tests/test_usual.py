"""What is usual for an hour of the week, and whether the figures are below it."""

from __future__ import annotations

import math
import random
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from statistics import median
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.history import one, record
from tests.support.webserver import HISTORY, WebServer, eventually, write_row
from tests.test_server_metrics import PATIENT, samples
from tests.test_status import Check, status

if TYPE_CHECKING:
    import psycopg

HOUR = timedelta(hours=1)
WEEK = timedelta(weeks=1)
MINUTE = timedelta(minutes=1)
AT = datetime(2026, 3, 4, 12, 34, 56, tzinfo=UTC)
THE_HOUR = AT.replace(minute=0, second=0)
FIGURES = ["active_now", "active_last_hour", "active_last_24h", "positions_last_hour", "speed_avg"]


def add_hour(
    connection: psycopg.Connection,
    hour: datetime,
    mean: float | None,
    *,
    least: float | None = None,
    most: float | None = None,
    scale: tuple[float, ...] = (1, 2, 3, 10, 0.003),
) -> None:
    """Write an hour of the history whose figures are multiples of the given ones."""
    values: list[Any] = []
    for figure, factor in zip(FIGURES, scale, strict=True):
        digits = 2 if figure == "speed_avg" else 0
        for number, default in ((least, mean or 0), (None, None), (most, mean or 0)):
            if default is None:
                values.append(None if mean is None else Decimal(str(round(mean * factor, 3))))
            else:
                value = default if number is None else number
                values.append(Decimal(str(round(value * factor, digits))))
    names = ", ".join(f"{each}_min, {each}_mean, {each}_max" for each in FIGURES)
    connection.execute(
        f"insert into vessel_activity.history_hour (hour, samples, is_final, {names},"  # noqa: S608
        " total_vessels_min, total_vessels_mean, total_vessels_max) values (%s, 60, true, "
        + ", ".join(["%s"] * 15)
        + ", 9, 9, 9)",
        [hour, *values],
    )


def usual(connection: psycopg.Connection, at: datetime = AT) -> dict[str, tuple[Any, ...]]:
    rows = connection.execute("select * from vessel_activity.usual_at(%s)", [at]).fetchall()
    return {figure: tuple(rest) for figure, *rest in rows}


def below(connection: psycopg.Connection, at: datetime) -> dict[str, bool | None]:
    rows = connection.execute(
        "select figure, is_below from vessel_activity.below_usual_at(%s)", [at]
    ).fetchall()
    return dict(rows)


def test_nothing_is_usual_without_a_past(database: psycopg.Connection) -> None:
    assert usual(database) == dict.fromkeys(FIGURES, (0, None, None, None))
    assert set(below(database, AT).values()) == {None}


def test_one_week_gives_a_band_of_five_percent(database: psycopg.Connection) -> None:
    add_hour(database, THE_HOUR - WEEK, 3500)
    found = usual(database)
    assert found["active_now"] == (1, 3325, 3675, None)
    assert found["positions_last_hour"] == (1, 33250, 36750, None)
    # 10.5 knots, less and more 0.525.
    assert found["speed_avg"] == (1, Decimal("9.9"), Decimal("11.1"), None)


def test_the_band_reaches_three_times_the_median_distance_of_the_weeks(
    database: psycopg.Connection,
) -> None:
    means = [3000, 3100, 3200, 3300, 3700, 3800, 3900, 4000]
    for week, mean in enumerate(means, 1):
        add_hour(database, THE_HOUR - week * WEEK, mean)
    # The middle is 3500. The distances are 200, 200, 300, 300, 400, 400, 500, 500.
    assert usual(database)["active_now"] == (8, 2450, 4550, None)


def test_weeks_with_an_outage_do_not_drag_the_band(database: psycopg.Connection) -> None:
    for week in range(1, 9):
        mean = {2: 40, 5: 900, 7: None}.get(week, 3480 + 10 * week)
        add_hour(database, THE_HOUR - week * WEEK, mean, least=0 if week in {2, 5, 7} else None)
    weeks, low, high, _ = usual(database)["active_now"]
    # Seven weeks have a mean: in the seventh nothing was heard.
    assert weeks == 7
    assert (low, high) == (3334, 3686)  # 3510 (the fourth of seven), less and more 5 %


def test_a_small_fleet_has_room_for_chance(database: psycopg.Connection) -> None:
    for week in range(1, 5):
        add_hour(database, THE_HOUR - week * WEEK, 4, least=2, most=7)
    assert usual(database)["active_now"] == (4, 1, 7, None)


def test_only_the_same_hour_of_the_eight_weeks_before_counts(database: psycopg.Connection) -> None:
    for other in (THE_HOUR, THE_HOUR + WEEK, THE_HOUR - 9 * WEEK, THE_HOUR - WEEK + HOUR):
        add_hour(database, other, 1)
    assert usual(database)["active_now"][0] == 0
    add_hour(database, THE_HOUR - 8 * WEEK, 1000)
    for at in (THE_HOUR, AT, THE_HOUR + HOUR - timedelta(microseconds=1)):
        assert usual(database, at)["active_now"] == (1, 950, 1050, None)


def test_the_same_minute_of_last_week_is_told(database: psycopg.Connection) -> None:
    for minutes in (-4, -2, 1):
        record(database, str(AT - WEEK + minutes * MINUTE), 100 + minutes)
    assert usual(database)["active_now"][3] == 101
    assert usual(database, AT - 5 * MINUTE)["active_now"][3] == 96
    assert usual(database, AT + 5 * MINUTE)["active_now"][3] is None


def expected_band(weeks: list[tuple[float, float, float]], unit: Fraction) -> tuple[Any, ...]:
    """Compute a band by the words of the manual, in exact fractions."""
    means = [Fraction(str(mean)) for _, mean, _ in weeks]
    middle = median(means)
    margin = max(
        3 * median([abs(mean - middle) for mean in means]),
        median([(Fraction(str(most)) - Fraction(str(least))) / 2 for least, _, most in weeks]),
        middle / 20,
    )
    low = math.floor(max(middle - margin, Fraction(0)) / unit) * unit
    high = math.ceil((middle + margin) / unit) * unit
    return len(weeks), low, high


@pytest.mark.parametrize("seed", range(5))
def test_bands_equal_those_computed_in_another_way(database: psycopg.Connection, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    scale = (1, 2, 3, 10, 0.003)
    weeks: list[tuple[float, float, float]] = []
    for week in range(1, 9):
        if chance.random() < 0.3:
            continue
        mean = chance.choice([chance.uniform(1, 20), chance.uniform(3000, 4000), 3500])
        mean = round(mean, 3)
        least, most = (
            float(math.floor(mean * chance.random())),
            float(math.ceil(mean * (1 + chance.random()))),
        )
        weeks.append((least, mean, most))
        add_hour(database, THE_HOUR - week * WEEK, mean, least=least, most=most)
    found = usual(database)
    for figure, factor in zip(FIGURES, scale, strict=True):
        unit, digits = (Fraction(1, 10), 2) if figure == "speed_avg" else (Fraction(1), 0)
        scaled = [
            (round(least * factor, digits), round(mean * factor, 3), round(most * factor, digits))
            for least, mean, most in weeks
        ]
        expected = expected_band(scaled, unit) if weeks else (0, None, None)
        assert found[figure][:3] == expected


def fill(connection: psycopg.Connection, until: datetime, values: list[int]) -> None:
    """Record a value each minute, the last one at the given instant."""
    for ago, value in enumerate(reversed(values)):
        record(connection, str(until - ago * MINUTE), value)


def habit(connection: psycopg.Connection, hour: datetime, weeks: int = 3, mean: int = 1000) -> None:
    for week in range(1, weeks + 1):
        add_hour(connection, hour - week * WEEK, mean, scale=(1, 0.001, 0.001, 0.001, 0.001))


@pytest.mark.parametrize(
    ("values", "is_below"),
    [
        ([1000] * 12, False),
        ([760] * 12, False),  # the band begins at 950, a fifth below it is 760
        ([759] * 12, True),
        ([900] + [759] * 11, True),  # the first is from before the ten minutes
        ([900, 900] + [759] * 10, False),
        ([759] * 6 + [900] + [759] * 5, False),
        ([0] * 12, True),  # nothing is heard at all
        ([759] * 5, None),  # too few samples
    ],
)
def test_below_usual_is_far_below_for_long(
    database: psycopg.Connection, values: list[int], is_below: bool | None
) -> None:
    habit(database, THE_HOUR)
    fill(database, AT, values)
    assert below(database, AT)["active_now"] is is_below


def test_how_far_and_how_long_can_be_set(database: psycopg.Connection) -> None:
    habit(database, THE_HOUR)
    fill(database, AT, [700] * 7)
    assert below(database, AT)["active_now"] is None
    database.execute("update vessel_activity.settings set below_usual_for = '5 minutes'")
    assert below(database, AT)["active_now"] is True
    database.execute("update vessel_activity.settings set below_usual_by = 0.3")
    assert below(database, AT)["active_now"] is False


def test_each_sample_is_compared_with_its_own_hour(database: psycopg.Connection) -> None:
    at = THE_HOUR + 5 * MINUTE
    habit(database, THE_HOUR - HOUR, mean=100)
    habit(database, THE_HOUR, mean=1000)
    fill(database, at, [90] * 12)
    # Five minutes ago 90 was usual.
    assert below(database, at)["active_now"] is False
    later = at + 6 * MINUTE
    fill(database, later, [90] * 6)
    assert below(database, later)["active_now"] is True


def test_one_week_alone_makes_no_habit(database: psycopg.Connection) -> None:
    habit(database, THE_HOUR, weeks=1)
    fill(database, AT, [1] * 12)
    assert below(database, AT)["active_now"] is None
    assert usual(database)["active_now"][0] == 1


def test_it_can_be_told_for_any_instant_and_ends_with_the_samples(
    database: psycopg.Connection,
) -> None:
    habit(database, THE_HOUR)
    fill(database, AT, [1000] * 4 + [500] * 15 + [1000] * 5)
    told = {ago: below(database, AT - ago * MINUTE)["active_now"] for ago in range(-5, 14)}
    # The low samples were taken 19 to 5 minutes ago, so ten minutes were over 9 to 5 minutes ago.
    assert [ago for ago, is_below in told.items() if is_below] == [5, 6, 7, 8, 9]
    # Without a sample for three minutes, nothing is known.
    assert [ago for ago, is_below in told.items() if is_below is None] == [-5, -4, -3]


def test_the_part_of_the_activity_document(database: psycopg.Connection) -> None:
    empty = dict.fromkeys(["low", "high", "lastWeek", "isBelow"])
    assert one(database, "select vessel_activity.usual_json(%s)", AT) == {
        key: {"weeks": 0, **empty}
        for key in ("activeNow", "activeLastHour", "activeLast24h", "positionsLastHour", "speedAvg")
    }
    for week in (1, 2):
        add_hour(database, THE_HOUR - week * WEEK, 1000, scale=(1, 2, 3, 10, 0.0123))
    record(database, str(AT - WEEK), 1234)
    fill(database, AT, [700] * 12)
    told = one(database, "select vessel_activity.usual_json(%s)", AT)
    assert told["activeNow"] == {
        "weeks": 2,
        "low": 950,
        "high": 1050,
        "lastWeek": 1234,
        "isBelow": True,
    }
    assert told["speedAvg"] == {
        "weeks": 2,
        "low": 11.6,
        "high": 13,
        "lastWeek": 6.5,
        "isBelow": None,
    }
    text = one(database, "select vessel_activity.usual_json(%s)::text", AT)
    assert " " not in text


def test_a_chart_gets_the_band_of_each_hour(database: psycopg.Connection, module_url: str) -> None:
    now = datetime.now(UTC)
    this_hour = now.replace(minute=0, second=0, microsecond=0)
    for ago in range(30):
        for week in (1, 2):
            add_hour(database, this_hour - ago * HOUR - week * WEEK, 1000 + 10 * ago)
    with WebServer(module_url) as web:
        day = web.get(f"{HISTORY}?range=24h").json()["usual"]
        year = web.get(f"{HISTORY}?range=1y").json()["usual"]
    assert day["weeks"] == 2
    hours = [int((this_hour - ago * HOUR).timestamp()) for ago in range(24, -1, -1)]
    assert day["time"] in (hours, hours[1:])
    ago = len(hours) - 3
    assert day["time"][-3] == hours[ago]
    assert (day["activeNow"]["low"][-3], day["activeNow"]["high"][-3]) == (969, 1071)
    assert {len(day["speedAvg"][end]) for end in ("low", "high")} == {len(day["time"])}
    # What is usual is told by hour, and the points of a year are days.
    assert year is None


def test_the_status_warns_if_fewer_vessels_are_active_than_usual(
    database: psycopg.Connection,
) -> None:
    now = datetime.now(UTC)
    assert status(database)["usual"] == Check(
        "ok", "nothing is known about what is usual: the history has no earlier week", None
    )
    # Two hours, in case the clock strikes.
    hours = [now.replace(minute=0, second=0, microsecond=0) + n * HOUR for n in (-1, 0, 1)]
    for hour in hours:
        habit(database, hour, weeks=1)
    assert status(database)["usual"].detail == (
        "usual for this hour of the week are 950 to 1050 active vessels (1 week);"
        " from 2 weeks on, this check warns if fewer are active"
    )
    for hour in hours:
        add_hour(database, hour - 2 * WEEK, 1000, scale=(1, 0.001, 0.001, 1, 0.001))
    known = "usual for this hour of the week are 950 to 1050 active vessels (2 weeks)"
    assert status(database)["usual"] == Check("ok", known, None)
    fill(database, now, [600] * 13)
    check = status(database)["usual"]
    assert check.state == "warn"
    assert check.detail == (
        f"600 vessels are active, which is below usual for 00:10:00 or longer; {known}"
    )
    assert check.hint is not None
    assert check.hint.startswith("See whether a part of the feed is missing")


def test_the_metrics_tell_what_is_usual(database: psycopg.Connection, module_url: str) -> None:
    now = datetime.now(UTC)
    write_row(module_url)
    with WebServer(module_url, PATIENT) as web:
        eventually(lambda: ("usual_weeks", "active_now") in samples(web))
        found = samples(web)
        assert found["usual_weeks", "active_now"] == 0
        assert not {("usual_low", "active_now"), ("below_usual", "active_now")} & found.keys()
        for hours in (-1, 0, 1):
            habit(database, now.replace(minute=0, second=0, microsecond=0) + hours * HOUR)
        fill(database, now, [600] * 13)
        eventually(lambda: samples(web).get(("below_usual", "active_now")) == 1)
        found = samples(web)
        assert found["usual_weeks", "active_now"] == 3
        assert found["usual_low", "active_now"] == 950
        assert found["usual_high", "active_now"] == 1050
        assert ("below_usual", "speed_avg") not in found
