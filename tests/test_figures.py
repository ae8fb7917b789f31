"""Every decision about the meaning of the numbers, to the microsecond.

Each test runs on all three routes: computed from the source tables, folded from the changes that
the triggers noted, and rebuilt.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import cloned
from tests.support.fleet import (
    AS_OF,
    HOUR,
    MICROSECOND,
    MINUTE,
    ROUTES,
    SECOND,
    Figures,
    add_positions,
    add_speeds,
    add_types,
    add_vessels,
    alter_type,
    computed,
    definition,
    refreshed,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vessel_activity.database.local_server import LocalServer


@pytest.fixture(scope="module")
def connection(server: LocalServer, template: str) -> Iterator[psycopg.Connection]:
    """Give one database to all tests here."""
    with cloned(server, template) as url, psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture
def db(connection: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Give the database in its first state; everything a test does is rolled back."""
    with connection.transaction(force_rollback=True):
        yield connection


pytestmark = pytest.mark.parametrize("route", ROUTES)


def test_empty_tables_give_zeros(db: psycopg.Connection, route: str) -> None:
    figures = computed(db, route, lambda: None)

    assert figures == Figures(0, 0, 0, 0, 0, [], [], Decimal("0.00"), AS_OF)


def test_every_window_includes_both_its_ends_to_the_microsecond(
    db: psycopg.Connection, route: str
) -> None:
    ends = (AS_OF - 5 * MINUTE, AS_OF - HOUR, AS_OF - 24 * HOUR)

    def write() -> None:
        add_positions(db, (1, AS_OF))
        for number, end in enumerate(ends):
            add_positions(db, (10 + number, end), (20 + number, end - MICROSECOND))
        add_positions(db, (30, AS_OF + MICROSECOND))

    figures = computed(db, route, write)

    assert figures.active_now == 2  # 1 and 10
    assert figures.active_last_hour == 4  # and 20, 11
    assert figures.active_last_24h == 6  # and 21, 12
    assert figures.positions_last_hour == 4


def test_the_hour_begins_within_a_second(db: psycopg.Connection, route: str) -> None:
    start = AS_OF - HOUR  # a quarter of a second past the full second

    def write() -> None:
        add_speeds(
            db,
            (1, start - MICROSECOND, 40),
            (1, start, 10),
            (1, start + MICROSECOND, 11),
            (1, start + timedelta(milliseconds=750) - MICROSECOND, 12),
            (1, start + timedelta(milliseconds=750), 13),
        )

    figures = computed(db, route, write)

    assert (figures.positions_last_hour, figures.speed_avg) == (4, Decimal("11.50"))


def test_an_hour_that_begins_on_a_full_second_counts_that_second(
    db: psycopg.Connection, route: str
) -> None:
    as_of = AS_OF.replace(microsecond=0)

    def write() -> None:
        add_speeds(db, (1, as_of - HOUR - MICROSECOND, 40), (1, as_of - HOUR, 10), (1, as_of, 20))

    figures = computed(db, route, write, as_of)

    assert (figures.positions_last_hour, figures.speed_avg) == (2, Decimal("15.00"))


def test_a_position_stamped_2099_counts_from_2099_on(db: psycopg.Connection, route: str) -> None:
    due = datetime(2099, 12, 31, 23, 59, 59, tzinfo=UTC)

    before = computed(db, route, lambda: add_positions(db, (1, due), speed=10))
    then = definition(db, due) if route == "definition" else refreshed(db, due)

    assert (before.active_last_24h, before.positions_last_hour) == (0, 0)
    assert (then.active_now, then.positions_last_hour, then.speed_avg) == (1, 1, Decimal("10.00"))


@pytest.mark.parametrize("column", ["timestamptz", "timestamp"])
def test_instants_at_the_ends_of_time_count_in_no_window(
    db: psycopg.Connection, route: str, column: str
) -> None:
    alter_type(db, "timestamp", column)

    def write() -> None:
        add_positions(db, (1, AS_OF))
        db.execute(
            """
            insert into public.vessel_positions ("vesselId", timestamp, speed)
            values (2, 'infinity', 9), (3, '-infinity', 9), (4, '294276-12-31 23:59:59', 9),
              (5, '4713-01-01 00:00:00 BC', 9)
            """
        )

    figures = computed(db, route, write)

    assert (figures.active_last_24h, figures.positions_last_hour) == (1, 1)
    assert figures.speed_avg == 0


@pytest.mark.parametrize("ahead", [SECOND, 45 * MINUTE, HOUR, HOUR + MICROSECOND, 3 * HOUR])
def test_a_position_ahead_of_time_counts_from_its_instant_on(
    db: psycopg.Connection, route: str, ahead: timedelta
) -> None:
    def then(as_of: datetime) -> int:
        figures = definition(db, as_of) if route == "definition" else refreshed(db, as_of)
        return figures.active_now

    computed(db, route, lambda: add_positions(db, (1, AS_OF + ahead)))

    assert then(AS_OF + ahead - MICROSECOND) == 0
    assert then(AS_OF + ahead) == 1


def test_null_empty_blank_and_literal_unknown_are_one_group(
    db: psycopg.Connection, route: str
) -> None:
    blanks: list[str | None] = [None, "", " ", "   ", "\t", "\n", " \r\n\t ", "Unknown"]

    figures = computed(
        db, route, lambda: add_vessels(db, [(b, b) for b in blanks] + [("Cargo", "NO")] * 2)
    )

    assert figures.vessel_types == [("Unknown", 8), ("Cargo", 2)]
    assert figures.top_flags == [("Unknown", 8), ("NO", 2)]
    assert figures.total_vessels == 10


def test_a_name_is_counted_as_it_is_written(db: psycopg.Connection, route: str) -> None:
    names = {" Cargo": 5, "Cargo": 4, "cargo": 3, "unknown": 2}

    figures = computed(db, route, lambda: add_types(db, names))

    assert figures.vessel_types == [(" Cargo", 5), ("Cargo", 4), ("cargo", 3), ("unknown", 2)]


def test_groups_come_in_descending_count_and_ties_by_name(
    db: psycopg.Connection, route: str
) -> None:
    names = {"Tug": 2, "Cargo": 2, "cargo": 2, "Tanker": 7, "Älva": 2, "Åland": 2, "Fishing": 3}

    figures = computed(db, route, lambda: add_types(db, names))

    # Bytewise: capitals before small letters, ASCII before Ä (C3 84) before Å (C3 85).
    in_order = [
        ("Tanker", 7),
        ("Fishing", 3),
        ("Cargo", 2),
        ("Tug", 2),
        ("cargo", 2),
        ("Älva", 2),
        ("Åland", 2),
    ]
    assert figures.vessel_types == in_order
    assert figures.top_flags == in_order


def test_only_ten_groups_are_kept_but_all_vessels_counted(
    db: psycopg.Connection, route: str
) -> None:
    names = {f"type {number:02}": 1 for number in range(12, 0, -1)} | {"Cargo": 2}

    figures = computed(db, route, lambda: add_types(db, names))

    assert figures.vessel_types == [("Cargo", 2)] + [(f"type {n:02}", 1) for n in range(1, 10)]
    assert figures.top_flags == figures.vessel_types
    assert figures.total_vessels == 14


def test_types_and_flags_are_counted_separately(db: psycopg.Connection, route: str) -> None:
    fleet = [("Cargo", "NO"), ("Cargo", "US"), ("Tug", "US"), (None, "US"), ("Cargo", None)]

    figures = computed(db, route, lambda: add_vessels(db, fleet))

    assert figures.vessel_types == [("Cargo", 3), ("Tug", 1), ("Unknown", 1)]
    assert figures.top_flags == [("US", 3), ("NO", 1), ("Unknown", 1)]


def test_a_name_is_counted_and_shown_by_its_first_100_characters(
    db: psycopg.Connection, route: str
) -> None:
    name = "".join(f"{number:05d}" for number in range(4000))
    names: list[str | None] = [name, name[:100], name[:101], "é" * 100, "é" * 101, " " * 101 + "X"]
    figures = computed(db, route, lambda: add_vessels(db, [(name, name) for name in names]))
    assert figures.vessel_types == [(name[:100], 3), ("é" * 100, 2), ("Unknown", 1)]
    assert figures.top_flags == figures.vessel_types


def test_a_type_of_60_megabytes_makes_neither_a_large_answer_nor_a_large_inbox(
    db: psycopg.Connection, route: str
) -> None:
    def write() -> None:
        db.execute(
            """
            insert into public.vessels (mmsi, "vesselType", flag, active)
            values ('219000001', repeat('A', 60 * 1024 * 1024), 'DK', true);
            update public.vessels set "vesselType" = repeat('B', 60 * 1024 * 1024)
            """
        )
        noted = db.execute("select max(length(name)) from vessel_activity.fleet_inbox").fetchone()
        assert noted == (100,)

    figures = computed(db, route, write)

    assert figures.vessel_types == [("B" * 100, 1)]
    assert figures.top_flags == [("DK", 1)]


@pytest.mark.needs("icu")
def test_names_are_compared_bytewise_under_any_collation_of_the_column(
    db: psycopg.Connection, route: str
) -> None:
    db.execute(
        """
        create collation caseless
          (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
        alter table vessels alter "vesselType" type text collate caseless,
          alter flag type text collate caseless
        """
    )

    def write() -> None:
        add_vessels(db, [("Cargo", "NO")])
        add_vessels(db, [("cargo", "no"), ("cargo", "no")])

    figures = computed(db, route, write)
    assert figures.vessel_types == [("cargo", 2), ("Cargo", 1)]
    assert figures.top_flags == [("no", 2), ("NO", 1)]


def test_inactive_vessels_are_not_counted_but_their_positions_are(
    db: psycopg.Connection, route: str
) -> None:
    def write() -> None:
        add_vessels(db, [("Cargo", "NO")])
        add_vessels(db, [("Tug", "US")] * 3, active=False)
        add_positions(db, (2, AS_OF), (3, AS_OF), speed=8)

    figures = computed(db, route, write)

    assert (figures.total_vessels, figures.vessel_types) == (1, [("Cargo", 1)])
    assert figures.top_flags == [("NO", 1)]
    assert (figures.active_now, figures.positions_last_hour) == (2, 2)


def test_vessels_without_a_row_in_vessels_count_as_active(
    db: psycopg.Connection, route: str
) -> None:
    positions = [(vessel, AS_OF) for vessel in (-5, 0, 7_000_000_000)]

    figures = computed(db, route, lambda: add_positions(db, *positions))

    assert (figures.active_now, figures.active_last_24h, figures.total_vessels) == (3, 3, 0)


def test_a_position_without_a_vessel_is_a_position_but_no_vessel(
    db: psycopg.Connection, route: str
) -> None:
    db.execute('alter table public.vessel_positions alter "vesselId" drop not null')

    def write() -> None:
        add_positions(db, (None, AS_OF), (None, AS_OF - 2 * HOUR), (4, AS_OF), speed=10)

    figures = computed(db, route, write)

    assert (figures.active_now, figures.active_last_24h) == (1, 1)
    assert (figures.positions_last_hour, figures.speed_avg) == (2, Decimal("10.00"))


def test_a_position_without_an_instant_counts_nowhere(db: psycopg.Connection, route: str) -> None:
    db.execute("alter table public.vessel_positions alter timestamp drop not null")

    def write() -> None:
        add_positions(db, (1, AS_OF))
        db.execute('insert into public.vessel_positions ("vesselId", speed) values (1, 5), (2, 5)')

    figures = computed(db, route, write)

    assert (figures.active_last_24h, figures.positions_last_hour) == (1, 1)
    assert figures.speed_avg == 0


def test_a_vessel_counts_once_however_often_it_reports(db: psycopg.Connection, route: str) -> None:
    def write() -> None:
        for age in (0, 0, 1, 30, 30, 300, 3_599, 7_200):
            add_positions(db, (1, AS_OF - age * SECOND), (2, AS_OF - age * SECOND - 6 * MINUTE))

    figures = computed(db, route, write)

    assert figures[:3] == (1, 2, 2)
    assert figures.positions_last_hour == 13  # 7 of vessel 1, 6 of vessel 2


@pytest.mark.parametrize("column", ["numeric", "real", "double precision"])
def test_only_speeds_above_0_and_below_50_enter_the_mean(
    db: psycopg.Connection, route: str, column: str
) -> None:
    alter_type(db, "speed", column)
    speeds = ["NaN", "Infinity", "-Infinity", None, 0, -0.5, 50, 102.3, 49.5, 0.25]

    def write() -> None:
        add_speeds(db, *((1, AS_OF, speed) for speed in speeds))

    figures = computed(db, route, write)

    assert figures.positions_last_hour == 10
    assert figures.speed_avg == Decimal("24.88")  # (49.5 + 0.25) / 2 = 24.875


def test_the_mean_is_rounded_half_up_from_exact_sums(db: psycopg.Connection, route: str) -> None:
    speeds = ["0.1", "0.2", "0.3", "0.1", "0.10", "0.23"]  # sum 1.03, mean 0.171666…

    figures = computed(db, route, lambda: add_speeds(db, *((1, AS_OF, speed) for speed in speeds)))
    assert str(figures.speed_avg) == "0.17"

    add_speeds(db, (1, AS_OF, "0.195"))  # sum 1.225, mean exactly 0.175
    exact = definition(db) if route == "definition" else refreshed(db, AS_OF + MICROSECOND)
    assert str(exact.speed_avg) == "0.18"


def test_the_mean_does_not_depend_on_deleted_rows(db: psycopg.Connection, route: str) -> None:
    alter_type(db, "speed", "numeric")
    # Their mean is just below 0.005. A division with too few decimal places rounds it up.
    tiny = Decimal("0.00499999999999999999999999999999")

    def write() -> None:
        add_speeds(db, (9, AS_OF, "0." + 59 * "1"))
        if route == "incremental":
            refreshed(db, AS_OF - SECOND)
        db.execute('delete from vessel_positions where "vesselId" = 9')
        add_speeds(db, *((1, AS_OF, speed) for speed in (tiny, "0.005", "0.005")))

    assert computed(db, route, write).speed_avg == definition(db).speed_avg


def test_the_mean_is_0_if_no_speed_counts(db: psycopg.Connection, route: str) -> None:
    figures = computed(db, route, lambda: add_speeds(db, (1, AS_OF, 0), (2, AS_OF, None)))

    assert str(figures.speed_avg) == "0.00"
    assert figures.positions_last_hour == 2


def test_a_type_named_proto_is_a_type_like_any_other(db: psycopg.Connection, route: str) -> None:
    figures = computed(db, route, lambda: add_types(db, {"__proto__": 3, "constructor": 2}))

    assert figures.vessel_types == [("__proto__", 3), ("constructor", 2)]


def test_odd_characters_survive_into_the_json(db: psycopg.Connection, route: str) -> None:
    odd = ['"quoted"', "back\\slash", "tab\there", "😀", "</script>", "line\nbreak", "\x01", "{}"]

    computed(db, route, lambda: add_types(db, dict.fromkeys(odd, 1)))
    row = "public.vessel_activity_at(%s)" if route == "definition" else "vessel_activity_realtime"
    text = db.execute(
        f"select public.vessel_activity_json(r) from {row} as r",  # noqa: S608
        (AS_OF,) if route == "definition" else (),
    ).fetchone()

    assert text is not None
    body = json.loads(text[0])
    assert list(body["vesselTypes"]) == sorted(odd, key=str.encode)
    assert [one["flag"] for one in body["topFlags"]] == sorted(odd, key=str.encode)


def test_the_windows_contain_each_other_over_any_history(
    db: psycopg.Connection, route: str
) -> None:
    ages = [(7 * number * number) % 90_000 for number in range(300)]  # seconds, up to 25 h

    def write() -> None:
        add_positions(db, *((n % 120, AS_OF - age * SECOND) for n, age in enumerate(ages)))

    figures = computed(db, route, write)

    def expected(window: int) -> int:
        return len({n % 120 for n, age in enumerate(ages) if age <= window})

    assert figures[:3] == (expected(300), expected(3_600), expected(86_400))
    assert 0 < figures.active_now < figures.active_last_hour < figures.active_last_24h
    assert figures.positions_last_hour == sum(age <= 3_600 for age in ages)


@pytest.mark.parametrize("column", ["timestamptz", "timestamp(3)"])
@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Tokyo"])
def test_the_sessions_time_zone_changes_no_number(
    db: psycopg.Connection, route: str, zone: str, column: str
) -> None:
    if column != "timestamptz":
        alter_type(db, "timestamp", column, "using timestamp at time zone 'UTC'")
    db.execute(f"set timezone = '{zone}'")
    millisecond = timedelta(milliseconds=1)

    def write() -> None:
        for number, window in enumerate((5 * MINUTE, HOUR, 24 * HOUR)):
            end = AS_OF - window
            add_positions(db, (10 + number, end), (20 + number, end - millisecond), speed=10)
        add_positions(db, (30, AS_OF), (40, AS_OF + millisecond), speed=20)

    figures = computed(db, route, write)

    assert figures[:3] == (2, 4, 6)
    assert (figures.positions_last_hour, figures.speed_avg) == (4, Decimal("12.50"))
    assert figures.updated_at == AS_OF


_INDEXES = {
    f"{vessel}, {time}{include}": (
        f"create index on public.vessel_positions (timestamp {time}){include};"
        f'create index on public.vessel_positions ("vesselId" {vessel}, timestamp {time}){include};'
    )
    for vessel in ("asc", "desc")
    for time in ("asc", "desc")
    for include in ("", " include (speed)")
} | {
    "nulls": (
        'create index on public.vessel_positions ("vesselId" desc nulls last, timestamp desc nulls '
        "last); create index on public.vessel_positions (timestamp nulls first)"
    ),
    "none": "",
    "partial": 'create index on public.vessel_positions ("vesselId", timestamp) where speed > 5',
    "time only": "create index on public.vessel_positions (timestamp desc)",
}


@pytest.mark.parametrize("indexes", _INDEXES.values(), ids=_INDEXES)
def test_no_number_depends_on_the_indexes(db: psycopg.Connection, route: str, indexes: str) -> None:
    db.execute("drop index vessel_activity_timestamp_idx, vessel_activity_vessel_timestamp_idx")
    db.execute('alter table public.vessel_positions alter "vesselId" drop not null')
    db.execute(indexes)

    def write() -> None:
        for vessel in range(1, 21):
            # Each vessel is silent for longer than the one before; one has only rows of the future.
            last = AS_OF - (vessel - 1) * 90 * MINUTE
            add_positions(db, (vessel, last), (vessel, last - HOUR), (vessel, AS_OF + MINUTE))
        add_positions(db, (21, AS_OF + MICROSECOND), (None, AS_OF), (-1, AS_OF - 6 * MINUTE))

    figures = computed(db, route, write)

    assert figures[:3] == (1, 2, 18)  # vessels 1 to 17 (24 hours exactly) and -1
    # 1 now and an hour ago, the one of no vessel, and -1.
    assert figures.positions_last_hour == 4
