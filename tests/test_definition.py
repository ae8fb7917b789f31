"""The definition answers for any instant, and the JSON is exactly what the API promises."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import psycopg
import pytest

from tests.support.fleet import HOUR, MICROSECOND, MINUTE, add_speeds, add_vessels, definition

DAY = datetime(2022, 1, 3, tzinfo=UTC)
KEYS = [
    "activeNow",
    "activeLastHour",
    "activeLast24h",
    "totalVessels",
    "positionsLastHour",
    "vesselTypes",
    "topFlags",
    "speedAvg",
    "updatedAt",
]


def test_the_definition_answers_for_past_instants(db: psycopg.Connection) -> None:
    add_vessels(db, [("Cargo", "NO")])
    # A position every ten minutes of a day. Twelve vessels take turns; the n-th sails n + 1 knots.
    add_speeds(db, *((n % 12, DAY + n * 10 * MINUTE, n % 12 + 1) for n in range(144)))

    assert definition(db, DAY - MICROSECOND)[:3] == (0, 0, 0)
    assert definition(db, DAY)[:3] == (1, 1, 1)
    at_one = definition(db, DAY + HOUR)
    assert at_one[:3] == (1, 7, 7)
    assert (at_one.positions_last_hour, at_one.speed_avg) == (7, Decimal("4.00"))
    assert definition(db, DAY + 24 * HOUR)[:3] == (0, 6, 12)
    assert at_one.vessel_types == [("Cargo", 1)]  # counts of the fleet are always the present ones


def test_a_null_instant_is_refused_by_name(db: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.NullValueNotAllowed, match="p_as_of is NULL") as error:
        db.execute("select public.vessel_activity_at(null)")

    assert error.value.sqlstate == "22004"
    assert "vessel_activity_at(now())" in (error.value.diag.message_hint or "")


def test_infinite_instants_see_nothing(db: psycopg.Connection) -> None:
    add_speeds(db, (1, DAY, 5))

    for instant in ("-infinity", "infinity"):
        row = db.execute(
            "select active_last_24h, positions_last_hour from public.vessel_activity_at(%s)",
            (instant,),
        ).fetchone()
        assert row == (0, 0), instant


def test_asking_changes_nothing(db: psycopg.Connection) -> None:
    db.execute("set default_transaction_read_only = on")

    assert definition(db, DAY).active_now == 0


def test_the_json_has_exactly_the_nine_keys_with_their_types(db: psycopg.Connection) -> None:
    add_vessels(db, [("Tanker", "US"), ("Tanker", "NO"), ("Cargo", "US")])
    add_speeds(db, (1, DAY, 12), (2, DAY - 30 * MINUTE, 13))
    at = datetime(2022, 1, 3, 0, 4, 5, 6_999, tzinfo=UTC)

    row = db.execute(
        "select public.vessel_activity_json(public.vessel_activity_at(%s))", (at,)
    ).fetchone()

    assert row is not None
    assert list(json.loads(row[0])) == KEYS
    assert json.loads(row[0], parse_float=Decimal) == {
        "activeNow": 1,
        "activeLastHour": 2,
        "activeLast24h": 2,
        "totalVessels": 3,
        "positionsLastHour": 2,
        "vesselTypes": {"Tanker": 2, "Cargo": 1},
        "topFlags": [{"flag": "US", "count": 2}, {"flag": "NO", "count": 1}],
        "speedAvg": Decimal("12.5"),
        "updatedAt": "2022-01-03T00:04:05.006Z",
    }


@pytest.mark.parametrize(("speed", "text"), [(12, "12"), ("12.50", "12.5"), ("12.34", "12.34")])
def test_the_mean_speed_is_a_number_without_trailing_zeros(
    db: psycopg.Connection, speed: object, text: str
) -> None:
    add_speeds(db, (1, DAY, speed))

    row = db.execute(
        "select public.vessel_activity_json(public.vessel_activity_at(%s))", (DAY,)
    ).fetchone()

    assert row is not None
    assert f'"speedAvg" : {text},' in row[0]


def test_the_json_says_utc_in_every_session(db: psycopg.Connection) -> None:
    db.execute("set timezone = 'Asia/Tokyo'")
    db.execute("set datestyle = 'German'")
    tokyo = timezone(timedelta(hours=9))

    row = db.execute(
        "select public.vessel_activity_json(public.vessel_activity_at(%s))",
        (datetime(2022, 1, 3, 8, 59, 59, 1_000, tzinfo=tokyo),),
    ).fetchone()

    assert row is not None
    assert json.loads(row[0])["updatedAt"] == "2022-01-02T23:59:59.001Z"


def test_empty_tables_are_zeros_and_empty_collections_in_the_json(db: psycopg.Connection) -> None:
    row = db.execute(
        "select public.vessel_activity_json(public.vessel_activity_at(%s))", (DAY,)
    ).fetchone()

    assert row is not None
    assert list(json.loads(row[0]).values()) == [
        *(0, 0, 0, 0, 0),
        {},
        [],
        0,
        "2022-01-03T00:00:00.000Z",
    ]
