"""The hours of the history equal their minutes, whatever happens to these, and outlive them."""

from __future__ import annotations

import random
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Any

import psycopg
import pytest

from tests.support.history import FIGURES, NUMBERS, one, record
from tests.test_history_backfill import add_traffic

HOUR = timedelta(hours=1)
Hours = dict[datetime, tuple[Any, ...]]


def rounded(value: Fraction) -> Decimal:
    thousandths = Decimal(value.numerator * 1000) / Decimal(value.denominator)
    return thousandths.to_integral_value(ROUND_HALF_UP) / 1000


def expected_hours(connection: psycopg.Connection, *, with_newest: bool = False) -> Hours:
    """Compute the hours from the samples in Python; that of the newest sample is not over yet."""
    samples = defaultdict(list)
    for minute, *numbers in connection.execute(
        f"select minute, {NUMBERS} from vessel_activity.history order by minute"  # noqa: S608
    ).fetchall():
        samples[minute.astimezone(UTC).replace(minute=0, second=0)].append(numbers)
    hours = {}
    for hour in sorted(samples)[: None if with_newest else -1]:
        row: list[Any] = [len(samples[hour])]
        for place, figure in enumerate(FIGURES):
            values = [Fraction(numbers[place]) for numbers in samples[hour]]
            counted = values if figure == "total_vessels" else [each for each in values if each]
            mean = rounded(sum(counted, Fraction(0)) / len(counted)) if counted else None
            row += [min(values), mean, max(values)]
        hours[hour] = tuple(row)
    return hours


def hours(connection: psycopg.Connection, *, final: bool) -> Hours:
    columns = ", ".join(f"{each}_min, {each}_mean, {each}_max" for each in FIGURES)
    return {
        hour.astimezone(UTC): tuple(rest)
        for hour, *rest in connection.execute(
            f"select hour, samples, {columns} from vessel_activity.history_hour"  # noqa: S608
            " where is_final = %s",
            [final],
        )
    }


def test_an_hour_is_rolled_up_by_the_first_sample_of_a_later_one(
    database: psycopg.Connection,
) -> None:
    for minute, active_now in (("12:00", 7), ("12:31", 0), ("12:59", 12)):
        record(database, f"2026-01-31 {minute}+00", active_now)
    assert hours(database, final=False) == {}
    record(database, "2026-01-31 14:05+00", 5)
    (row,) = hours(database, final=False).values()
    # Nothing was heard at 12:31: that is the minimum, and not in the mean.
    assert row[:4] == (3, 0, Decimal("9.5"), 12)
    assert row[4:7] == (2, 2, 2)
    assert row[-3:] == (Decimal("6.5"), Decimal("6.5"), Decimal("6.5"))


def test_minutes_that_are_too_old_leave_their_hours_and_these_go_in_their_time(
    database: psycopg.Connection,
) -> None:
    database.execute(
        "update vessel_activity.settings set history_retention = '3 hours', hour_retention = '8 h'"
    )
    start = datetime(2026, 1, 31, 0, 30, tzinfo=UTC)
    for number in range(0, 20 * 60, 20):
        record(database, str(start + timedelta(minutes=number)), number + 1)
    minutes = one(database, "select min(minute) from vessel_activity.history")
    # The last purge was at 20:10, three whole hours and a part of one before that are kept.
    assert minutes == datetime(2026, 1, 31, 17, 10, tzinfo=UTC)
    kept = hours(database, final=True)
    assert sorted(kept) == [datetime(2026, 1, 31, hour, tzinfo=UTC) for hour in range(12, 17)]
    for hour, row in kept.items():
        first = int((hour + timedelta(minutes=10) - start) / timedelta(minutes=1)) + 1
        assert row[:4] == (3, first, first + 20, first + 40)


def test_a_clock_that_is_years_ahead_for_a_moment_costs_two_days_of_samples_at_most(
    database: psycopg.Connection,
) -> None:
    database.execute(
        "insert into vessel_activity.history select m, m, 1, 1, 1, 1, 1, 1"
        " from generate_series(timestamptz '2026-01-01 00:00+00', '2026-01-20 00:00+00',"
        " '10 minutes') as m"
    )
    record(database, "2026-01-20 00:05+00", 1)
    assert len(hours(database, final=False)) == 19 * 24
    record(database, "2031-01-01 00:00+00", 1)
    assert one(database, "select min(minute) from vessel_activity.history") == datetime(
        2026, 1, 3, tzinfo=UTC
    )
    database.execute("select vessel_activity.forget_history('2026-01-20 00:05+00')")
    assert hours(database, final=False) == expected_hours(database)
    assert len(hours(database, final=False)) == 17 * 24


def test_a_roll_up_that_another_session_prevents_is_made_up_for_a_minute_later(
    database: psycopg.Connection, module_url: str
) -> None:
    record(database, "2026-01-31 12:00+00", 1)
    with psycopg.connect(module_url) as other:
        other.execute("lock vessel_activity.history_hour in share update exclusive mode")
        assert record(database, "2026-01-31 13:00+00", 2)
        assert hours(database, final=False) == {}
    record(database, "2026-01-31 13:01+00", 3)
    assert hours(database, final=False) == expected_hours(database) != {}


def test_the_minutes_of_a_version_without_hours_are_rolled_up_by_the_next_sample(
    database: psycopg.Connection,
) -> None:
    database.execute(
        "insert into vessel_activity.history select m, m, 1 + n % 90, 1 + n % 80, n % 7, 9, n % 99,"
        " n % 45 from generate_series(timestamptz '2026-01-01 00:00+00', '2026-01-20 00:30+00',"
        " '7 minutes') as m, lateral (select (extract(epoch from m) / 60)::int) as number (n)"
    )
    record(database, "2026-01-20 00:31+00", 1)
    assert hours(database, final=False) == expected_hours(database)
    assert len(expected_hours(database)) == 19 * 24


def test_hours_are_filled_where_minutes_are_too_old(database: psycopg.Connection) -> None:
    database.execute("update vessel_activity.settings set history_retention = '6 hours'")
    end = datetime.now(UTC)
    add_traffic(database, end, 8)
    filled = "select public.vessel_activity_backfill_history(%s, %s, '5 minutes')"
    written = one(database, filled, end - timedelta(hours=27), end)

    kept_from = (end - timedelta(hours=6)).replace(minute=0, second=0, microsecond=0)
    samples = one(database, "select count(*) from vessel_activity.history")
    filled_hours = hours(database, final=True)
    assert written == samples + len(filled_hours)
    assert one(database, "select min(minute) from vessel_activity.history") == kept_from
    first = (end - timedelta(hours=27)).replace(minute=0, second=0, microsecond=0) + HOUR
    assert sorted(filled_hours) == [first + n * HOUR for n in range((kept_from - first) // HOUR)]
    # Each sample by itself, by the definition.
    for hour in (first, first + 3 * HOUR, kept_from - HOUR):
        instants = [hour + n * timedelta(minutes=5) for n in range(12)]
        active = [
            database.execute(
                "select active_now, speed_avg from public.vessel_activity_at(%s)", [instant]
            ).fetchone()
            for instant in instants
        ]
        assert all(active)
        counts = [Fraction(row[0]) for row in active if row]
        speeds = [Fraction(row[1]) for row in active if row]
        row = filled_hours[hour]
        for place, values in ((1, counts), (16, speeds)):
            known = [each for each in values if each]
            mean = rounded(sum(known, Fraction(0)) / len(known)) if known else None
            assert row[place : place + 3] == (min(values), mean, max(values))
    assert hours(database, final=False) == expected_hours(database)
    # Again: nothing is missing, and nothing changes.
    assert one(database, filled, end - timedelta(hours=27), end) == 0
    assert hours(database, final=True) == filled_hours


class Life:
    """A history to which everything happens that can happen to one."""

    def __init__(self, database: psycopg.Connection, seed: int) -> None:
        self.database = database
        self.chance = random.Random(seed)  # noqa: S311
        self.now = datetime.now(UTC)
        self.at = self.now - 60 * HOUR
        self.known: Hours = {}  # the hours as their samples were last seen
        add_traffic(database, self.now, seed)

    def record(self) -> None:
        """Let the clock go on, with a sample now and then."""
        for _ in range(self.chance.randrange(1, 25)):
            minutes = self.chance.choice([1, 1, 1, 7, 50, 400])
            self.at = min(self.at + timedelta(minutes=minutes), datetime.now(UTC))
            record(self.database, str(self.at), self.chance.choice([0, 1, 5, 4000]))
            self.known |= expected_hours(self.database, with_newest=True)

    def ahead(self) -> datetime:
        """Let the clock be ahead for a moment, and set it right."""
        by = self.chance.choice([HOUR / 9, 3 * HOUR, 900 * HOUR])
        record(self.database, str(self.at + by), 9)
        self.database.execute("select vessel_activity.forget_history(%s)", [self.at])
        return self.at

    def late(self) -> None:
        """Take a sample of an earlier time."""
        record(self.database, str(self.at - self.chance.randrange(30) * HOUR / 7), 8)

    def backfill(self) -> None:
        """Fill some hours from the positions."""
        begin = self.now - self.chance.randrange(70) * HOUR / 2
        fill = "select vessel_activity.backfill_history(%s, %s, '11 minutes')"
        self.database.execute(fill, (begin, begin + self.chance.randrange(60) * HOUR / 3))

    def recompute(self) -> datetime:
        """Compute the samples after an instant anew."""
        after = self.at - self.chance.randrange(40) * HOUR / 3
        self.database.execute("select vessel_activity.forget_history(%s)", [after])
        fill = "select vessel_activity.backfill_history(%s, %s, '13 minutes')"
        self.database.execute(fill, (after, self.at))
        return after

    def keep(self) -> None:
        """Change how long samples are kept."""
        self.database.execute(
            "update vessel_activity.settings set history_retention = %s",
            [self.chance.choice([5, 20, 30, 100]) * HOUR],
        )


@pytest.mark.parametrize("seed", range(4))
def test_hours_equal_their_minutes_whatever_happens(
    database: psycopg.Connection, seed: int
) -> None:
    database.execute(
        "update vessel_activity.settings set history_retention = '20 hours',"
        " hour_retention = '50 hours'"
    )
    life = Life(database, seed)
    done = []
    for _ in range(45):
        life.known = expected_hours(database, with_newest=True)
        finals = hours(database, final=True)
        kinds = ["record"] * 6 + ["ahead", "late", "backfill", "recompute", "keep"]
        done.append(life.chance.choice(kinds))
        forgotten_after = getattr(life, done[-1])() or datetime.max.replace(tzinfo=UTC)
        final = hours(database, final=True)
        expected = expected_hours(database)
        assert hours(database, final=False) == {
            hour: row for hour, row in expected.items() if hour not in final
        }, done
        # What is final has stayed as it was, unless it was computed from the positions.
        for hour in [hour for hour in final if hour <= forgotten_after]:
            if hour in finals:
                assert final[hour] == finals[hour], done
            elif done[-1] not in {"backfill", "recompute"}:
                assert final[hour] == life.known[hour], done
