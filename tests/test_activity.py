"""What is moving: each number means what it says, on every route, and the server serves it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.support.fleet import (
    AS_OF,
    HOUR,
    MICROSECOND,
    MINUTE,
    ROUTES,
    SECOND,
    add_positions,
    add_speeds,
    add_vessels,
    computed,
    refreshed,
)
from tests.support.webserver import ACTIVITY, STREAM, WebServer, eventually

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg


def document(
    db: psycopg.Connection, route: str, write: Callable[[], object] = lambda: None
) -> dict[str, Any]:
    """Compute the document as of AS_OF by one of the ROUTES."""
    computed(db, route, write)
    row = db.execute(
        "select vessel_activity.activity_json(%s, %s)", (AS_OF, route != "definition")
    ).fetchone()
    assert row is not None
    told: dict[str, Any] = row[0]
    return told


@pytest.mark.parametrize("route", ROUTES)
def test_the_speed_at_the_last_position_says_what_is_moving(
    db: psycopg.Connection, route: str
) -> None:
    told = document(
        db,
        route,
        lambda: add_speeds(
            db,
            *((1, AS_OF - 2 * MINUTE, 12), (1, AS_OF - MINUTE, "0.4")),  # it has stopped
            *((2, AS_OF - 2 * MINUTE, 0), (2, AS_OF - MINUTE, "0.5")),  # it has set out
            *((3, AS_OF - HOUR, "102.2"), (4, AS_OF - HOUR - MICROSECOND, 9)),  # the edge
            *((5, AS_OF, "102.3"), (6, AS_OF, None), (7, AS_OF, "NaN"), (8, AS_OF, "-0.1")),
            (9, AS_OF + MICROSECOND, 9),
        ),
    )["movement"]

    assert told["underWay"] == 2
    assert told["stopped"] == 1
    assert told["unknown"] == 4


@pytest.mark.parametrize("route", ROUTES)
def test_of_positions_at_the_same_time_the_values_decide(
    db: psycopg.Connection, route: str
) -> None:
    def write() -> None:
        for first, second in (("0.1", "7.5"), ("7.5", "0.1"), (None, "7.5")):
            add_speeds(db, (1, AS_OF, first))
            add_speeds(db, (1, AS_OF, second))

    document(db, route, write)

    query = "select speed from vessel_activity.last_reports_at(%s)"
    assert db.execute(query, (AS_OF,)).fetchall() == [(7.5,)]
    if route != "definition":
        assert db.execute("select speed from vessel_activity.last_report").fetchall() == [(7.5,)]


def test_of_positions_at_the_same_time_a_known_vessel_gets_one(db: psycopg.Connection) -> None:
    add_positions(db, *((vessel, AS_OF - MINUTE) for vessel in (1, 2, 3, 4)))
    refreshed(db, AS_OF - MINUTE)
    db.execute(
        'insert into public.vessel_positions ("vesselId", timestamp, speed, latitude, longitude)'
        " select v.*, k.speed, k.latitude, k.longitude"
        " from (values (1, %(at)s), (2, %(at)s), (3, %(at)s), (4, %(earlier)s)) as v"
        " cross join (values (5, 80, 9), (7, 1, 2), (null, 90, 9), (7, 1, 3), (7, 95, 9)) as k"
        " (speed, latitude, longitude)",
        {"at": AS_OF, "earlier": AS_OF - 59 * SECOND},  # that one is before the scan begins
    )
    refreshed(db, AS_OF)

    kept = "select vessel_id::int, speed, latitude, longitude from vessel_activity.last_report"
    assert sorted(db.execute(kept).fetchall()) == [(n, 7, 1, 3) for n in (1, 2, 3, 4)]
    mode = db.execute("select mode from vessel_activity.refresh_log order by id desc limit 1")
    assert mode.fetchall() == [("incremental",)]


@pytest.mark.parametrize("route", ROUTES)
def test_a_vessel_is_new_after_24_hours_of_silence(db: psycopg.Connection, route: str) -> None:
    first = AS_OF - 30 * MINUTE
    told = document(
        db,
        route,
        lambda: add_positions(
            db,
            *((1, first), (1, AS_OF)),  # never heard before
            *((2, first - 24 * HOUR), (2, first)),  # heard just within the 24 hours
            *((3, first - 24 * HOUR - MICROSECOND), (3, first)),  # just before them
            *((4, AS_OF - HOUR), (5, AS_OF - HOUR - MICROSECOND)),  # the edge of the hour
            *((6, AS_OF - 2 * HOUR), (6, AS_OF)),
        ),
    )["movement"]

    assert told["newLastHour"] == 3  # 1, 3 and 4
    assert told["goneSilent"] == 1  # 5


def test_a_late_position_makes_a_vessel_less_new_and_its_removal_new_again(
    db: psycopg.Connection,
) -> None:
    query = (
        "select vessel_activity.activity_json(s.as_of, true) -> 'movement'"
        " from vessel_activity.state as s"
    )

    def new_ones() -> int:
        row = db.execute(query)
        return int(row.fetchall()[0][0]["newLastHour"])

    refreshed(db, AS_OF - 30 * SECOND)
    add_positions(db, (1, AS_OF))
    refreshed(db, AS_OF)
    assert new_ones() == 1

    add_positions(db, (1, AS_OF - 23 * HOUR))
    refreshed(db, AS_OF + SECOND)
    assert new_ones() == 0

    db.execute("delete from vessel_positions where timestamp = %s", (AS_OF - 23 * HOUR,))
    refreshed(db, AS_OF + 2 * SECOND)
    assert new_ones() == 1
    modes = db.execute("select mode from vessel_activity.refresh_log order by id desc limit 3")
    assert modes.fetchall() == [("incremental",)] * 3


def test_an_update_of_the_place_alone_is_followed(db: psycopg.Connection) -> None:
    add_positions(db, (1, AS_OF - MINUTE), (2, AS_OF - MINUTE))
    refreshed(db, AS_OF)
    db.execute(
        'update vessel_positions set latitude = 59.9, longitude = 10.7 where "vesselId" = 1;'
        'update vessel_positions set latitude = 91, longitude = 181 where "vesselId" = 2'
    )
    refreshed(db, AS_OF + SECOND)

    places = "select latitude, longitude from vessel_activity.last_report order by vessel_id"
    assert db.execute(places).fetchall() == [(59.9, 10.7), (None, None)]


@pytest.mark.parametrize("route", ROUTES)
def test_active_vessels_are_counted_by_type_and_flag_beside_the_fleet(
    db: psycopg.Connection, route: str
) -> None:
    def write() -> None:
        add_vessels(db, [("Cargo", "NO"), ("Cargo", "PA"), ("Tug", "NO"), (None, " ")])
        add_vessels(db, [("Cargo", "NO")], active=False)
        ids = [id_ for (id_,) in db.execute("select id from vessels order by id").fetchall()]
        add_positions(
            db,
            *((ids[0], AS_OF), (ids[1], AS_OF - 10 * MINUTE), (ids[2], AS_OF - 2 * HOUR)),
            *((ids[4], AS_OF - 5 * MINUTE), (999, AS_OF - HOUR)),  # the last one is in no registry
        )

    told = document(db, route, write)

    keys = ("activeNow", "activeLastHour", "activeLast24h", "fleet")
    assert [(one["name"], *(one[key] for key in keys)) for one in told["types"]] == [
        ("Cargo", 2, 3, 3, 2),
        ("Unknown", 0, 1, 1, 1),
        ("Tug", 0, 0, 1, 1),
    ]
    assert [(one["flag"], *(one[key] for key in keys)) for one in told["flags"]] == [
        ("NO", 2, 2, 3, 2),
        ("PA", 0, 1, 1, 1),
        ("Unknown", 0, 1, 1, 1),
    ]


def test_a_vessel_with_two_rows_in_the_registry_counts_once(db: psycopg.Connection) -> None:
    db.execute(
        """
        alter table vessels drop constraint vessels_pkey;
        insert into vessels (id, mmsi, "vesselType", flag, active) values
          (7, '1', 'Aged', 'AA', false), (7, '2', 'Tug', 'NO', true), (7, '3', 'Yacht', 'NO', true)
        """
    )
    add_positions(db, (7, AS_OF))

    told = document(db, "definition")

    assert [one["name"] for one in told["types"] if one["activeNow"]] == ["Tug"]
    assert [(one["flag"], one["activeNow"]) for one in told["flags"]] == [("NO", 1)]


def test_the_document_has_an_interval_of_its_own(db: psycopg.Connection) -> None:
    def as_of() -> object:
        return db.execute("select as_of from vessel_activity.activity").fetchall()[0][0]

    db.execute("update vessel_activity.settings set refresh_interval = '1 second'")
    refreshed(db, AS_OF)
    assert as_of() == AS_OF
    refreshed(db, AS_OF + 29 * SECOND)
    assert as_of() == AS_OF
    # Half a refresh early counts, since refreshes do not come to the microsecond.
    refreshed(db, AS_OF + 29.5 * SECOND)
    assert as_of() == AS_OF + 29.5 * SECOND


def test_the_row_does_not_depend_on_the_document(db: psycopg.Connection) -> None:
    db.execute("alter table vessels rename column id to number")
    add_positions(db, (1, AS_OF))

    assert refreshed(db, AS_OF).active_now == 1

    log = db.execute(
        "select details_error from vessel_activity.refresh_log order by id desc limit 1"
    ).fetchall()
    assert log == [("42703: column v.id does not exist",)]
    status = "select state from vessel_activity_status() where check_name = 'document'"
    assert db.execute(status).fetchall() == [("warn",)]
    db.execute("alter table vessels rename column number to id")
    refreshed(db, AS_OF + MINUTE)
    assert db.execute(status).fetchall() == [("ok",)]


def test_a_writer_and_the_row_live_without_the_columns_of_the_place(
    db: psycopg.Connection,
) -> None:
    refreshed(db, AS_OF)
    db.execute("alter table vessel_positions drop column latitude")
    add_positions(db, (1, AS_OF))
    db.execute("update vessel_positions set speed = 3, longitude = 4")

    row = refreshed(db, AS_OF + SECOND)

    assert row.active_now == 1
    assert row.speed_avg == 3
    mode = "select mode, message from vessel_activity.refresh_log order by id desc limit 1"
    assert db.execute(mode).fetchall() == [
        ("definition", "public.vessel_positions has no column latitude any more")
    ]


def test_a_verification_compares_the_last_reports(db: psycopg.Connection) -> None:
    add_positions(db, (1, AS_OF))
    refreshed(db, AS_OF)
    db.execute("update vessel_activity.last_report set latitude = 1")

    db.execute(
        "select from vessel_activity.refresh_at(%s, 'manual', p_verify => true)", (AS_OF + SECOND,)
    )

    found = db.execute(
        "select mode, verification ->> 'equal' from vessel_activity.refresh_log"
        " order by id desc limit 1"
    )
    assert found.fetchall() == [("rebuild", "false")]
    assert db.execute("select latitude from vessel_activity.last_report").fetchall() == [(None,)]


# --- the server -----------------------------------------------------------------------------------


@pytest.fixture
def web(url: str, db: psycopg.Connection) -> Iterator[WebServer]:
    db.execute("select public.refresh_vessel_activity()")
    with WebServer(url) as running:
        yield running


def put_document(db: psycopg.Connection, body: dict[str, Any]) -> None:
    """Store a document as a refresh does, and notify."""
    db.execute(
        "update vessel_activity.activity set as_of = as_of + interval '1 second', body = %s;"
        "notify vessel_activity".replace("%s", f"'{json.dumps(body)}'")
    )


def test_the_document_is_served_from_memory_with_an_etag(
    web: WebServer, db: psycopg.Connection
) -> None:
    put_document(db, {"asOf": "then", "movement": {"underWay": 4711}})
    answer = eventually(lambda: served(web, 4711))

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["content-encoding"] == "gzip"
    assert web.get(ACTIVITY, {"if-none-match": answer.headers["etag"]}).status_code == 304
    plain = web.get(ACTIVITY, {"accept-encoding": "identity"})
    assert plain.json() == {
        "asOf": "then",
        "movement": {"underWay": 4711},
        "alerts": [],
        "members": [],
    }
    assert "content-encoding" not in plain.headers
    db.execute("delete from vessel_activity.activity; notify vessel_activity")
    missing = eventually(lambda: (got := web.get(ACTIVITY)).status_code == 503 and got)
    assert missing.headers["retry-after"] == "5"
    assert "no vessel activity document yet" in missing.json()["error"]


def served(web: WebServer, number: int) -> httpx.Response | None:
    """Return the answer once it is the document with this number of vessels under way."""
    answer = web.get(ACTIVITY)
    return answer if answer.json().get("movement", {}).get("underWay") == number else None


def test_the_stream_sends_the_document_at_once_and_each_time_it_changes(
    web: WebServer, db: psycopg.Connection
) -> None:
    with httpx.stream("GET", web.address + STREAM, timeout=15) as response:
        lines = response.iter_lines()

        def next_document() -> dict[str, Any]:
            for line in lines:
                if line == "event: activity":
                    told: dict[str, Any] = json.loads(next(lines).removeprefix("data: "))
                    return told
            raise AssertionError("the stream has ended")

        keys = ["asOf", "feed", "usual", "movement", "types", "flags", "areas", "dark"]
        assert list(next_document()) == [*keys, "alerts", "members"]
        put_document(db, {"movement": {"underWay": 4712}})
        for number in (4712, 4713):
            put_document(db, {"movement": {"underWay": number}})
            changed = {"movement": {"underWay": number}, "alerts": [], "members": []}
            assert next_document() == changed
