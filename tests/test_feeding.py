# ruff: noqa: E501, ISC004 - SQL and messages read best unbroken
"""The database files batches of live feeds: exactly once, by the rules of files, and counted."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.rows import dict_row

from tests.support.feed_batches import BATCH, Feed, Report, static
from vessel_activity.ais import load as loading

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SUMS = ("positions", "duplicates", "statics", "ignored", "rejected")


def feeds(db: psycopg.Connection) -> dict[str, dict[str, Any]]:
    with db.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute("select * from vessel_activity.feed").fetchall()
    return {row["source"]: row for row in rows}


def counts(row: dict[str, Any]) -> tuple[int, ...]:
    return tuple(row[name] for name in SUMS)


def positions(db: psycopg.Connection) -> list[tuple[Any, ...]]:
    return db.execute(
        "select v.mmsi::integer, p.timestamp, p.latitude, p.longitude, p.speed, p.course"
        ' from vessel_positions p join vessels v on v.id = p."vesselId" order by 1, 2'
    ).fetchall()


# --- what a batch becomes -------------------------------------------------------------------------


def test_each_message_of_a_batch_is_counted_once_and_by_what_became_of_it(
    db: psycopg.Connection,
) -> None:
    feed = Feed(db, ("harbour", "tower"))

    answer = feed.send(
        Report(at=NOON, speed="20.80000114", course="12.3"),
        Report(at=NOON + timedelta(seconds=0.4), speed="5"),  # the same second
        Report(at=NOON + SECOND, speed="102.3", course="360", kind=18, source=2),
        Report(at=NOON, source=2),  # what the first source heard too
        static(219000002, NOON, "ANNA", 70),
        Report(257000001, NOON, kind=19, name="BORE", code=30, source=2),
        Report(2190002, NOON, kind=1),
        Report(219000003, NOON, latitude=91, longitude=181, raw=r"\s:1*00\!AIVDM,1"),
        Report(None, None, kind=None, reason="wrong checksum", raw="!AIVDM,1,1,,A,x,0*00"),
        ignored={"4": 3, "21": 1},
        rejected={"wrong checksum": 2, "too long": 1},
        lines=20,
        reconnects=1,
        clock_ahead=2,
        clock_behind=1,
        newest_arrival_at=str(NOON + 2 * SECOND),
    )

    assert answer == {
        "repeated": False,
        "positions": 3,
        "duplicates": 2,
        "statics": 1,
        "ignored": 4,
        "rejected": 6,
        "vessels_new": 3,
        "vessels_updated": 0,
    }
    assert positions(db) == [
        (219000001, NOON, 50.5, -5.25, Decimal("20.8"), 12.3),
        (219000001, NOON + SECOND, 50.5, -5.25, None, None),
        (257000001, NOON, 50.5, -5.25, Decimal("10.1"), 270.0),
    ]
    assert db.execute(
        'select mmsi, name, "vesselType", flag from vessels order by 1'
    ).fetchall() == [
        ("219000001", None, None, "DK"),
        ("219000002", "ANNA", "Cargo", "DK"),
        ("257000001", "BORE", "Fishing", "NO"),
    ]
    harbour, tower = feeds(db)["harbour"], feeds(db)["tower"]
    assert counts(harbour) == (1, 1, 1, 4, 6)
    assert counts(tower) == (2, 1, 0, 0, 0)
    assert (harbour["messages"], tower["messages"]) == (13, 3)
    assert harbour["ignored_by_type"] == {"4": 3, "21": 1}
    assert harbour["rejected_by_reason"] == {
        "wrong checksum": 3,
        "too long": 1,
        "not a ship station": 1,
        "position not available": 1,
    }
    assert [harbour[name] for name in ("lines", "reconnects", "clock_ahead", "clock_behind")] == [
        20, 1, 2, 1,
    ]  # fmt: skip
    assert harbour["newest_report_at"] == NOON
    assert harbour["newest_arrival_at"] == NOON + 2 * SECOND
    assert (harbour["host"], harbour["process"]) == ("lighthouse", 4711)
    assert db.execute(
        "select reason, raw from vessel_activity.rejected_message order by reason"
    ).fetchall() == [
        (
            "not a ship station",
            '{"mmsi": 2190002, "time": "2026-05-01T12:00:00+00:00", "type": 1, "speed": 10.1,'
            ' "course": 270.0, "latitude": 50.5, "longitude": -5.25}',
        ),
        ("position not available", r"\s:1*00\!AIVDM,1"),
        ("wrong checksum", "!AIVDM,1,1,,A,x,0*00"),
    ]


def invented(count: int, seed: int) -> list[Report]:
    """Invent messages of few vessels and seconds, so that many of them meet."""
    dice = random.Random(seed)  # noqa: S311 - repeatable
    made = []
    for number in range(count):
        mmsi = dice.choice([*range(219000001, 219000013), 2190001, 992190001, 0])
        at = NOON + timedelta(seconds=dice.randrange(40), microseconds=dice.randrange(10**6))
        if dice.random() < 0.2:
            apart = NOON + timedelta(seconds=(number * 7919) % count)  # in no order, all different
            name = dice.choice(["ANNA", "BORE", "CIRRUS"])
            code = dice.choice([0, 30, 70, 38])
            made.append(static(mmsi, apart, name, code, dice.randrange(3) + 1))
        else:
            made.append(
                Report(
                    mmsi,
                    at,
                    dice.randrange(3) + 1,
                    dice.choice([1, 2, 3, 18, 27, None]),
                    dice.choice([91, 95, 50.125, -33.5]),
                    dice.choice([181, 7.25, -179.5]),
                    Decimal(dice.randrange(1100)) / 10,
                    Decimal(dice.randrange(3700)) / 10,
                )
            )
    return made


def test_figures_of_invented_messages_equal_those_of_an_independent_computation(
    db: psycopg.Connection,
) -> None:
    feed = Feed(db, ("a", "b", "c"))
    messages = invented(3000, seed=1)
    for first in range(0, len(messages), 250):
        feed.send(*messages[first : first + 250])

    kept: dict[tuple[int, datetime], tuple[object, ...]] = {}
    expected = {name: Counter[str]() for name in ("a", "b", "c")}
    named: dict[int, tuple[datetime, str]] = {}
    typed: dict[int, tuple[datetime, str]] = {}
    for m in messages:
        assert m.mmsi is not None
        assert m.at is not None
        count = expected["abc"[m.source - 1]]
        second = m.at.replace(microsecond=0)
        if not 200_000_000 <= m.mmsi < 800_000_000:
            count["rejected"] += 1
        elif m.kind == 5:
            count["statics"] += 1
            named[m.mmsi] = max(named.get(m.mmsi, (second, "")), (second, m.name or ""))
            if m.code in {30, 70}:
                kind = {30: "Fishing", 70: "Cargo"}[m.code]
                typed[m.mmsi] = max(typed.get(m.mmsi, (second, "")), (second, kind))
        elif m.latitude not in {50.125, -33.5} or m.longitude == 181:
            count["rejected"] += 1
        elif (m.mmsi, second) in kept:
            count["duplicates"] += 1
        else:
            count["positions"] += 1
            speed = m.speed if m.speed <= Decimal("102.2") else None  # type: ignore[operator]
            course = float(m.course) if m.course < 360 else None  # type: ignore[operator,arg-type]
            kept[m.mmsi, second] = (m.latitude, m.longitude, speed, course)

    assert {source: counts(row) for source, row in feeds(db).items()} == {
        source: tuple(count[name] for name in SUMS) for source, count in expected.items()
    }
    assert min(min(c["positions"], c["duplicates"], c["rejected"]) for c in expected.values()) > 10
    found = {(mmsi, at): rest for mmsi, at, *rest in positions(db)}
    assert {key: tuple(rest[:3]) for key, rest in found.items()} == {
        key: value[:3] for key, value in kept.items()
    }
    for key, (_, _, _, course) in found.items():
        given = kept[key][3]
        assert course == (None if given is None else pytest.approx(given, rel=1e-6))  # it is real
    ships = {
        mmsi: (name, kind)
        for mmsi, name, kind in db.execute(
            'select mmsi::integer, name, "vesselType" from vessels'
        ).fetchall()
    }
    assert ships == {
        mmsi: (named.get(mmsi, (NOON, None))[1], typed.get(mmsi, (NOON, None))[1])
        for mmsi in {mmsi for mmsi, _ in kept} | set(named)
    }


@pytest.mark.parametrize(("latitude", "longitude"), [(91, 181), (91, 5), (None, None), (95.2, 5)])
@pytest.mark.parametrize(
    ("name", "code", "kept"),
    [
        ("GULL", 37, ("GULL", "Pleasure Craft", "DK")),
        ("GULL", 0, ("GULL", None, "DK")),
        (None, 37, (None, "Pleasure Craft", "DK")),
    ],
)
def test_a_type_19_without_a_usable_position_gives_its_static_data(
    db: psycopg.Connection,
    *,
    latitude: float | None,
    longitude: float | None,
    name: str | None,
    code: int,
    kept: tuple[str, ...],
) -> None:
    answer = Feed(db).send(
        Report(kind=19, latitude=latitude, longitude=longitude, name=name, code=code)
    )

    assert counts(answer) == (0, 0, 1, 0, 0)
    assert db.execute('select name, "vesselType", flag from public.vessels').fetchall() == [kept]
    assert positions(db) == []


def test_a_type_19_with_neither_position_nor_static_data_is_rejected(
    db: psycopg.Connection,
) -> None:
    feed = Feed(db)
    for code in (None, 0):
        feed.send(
            Report(kind=19, latitude=91, longitude=181, code=code),
            Report(kind=19, latitude=95, code=code),
        )
    feed.send(Report(1, kind=19, latitude=91, longitude=181, name="NO SHIP"))

    assert feeds(db)["harbour"]["rejected_by_reason"] == {
        "position not available": 2,
        "position out of range": 2,
        "not a ship station": 1,
    }
    assert db.execute("select count(*) from public.vessels").fetchone() == (0,)


def test_static_data_from_the_future_does_not_keep_newer_names_out(db: psycopg.Connection) -> None:
    feed = Feed(db)
    feed.send(static(219000001, datetime(2090, 1, 1, tzinfo=UTC), "WRONG CLOCK", 70))
    feed.send(static(219000001, datetime.now(UTC) + SECOND, "RIGHT", 80))
    time.sleep(2)
    feed.send(static(219000001, datetime.now(UTC), "RIGHT", 80))

    assert db.execute('select name, "vesselType" from vessels').fetchall() == [("RIGHT", "Tanker")]
    row = feeds(db)["harbour"]
    assert row["newest_report_at"] < datetime.now(UTC) + timedelta(minutes=1)


@pytest.mark.parametrize("change", [
    "alter table vessels alter mmsi type integer using mmsi::integer",
    "alter table vessels alter mmsi type char(12)",
    "alter table vessels alter mmsi type numeric(9) using mmsi::numeric",
    "alter table vessel_positions alter timestamp type timestamp using timestamp at time zone 'UTC'",
    'create unique index on vessel_positions ("vesselId", timestamp)',
    "create domain ship as varchar(9); alter table vessels alter mmsi type ship",
])  # fmt: skip
def test_each_type_of_column_is_filed(db: psycopg.Connection, change: str) -> None:
    db.execute(change.encode())
    db.execute("set timezone = 'Asia/Tokyo'")
    feed = Feed(db)
    assert counts(feed.send(Report(at=NOON), Report(at=NOON + SECOND))) == (2, 0, 0, 0, 0)
    assert counts(feed.send(Report(at=NOON), Report(at=NOON + 2 * SECOND))) == (1, 1, 0, 0, 0)
    assert db.execute("select count(*) from vessels").fetchone() == (1,)
    assert db.execute("select max(timestamp)::text from vessel_positions").fetchone() in (
        ("2026-05-01 12:00:02",),
        ("2026-05-01 21:00:02+09",),
    )


# --- exactly once ---------------------------------------------------------------------------------


def test_a_batch_that_is_sent_again_is_not_filed_again(db: psycopg.Connection) -> None:
    feed = Feed(db)
    feed.send(Report(at=NOON), reconnects=1, ignored={"4": 2})
    feed.send(Report(at=NOON + SECOND))

    again = feed.send_again(Report(at=NOON + SECOND), now={"waiting": 7})

    assert again["repeated"]
    assert counts(again) == (0, 0, 0, 0, 0)
    row = feeds(db)["harbour"]
    assert (*counts(row), row["reconnects"]) == (2, 0, 0, 2, 0, 1)
    assert row["waiting"] == 7  # but the present state is noted
    assert feed.start() == 2
    assert Feed(db, feeder=feed.feeder).start() == 2  # also after a restart of the process


def test_a_batch_from_the_spool_of_a_dead_process_tells_nothing_of_the_present(
    db: psycopg.Connection,
) -> None:
    dead = Feed(db, ("harbour", "tower"))
    alive = Feed(db, ("harbour",))
    alive.send(now={"waiting": 5})
    before = feeds(db)["harbour"]

    dead.send(
        Report(at=NOON), Report(at=NOON + SECOND, source=2), now={"sources": [], "waiting": 9}
    )

    harbour, tower = feeds(db)["harbour"], feeds(db)["tower"]
    assert counts(harbour) == counts(tower) == (1, 0, 0, 0, 0)
    told = ("feeder", "state", "since", "heard_at", "waiting", "clock_offset")
    assert [harbour[name] for name in told] == [before[name] for name in told]
    assert (tower["state"], tower["feeder"]) == ("ended", None)


def test_a_batch_whose_answer_was_lost_is_filed_once(url: str, db: psycopg.Connection) -> None:
    feed = Feed(db)
    feed.batch = 1
    arguments = feed.arguments(Report(at=NOON), static(219000002, NOON, "ANNA", 70))
    lost = psycopg.connect(url, autocommit=True)
    lost.pgconn.send_query_params(
        b"select * from vessel_activity.feed_batch($1, $2, $3, $4, $5)",
        [str(argument).encode() for argument in arguments],
    )
    while lost.pgconn.flush():
        pass
    deadline = time.monotonic() + 30
    while feed.start() == 0:  # filed, but the answer is not read
        assert time.monotonic() < deadline
        time.sleep(0.02)
    lost.close()

    again = db.execute(BATCH, arguments).fetchone()

    assert again is not None
    assert again[0]
    assert counts(feeds(db)["harbour"]) == (1, 0, 1, 0, 0)
    assert len(positions(db)) == 1


def test_a_session_that_is_ended_in_the_middle_files_nothing(
    url: str, db: psycopg.Connection
) -> None:
    feed = Feed(db)
    feed.batch = 1
    arguments = feed.arguments(Report(at=NOON))
    with psycopg.connect(url) as blocker, psycopg.connect(url, autocommit=True) as doomed:
        blocker.execute("lock table vessel_positions in exclusive mode")
        failed: list[BaseException] = []

        def run() -> None:
            try:
                doomed.execute(BATCH, arguments)
            except psycopg.Error as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        wait_until_blocked(db, doomed.info.backend_pid)
        db.execute("select pg_terminate_backend(%s)", (doomed.info.backend_pid,))
        thread.join(30)
        assert failed

    assert (positions(db), feeds(db), feed.start()) == ([], {}, 0)
    assert counts(feed.send_again(Report(at=NOON))) == (1, 0, 0, 0, 0)


def wait_until_blocked(db: psycopg.Connection, pid: int) -> None:
    deadline = time.monotonic() + 30
    while db.execute("select cardinality(pg_blocking_pids(%s))", (pid,)).fetchone() == (0,):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_the_same_batch_from_two_sessions_at_once_is_filed_once(
    url: str, db: psycopg.Connection
) -> None:
    feed = Feed(db)
    feed.batch = 1
    arguments = feed.arguments(*[Report(at=NOON + n * SECOND) for n in range(20)])
    answers: list[bool] = []

    def run() -> None:
        with psycopg.connect(url, autocommit=True) as session:
            row = session.execute(BATCH, arguments).fetchone()
            assert row is not None
            answers.append(bool(row[0]))

    with psycopg.connect(url) as blocker:
        blocker.execute("lock table vessel_positions in exclusive mode")
        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        time.sleep(0.3)
        blocker.rollback()
        for thread in threads:
            thread.join(60)

    assert sorted(answers) == [False, True, True, True]
    assert counts(feeds(db)["harbour"]) == (20, 0, 0, 0, 0)


# --- several at once ------------------------------------------------------------------------------


@pytest.mark.parametrize("unique", [False, True])
def test_feeds_and_a_load_that_have_the_same_ships_count_each_position_once(
    url: str, db: psycopg.Connection, tmp_path: Path, *, unique: bool
) -> None:
    if unique:
        db.execute('create unique index on vessel_positions ("vesselId", timestamp)')
    else:
        db.execute("alter table vessels drop constraint vessels_mmsi_key")
    batches, ships = 12, 40
    path = tmp_path / "ais.csv"
    lines = [
        f"{219000000 + ship},2026-05-01T12:00:{second:02},50.5,-5.25,10.1,270.0,SHIP {ship},70"
        for second in range(batches)
        for ship in range(ships)
    ]
    path.write_text("\n".join(["MMSI,BaseDateTime,LAT,LON,SOG,COG,VesselName,VesselType", *lines]))
    together = threading.Barrier(4)
    errors: list[BaseException] = []

    def feeding(name: str, *, backwards: bool) -> None:
        try:
            with psycopg.connect(url, autocommit=True) as session:
                feed = Feed(session, (name,))
                together.wait(30)
                for second in range(batches):
                    reports = [
                        Report(219000000 + ship, NOON + second * SECOND) for ship in range(ships)
                    ]
                    feed.send(*(reversed(reports) if backwards else reports))
        except BaseException as error:  # noqa: BLE001 - the test fails with it
            errors.append(error)

    loaded: list[loading.Result] = []

    def load() -> None:
        try:
            together.wait(30)
            loaded.append(loading.load_file(url, path))
        except BaseException as error:  # noqa: BLE001 - the test fails with it
            errors.append(error)

    threads = [
        threading.Thread(target=feeding, args=("a",), kwargs={"backwards": False}),
        threading.Thread(target=feeding, args=("b",), kwargs={"backwards": True}),
        threading.Thread(target=feeding, args=("b",), kwargs={"backwards": False}),
        threading.Thread(target=load),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)

    assert errors == []
    of_feeds = feeds(db)
    file = loaded[0].counts
    assert (of_feeds["a"]["messages"], of_feeds["b"]["messages"], file.rows_read) == (480, 960, 480)
    assert of_feeds["a"]["positions"] + of_feeds["b"]["positions"] + file.rows_loaded == 480
    assert db.execute(
        'select count(*), count(distinct ("vesselId", timestamp)) from vessel_positions'
    ).fetchone() == (480, 480)
    assert db.execute("select count(*), count(distinct mmsi) from vessels").fetchone() == (40, 40)


def test_a_batch_waits_for_another_one_with_its_ships_and_for_no_other(
    url: str, db: psycopg.Connection
) -> None:
    with psycopg.connect(url) as slow, psycopg.connect(url, autocommit=True) as same:
        Feed(slow, ("slow",)).send(Report(219000001), Report(219000002))
        other = Feed(db, ("other",))
        assert counts(other.send(Report(219000003))) == (1, 0, 0, 0, 0)
        same.execute("set lock_timeout = '300ms'")
        waiting = Feed(same, ("same",))
        with pytest.raises(psycopg.errors.LockNotAvailable):
            waiting.send(Report(219000002), Report(219000004))
        slow.commit()
        answer = waiting.send_again(Report(219000002), Report(219000004))
        assert counts(answer) == (1, 1, 0, 0, 0)


def test_reports_are_filed_at_read_committed_only(db: psycopg.Connection) -> None:
    db.execute("set default_transaction_isolation = 'repeatable read'")
    feed = Feed(db)
    with pytest.raises(psycopg.errors.InvalidTransactionState, match="not repeatable read"):
        feed.send(Report())


# --- what the source tables refuse ----------------------------------------------------------------


def test_a_report_that_a_table_refuses_is_rejected_and_the_others_are_filed(
    db: psycopg.Connection,
) -> None:
    db.execute("alter table vessel_positions add constraint slow check (speed < 30)")
    feed = Feed(db)
    reports = [
        Report(219000001 + n, NOON, speed="31" if n in {3, 17} else "5", raw=f"message {n}")
        for n in range(20)
    ]
    answer = feed.send(*reports, static(219000004, NOON, "ANNA", 70))

    assert counts(answer) == (18, 0, 1, 0, 2)
    reason = "refused by the source tables: slow"
    assert feeds(db)["harbour"]["rejected_by_reason"] == {reason: 2}
    assert db.execute(
        "select reason, raw from vessel_activity.rejected_message order by raw"
    ).fetchall() == [(reason, "message 17"), (reason, "message 3")]
    assert db.execute("select name from vessels where mmsi = '219000004'").fetchone() == ("ANNA",)


def test_a_single_report_that_a_trigger_refuses_does_not_end_the_stream(
    db: psycopg.Connection,
) -> None:
    db.execute(
        """
        create function picky() returns trigger language plpgsql as $$
        begin raise exception 'no ships of % here', new.latitude; end $$;
        create trigger picky before insert on vessel_positions for each row
        when (new.latitude > 60) execute function picky()
        """
    )
    feed = Feed(db)
    assert counts(feed.send(Report(latitude=61.5))) == (0, 0, 0, 0, 1)
    assert counts(feed.send(Report(latitude=51.5))) == (1, 0, 0, 0, 0)
    assert feeds(db)["harbour"]["rejected_by_reason"] == {
        "refused by the source tables: no ships of #.# here": 1
    }


def test_a_table_that_refuses_nearly_everything_keeps_the_batch_with_the_feed(
    db: psycopg.Connection,
) -> None:
    db.execute("alter table vessel_positions add constraint full_up check (latitude > 90)")
    feed = Feed(db)
    with pytest.raises(psycopg.errors.CheckViolation, match="full_up"):
        feed.send(*[Report(219000001 + n) for n in range(20)])
    assert feed.start() == 0
    db.execute("alter table vessel_positions drop constraint full_up")
    assert counts(feed.send_again(*[Report(219000001 + n) for n in range(20)]))[0] == 20


def test_a_missing_partition_rejects_wrong_clocks_but_loses_no_report_of_the_present(
    partitioned: str,
) -> None:
    with psycopg.connect(partitioned, autocommit=True) as db:
        db.execute("delete from vessel_positions")
        now = datetime.now(UTC)
        parts = db.execute(
            "select c.oid::regclass::text from pg_inherits i join pg_class c on c.oid = i.inhrelid"
            " where i.inhparent = 'vessel_positions'::regclass"
        ).fetchall()
        for (part,) in parts:
            db.execute(f"alter table vessel_positions detach partition {part}".encode())
        db.execute(
            "create table at_present partition of vessel_positions for values from (%s) to (%s)".replace(
                "%s", "'{}'"
            )
            .format(now - timedelta(days=2), now + timedelta(days=2))
            .encode()
        )
        db.execute("select vessel_activity.install_triggers()")
        feed = Feed(db)
        assert counts(feed.send(Report(at=now), Report(at=datetime(2106, 1, 1, tzinfo=UTC)))) == (
            1, 0, 0, 0, 1,
        )  # fmt: skip
        db.execute("alter table vessel_positions detach partition at_present")
        with pytest.raises(psycopg.errors.CheckViolation, match="no partition"):
            feed.send(Report(at=now + SECOND))


def test_rows_that_a_trigger_drops_are_rejected(db: psycopg.Connection) -> None:
    db.execute(
        """
        create function dropping() returns trigger language plpgsql as
        $$ begin return case when new.speed < 30 then new end; end $$;
        create trigger dropping before insert on vessel_positions for each row
        execute function dropping();
        create function without() returns trigger language plpgsql as
        $$ begin return case when new.mmsi <> '219000009' then new end; end $$;
        create trigger without before insert on vessels for each row execute function without()
        """
    )
    answer = Feed(db).send(
        Report(219000001), Report(219000002, speed="31"), Report(219000009), Report(219000001)
    )
    assert counts(answer) == (1, 1, 0, 0, 2)
    assert feeds(db)["harbour"]["rejected_by_reason"] == {
        "position not stored by public.vessel_positions": 1,
        "vessel not stored by public.vessels": 1,
    }


# --- limits ---------------------------------------------------------------------------------------


def test_samples_and_reasons_of_rejected_messages_are_bounded(db: psycopg.Connection) -> None:
    feed = Feed(db)
    for batch in range(9):
        feed.send(
            *[Report(reason="bad", raw=f"{batch * 25 + n}", mmsi=None) for n in range(25)],
            Report(reason="long", raw="x" * 5000, mmsi=None),
        )
    kept = [
        int(raw)
        for (raw,) in db.execute(
            "select raw from vessel_activity.rejected_message where reason = 'bad' order by number"
        )
    ]
    newest = [batch * 25 + n for batch in range(9) for n in range(5, 25)]  # 20 of each batch
    assert kept == newest[-100:]
    assert db.execute(
        "select distinct length(raw) from vessel_activity.rejected_message where reason = 'long'"
    ).fetchall() == [(1000,)]

    for first in range(0, 200, 40):
        feed.send(*[Report(reason=f"reason {first + n}", mmsi=None) for n in range(40)])
    row = feeds(db)["harbour"]
    assert len(row["rejected_by_reason"]) <= 51
    assert sum(row["rejected_by_reason"].values()) == row["rejected"] == 9 * 26 + 200


@pytest.mark.parametrize(
    ("rows", "sources", "error", "message"),
    [
        ("1\t2", [{"name": "x"}], psycopg.errors.InvalidParameterValue, "12 fields"),
        (Report(source=2).row(), [{"name": "x"}], psycopg.errors.InvalidParameterValue, "name no source"),
        ("", [{"name": "x"}, {"name": "x"}], psycopg.errors.InvalidParameterValue, "named twice"),
        ("", [{}], psycopg.errors.InvalidParameterValue, "has no name"),
        ("", [{"name": "x\n"}], psycopg.errors.CheckViolation, "feed_source_check"),
        ("\n".join([Report().row()] * 50_001), [{"name": "x"}], psycopg.errors.ProgramLimitExceeded, "50001 rows"),
    ],
)  # fmt: skip
def test_a_batch_of_a_wrong_form_is_refused_as_a_whole(
    db: psycopg.Connection,
    rows: str,
    sources: list[dict[str, str]],
    error: type[psycopg.Error],
    message: str,
) -> None:
    feed = Feed(db)
    feed.batch = 1
    arguments = list(feed.arguments(sources=sources, now={"sources": []}))
    arguments[2] = rows
    with pytest.raises(error, match=message):
        db.execute(BATCH, arguments)
    assert (feeds(db), feed.start()) == ({}, 0)


def test_a_reason_that_looks_like_an_outcome_is_still_a_rejection(db: psycopg.Connection) -> None:
    feed = Feed(db)
    answer = feed.send(*[Report(reason=reason) for reason in ("position", "static", "duplicate")])
    assert counts(answer) == (0, 0, 0, 0, 3)
    assert positions(db) == []


def test_an_unknown_feeder_is_told_to_start(db: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="is not known") as raised:
        db.execute(BATCH, (uuid.uuid4(), 1, "", "[]", "{}"))
    assert raised.value.diag.message_hint == "Call vessel_activity.feed_start() first."


def test_feeds_that_nobody_has_heard_of_for_long_are_forgotten(db: psycopg.Connection) -> None:
    old = Feed(db, ("old",))
    old.send(Report(reason="bad", raw="x", mmsi=None))
    db.execute("update vessel_activity.feed set heard_at = now() - interval '31 days'")
    db.execute("update vessel_activity.feeder set heard_at = now() - interval '31 days'")

    Feed(db, ("new",)).send()

    assert set(feeds(db)) == {"new"}
    assert db.execute("select count(*) from vessel_activity.rejected_message").fetchone() == (0,)
    assert old.start() == 1  # the number of its last batch is kept longer


def test_more_than_a_thousand_feeds_are_refused(db: psycopg.Connection) -> None:
    db.execute(
        "insert into vessel_activity.feed (source) select i::text from generate_series(1, 1000) i"
    )
    feed = Feed(db, ("new",))
    with pytest.raises(psycopg.errors.ProgramLimitExceeded, match="more than 1,000 feeds"):
        feed.send(Report())
    assert positions(db) == []


def test_a_replay_and_a_feed_with_the_same_ship_add_one_position(
    url: str, db: psycopg.Connection, tmp_path: Path
) -> None:
    path = tmp_path / "rec"
    path.write_text(
        "MMSI,BaseDateTime,LAT,LON,SOG,COG,VesselName,VesselType\n"
        "219000001,2022-01-03T00:00:00,50.5,-5.25,10.1,270.0,ANNA,70\n"
        "219000001,2022-01-03T00:00:10,50.5,-5.25,10.1,270.0,ANNA,70\n"
    )
    loading.load_file(url, path, to_recording=True)
    db.execute("select vessel_activity.replay_start('rec', '1 minute', %s)", (NOON,))
    Feed(db).send(Report(219000001, NOON, latitude=1))

    db.execute("select vessel_activity.replay_step('rec', %s)", (NOON + 10 * SECOND,))

    assert db.execute(
        "select count(*), count(distinct timestamp), count(*) filter (where latitude = 1)"
        " from vessel_positions"
    ).fetchone() == (13, 13, 1)
    assert db.execute("select not_added from vessel_activity.replay").fetchone() == (1,)
