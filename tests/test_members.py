# ruff: noqa: E501, S311 - SQL texts; nothing secret is drawn
"""A database adds the parts of its members, other databases, to one row: all of them, or none.

What is expected is computed here in plain Python from the same vessels and positions.
"""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from random import Random
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.support.fleet import (
    AS_OF,
    HOUR,
    MINUTE,
    SECOND,
    add_positions,
    definition,
    last_mode,
    refreshed,
    stored,
)
from tests.support.members import away, check, databases, document, end_connections, join
from tests.support.roles import new_role

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vessel_activity.database.local_server import LocalServer

MEMBERS = ("north", "south", "west")
_CLEAR = """
    truncate public.vessels, public.vessel_positions cascade;
    delete from public.vessel_activity_realtime;
    delete from vessel_activity.state;
    delete from vessel_activity.activity;
    delete from vessel_activity.refresh_log;
    update vessel_activity.settings set member_timeout = '20 seconds', allow_missing_members = false;
"""


class Report(NamedTuple):
    """A position: the vessel, the time and the speed."""

    vessel: int
    at: datetime
    speed: Decimal


@pytest.fixture(scope="module")
def opened(server: LocalServer, template: str) -> Iterator[dict[str, psycopg.Connection]]:
    """Give a combining database and three others."""
    with databases(server, template, ["combiner", *MEMBERS]) as opened:
        yield opened


@pytest.fixture
def bare(opened: dict[str, psycopg.Connection]) -> dict[str, psycopg.Connection]:
    """Give the databases empty, and without members."""
    for (name,) in opened["combiner"].execute("select name from vessel_activity.member").fetchall():
        opened["combiner"].execute("select public.vessel_activity_member_remove(%s::text)", (name,))
    for session in opened.values():
        session.execute(_CLEAR)
    return opened


@pytest.fixture
def joined(bare: dict[str, psycopg.Connection]) -> dict[str, psycopg.Connection]:
    """Give the databases, the three as members of the first."""
    for name in MEMBERS:
        join(bare["combiner"], name, bare[name])
    return bare


@contextmanager
def asker(member: psycopg.Connection, *purposes: str) -> Iterator[str]:
    """Make a role on a member that may ask for its part, or may not; give its name."""
    with new_role(member, f"postgresql://postgres@/{member.info.dbname}", *purposes) as url:
        yield urlsplit(url).username or ""


def fill(session: psycopg.Connection, first: int, random: Random) -> tuple[list[str], list[Report]]:
    """Make twenty vessels from an id on, and two hundred positions; return types and positions."""
    types = [random.choice(["Cargo", "Tug", f"Rare {number % 8}"]) for number in range(20)]
    for number, kind in enumerate(types):
        session.execute(
            'insert into public.vessels (id, mmsi, "vesselType", flag, active)'
            " values (%s, %s, %s, 'NO', true)",
            (first + number, str(first + number), kind),
        )
    reports = [
        Report(
            first + random.randrange(20),
            AS_OF - timedelta(seconds=random.choice([1, 200, 299, 301, 3000, 3599, 3601, 80_000])),
            Decimal(random.randrange(600)) / 10,
        )
        for _ in range(200)
    ]
    with session.cursor() as cursor:
        cursor.executemany(
            'insert into public.vessel_positions ("vesselId", timestamp, latitude, longitude, speed)'
            " values (%s, %s, 10.5, 20.5, %s)",
            reports,
        )
    return types, reports


def expected(types: list[str], reports: list[Report]) -> dict[str, Any]:
    """Compute the figures without any of vessel activity."""

    def active(window: timedelta) -> int:
        return len({report.vessel for report in reports if report.at >= AS_OF - window})

    hour = [report for report in reports if report.at >= AS_OF - HOUR]
    speeds = [report.speed for report in hour if 0 < report.speed < 50]
    commonest = sorted(Counter(types).items(), key=lambda item: (-item[1], item[0]))[:10]
    mean = (sum(speeds, Decimal(0)) / len(speeds)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return {
        "active_now": active(5 * MINUTE),
        "active_last_hour": active(HOUR),
        "active_last_24h": active(24 * HOUR),
        "total_vessels": len(types),
        "positions_last_hour": len(hour),
        "vessel_types": commonest,
        "top_flags": [("NO", len(types))],
        "speed_avg": mean,
        "updated_at": AS_OF,
    }


# --- the sum --------------------------------------------------------------------------------------


def test_the_row_is_the_sum_of_all_members(joined: dict[str, psycopg.Connection]) -> None:
    types: list[str] = []
    reports: list[Report] = []
    for number, name in enumerate(MEMBERS):
        more_types, more_reports = fill(joined[name], 1000 * number, Random(number))
        types += more_types
        reports += more_reports

    figures = refreshed(joined["combiner"])

    assert figures._asdict() == expected(types, reports)
    assert stored(joined["combiner"]) == figures
    assert definition(joined["combiner"]) == figures


def test_the_positions_of_the_combining_database_count_too(
    joined: dict[str, psycopg.Connection],
) -> None:
    types, reports = fill(joined["combiner"], 1000, Random(1))
    more_types, more_reports = fill(joined["north"], 2000, Random(2))

    figures = refreshed(joined["combiner"])

    assert figures._asdict() == expected(types + more_types, reports + more_reports)


def test_members_take_in_changes_only(joined: dict[str, psycopg.Connection]) -> None:
    add_positions(joined["north"], (1, AS_OF), (2, AS_OF), speed=4)
    add_positions(joined["south"], (3, AS_OF), speed=10)
    assert refreshed(joined["combiner"]).active_now == 3

    joined["north"].execute('delete from public.vessel_positions where "vesselId" = 1')
    add_positions(joined["west"], (4, AS_OF + SECOND), speed=1)
    figures = refreshed(joined["combiner"], AS_OF + SECOND)

    assert (figures.active_now, figures.positions_last_hour) == (3, 3)
    assert figures.speed_avg == 5
    assert [last_mode(joined[name])[0] for name in MEMBERS] == ["incremental"] * 3


def test_the_row_of_a_member_is_refreshed_with_it(joined: dict[str, psycopg.Connection]) -> None:
    add_positions(joined["north"], (1, AS_OF))

    refreshed(joined["combiner"])

    assert stored(joined["north"]).active_now == 1
    assert stored(joined["north"]).updated_at == AS_OF
    log = joined["north"].execute("select refreshed_by from vessel_activity.refresh_log")
    assert log.fetchall() == [("combiner",)]


def test_a_member_whose_row_is_of_a_later_instant_answers_for_the_one_asked(
    joined: dict[str, psycopg.Connection],
) -> None:
    now = datetime.now(UTC)
    add_positions(joined["north"], (1, now - 30 * SECOND), (2, now - 5 * SECOND))
    refreshed(joined["north"], now)

    assert refreshed(joined["combiner"], now - 10 * SECOND).active_now == 1
    assert stored(joined["north"]).active_now == 2


def test_the_document_is_the_sum_of_all_members(joined: dict[str, psycopg.Connection]) -> None:
    insert = 'insert into public.vessels (id, mmsi, "vesselType", active) values (%s, %s, %s, true)'
    joined["north"].execute(insert, (1, "1", "Tug"))
    joined["south"].execute(insert, (2, "2", "Tug"))
    add_positions(joined["north"], (1, AS_OF - 2 * SECOND), speed=3)
    add_positions(joined["south"], (2, AS_OF - SECOND), (3, AS_OF - 90 * MINUTE), speed=0.1)

    refreshed(joined["combiner"])

    found = document(joined["combiner"])
    assert found["movement"] == {
        "underWay": 1, "stopped": 1, "unknown": 0, "newLastHour": 2, "goneSilent": 1,
    }  # fmt: skip
    assert found["types"] == [
        {"name": "Tug", "activeNow": 2, "activeLastHour": 2, "activeLast24h": 2, "fleet": 2},
        {"name": "Unknown", "activeNow": 0, "activeLastHour": 0, "activeLast24h": 1, "fleet": 0},
    ]
    assert found["feed"]["newestReport"] == "2050-03-13T11:59:59.250Z"
    assert found["feed"]["reportsLastMinute"] == 2
    row = (
        joined["combiner"]
        .execute("select vessel_activity.types_json('24h', %s)::json -> 'types'", (AS_OF,))
        .fetchone()
    )
    assert row is not None
    lines = {line["name"]: line["activeLastHour"][-1] for line in row[0]}
    assert lines == {"Tug": 2, None: 0}


def test_the_grid_is_the_sum_of_all_members(joined: dict[str, psycopg.Connection]) -> None:
    for number, name in enumerate(["north", "south"]):
        fill(joined[name], 1000 * number, Random(number))
    figures = refreshed(joined["combiner"])

    row = joined["combiner"].execute("select vessel_activity.grid_json(1, null, '24h')").fetchone()

    assert row is not None
    grid = json.loads(row[0])
    assert grid["cells"] == [[20, 10, figures.active_last_24h]]
    assert grid["vessels"] == figures.active_last_24h


# --- a member is missing --------------------------------------------------------------------------


def test_a_member_that_is_away_leaves_the_row_as_it_is_and_is_named(
    joined: dict[str, psycopg.Connection],
) -> None:
    combiner = joined["combiner"]
    add_positions(joined["north"], (1, AS_OF))
    add_positions(joined["south"], (2, AS_OF))
    before = refreshed(combiner)
    add_positions(joined["north"], (3, AS_OF + SECOND))
    with away(joined, "south"):
        figures = refreshed(combiner, AS_OF + 2 * SECOND)

    assert figures == before == stored(combiner)
    log = combiner.execute(
        "select sqlstate, message from vessel_activity.refresh_log order by id desc limit 1"
    ).fetchone()
    assert log is not None
    assert log[0] == "08000"
    assert log[1].startswith("members did not answer: south (")
    state, detail, hint = check(combiner, "south")
    assert state == "fail"
    assert "is not currently accepting connections" in detail
    assert "the row is not refreshed without it" in detail
    assert "allow_missing_members" in (hint or "")
    assert check(combiner, "north")[0] == "ok"

    assert refreshed(combiner, AS_OF + 3 * SECOND).active_now == 3
    assert check(combiner, "south")[0] == "ok"


def test_the_sum_of_the_others_is_stored_only_if_the_operator_says_so(
    joined: dict[str, psycopg.Connection],
) -> None:
    combiner = joined["combiner"]
    add_positions(joined["north"], (1, AS_OF))
    add_positions(joined["south"], (2, AS_OF))
    refreshed(combiner)
    combiner.execute("update vessel_activity.settings set allow_missing_members = true")
    with away(joined, "south"):
        figures = refreshed(combiner, AS_OF + SECOND)

    assert figures.active_now == 1
    assert "members did not answer: south (" in (last_mode(combiner)[1] or "")
    state, detail, _ = check(combiner, "south")
    assert state == "warn"
    assert "the row is the sum of the other members" in detail


def test_a_schedule_learns_why_no_row_was_stored(joined: dict[str, psycopg.Connection]) -> None:
    with away(joined, "west"):
        row = joined["combiner"].execute(
            "select refreshed, problem, wait_seconds between 4 and 5"
            " from vessel_activity.refresh_if_due('fallback')"
        )
        (refreshed_now, problem, waits) = row.fetchone() or (None, None, None)

    assert (refreshed_now, waits) == (False, True)
    assert str(problem).startswith("members did not answer: west (")


def test_a_connection_that_was_ended_is_opened_anew(joined: dict[str, psycopg.Connection]) -> None:
    add_positions(joined["north"], (1, AS_OF))
    refreshed(joined["combiner"])
    end_connections(joined["north"])

    assert refreshed(joined["combiner"], AS_OF + SECOND).active_now == 1


def test_a_member_that_hangs_costs_its_timeout_and_no_more(
    joined: dict[str, psycopg.Connection],
) -> None:
    combiner = joined["combiner"]
    add_positions(joined["north"], (1, AS_OF))
    before = refreshed(combiner)
    combiner.execute("update vessel_activity.settings set member_timeout = '0.4 seconds'")
    row = (
        joined["north"]
        .execute(
            "select pid from pg_stat_activity"
            " where application_name = 'vessel_activity combiner' and datname = current_database()"
        )
        .fetchone()
    )
    assert row is not None
    os.kill(row[0], signal.SIGSTOP)
    try:
        figures = refreshed(combiner, AS_OF + SECOND)
    finally:
        os.kill(row[0], signal.SIGCONT)

    assert figures == before
    assert "north (no answer came within 0.4 s)" in check_log(combiner)
    combiner.execute("update vessel_activity.settings set member_timeout = '20 seconds'")
    assert refreshed(combiner, AS_OF + 2 * SECOND).active_now == 1


def check_log(session: psycopg.Connection) -> str:
    """Return the message of the newest row of the log."""
    return last_mode(session)[1] or ""


def test_a_member_whose_statement_is_cancelled_is_missing_and_cancels_nothing_else(
    joined: dict[str, psycopg.Connection],
) -> None:
    before = refreshed(joined["combiner"])
    database = joined["north"].info.dbname
    joined["north"].execute(f"alter database {database} set statement_timeout = '1ms'")
    try:
        end_connections(joined["north"])
        figures = refreshed(joined["combiner"], AS_OF + SECOND)
    finally:
        joined["north"].execute(f"alter database {database} reset statement_timeout")

    assert figures == before
    told = check_log(joined["combiner"])
    assert "north (ERROR: canceling statement due to statement timeout" in told


# --- which databases are members ------------------------------------------------------------------


def test_a_vessel_in_two_members_is_found(joined: dict[str, psycopg.Connection]) -> None:
    add_positions(joined["north"], (7, AS_OF), (8, AS_OF))
    add_positions(joined["west"], (8, AS_OF), (9, AS_OF))

    refreshed(joined["combiner"])

    state, detail, hint = check(joined["combiner"], "north")
    assert state == "fail"
    assert detail.startswith(
        "1 of its vessels are in another member too, and counted twice, such as vessel 8,"
        " also in west"
    )
    assert hint is not None
    assert check(joined["combiner"], "south")[0] == "ok"


def test_one_database_under_two_names_is_counted_once_or_not_at_all(
    joined: dict[str, psycopg.Connection],
) -> None:
    before = refreshed(joined["combiner"])
    join(joined["combiner"], "twin", joined["north"])

    assert refreshed(joined["combiner"], AS_OF + SECOND) == before
    assert "twin (it is the same database as member north)" in check_log(joined["combiner"])


def test_a_database_can_not_be_its_own_member(bare: dict[str, psycopg.Connection]) -> None:
    with pytest.raises(psycopg.OperationalError, match="it is this database itself"):
        join(bare["combiner"], "self", bare["combiner"])


def test_a_database_with_members_can_not_be_a_member(
    joined: dict[str, psycopg.Connection],
) -> None:
    before = refreshed(joined["combiner"])
    joined["north"].execute("create extension if not exists dblink")
    join(joined["north"], "far", joined["south"])
    try:
        figures = refreshed(joined["combiner"], AS_OF + SECOND)
    finally:
        joined["north"].execute("select public.vessel_activity_member_remove('far'::text)")

    assert figures == before
    assert "north (ERROR: this database has members itself" in check_log(joined["combiner"])


def test_a_removed_member_leaves_nothing(joined: dict[str, psycopg.Connection]) -> None:
    add_positions(joined["north"], (1, AS_OF))
    add_positions(joined["south"], (2, AS_OF))
    refreshed(joined["combiner"])

    joined["combiner"].execute("select public.vessel_activity_member_remove('north'::text)")

    assert refreshed(joined["combiner"], AS_OF + SECOND).active_now == 1
    servers = joined["combiner"].execute("select srvname from pg_foreign_server order by 1")
    assert servers.fetchall() == [
        ("vessel_activity_member_south",),
        ("vessel_activity_member_west",),
    ]


def test_a_changed_address_is_followed_by_open_sessions(
    joined: dict[str, psycopg.Connection],
) -> None:
    combiner = joined["combiner"]
    combiner.execute("select public.vessel_activity_member_remove('west'::text)")
    add_positions(joined["north"], (1, AS_OF))
    add_positions(joined["west"], (2, AS_OF), (3, AS_OF))
    assert refreshed(combiner).active_now == 1

    combiner.execute(
        "alter server vessel_activity_member_north options"
        f" (set dbname '{joined['west'].info.dbname}')"
    )

    assert refreshed(combiner, AS_OF + SECOND).active_now == 2


def test_what_members_can_not_give_is_refused(joined: dict[str, psycopg.Connection]) -> None:
    with pytest.raises(psycopg.errors.FeatureNotSupported, match="members yet"):
        joined["combiner"].execute(
            "select public.vessel_activity_backfill_history(now() - interval '1 hour', now())"
        )


# --- addresses and rights -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "options"),
    [
        (
            "postgresql://me:p%40ss%3A@db.example:5433/ais?sslmode=require",
            {"user": "me", "password": "p@ss:", "host": "db.example", "port": "5433",
             "dbname": "ais", "sslmode": "require"},
        ),
        ("postgres:///ais?host=%2Frun%2Fpg", {"host": "/run/pg", "dbname": "ais"}),
        ("postgresql://one:1,two:2/ais", {"host": "one,two", "port": "1,2", "dbname": "ais"}),
        ("postgresql://[2001:db8::1]:5432/ais",
         {"host": "2001:db8::1", "port": "5432", "dbname": "ais"}),
        ("host=db dbname='a b' password='it\\'s'",
         {"host": "db", "dbname": "a b", "password": "it's"}),
    ],
)  # fmt: skip
def test_an_address_is_read_as_libpq_reads_it(
    bare: dict[str, psycopg.Connection], text: str, options: dict[str, str]
) -> None:
    row = bare["combiner"].execute("select vessel_activity.address_options(%s)", (text,)).fetchone()

    assert row == (options,)


@pytest.mark.parametrize("text", ["secret", "postgresql://me:secret@db/", "host=db secret"])
def test_what_is_no_address_is_refused_without_a_quotation(
    bare: dict[str, psycopg.Connection], text: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue) as error:
        bare["combiner"].execute(
            "select public.vessel_activity_member_add('north'::text, %s::text)", (text,)
        )

    assert "secret" not in str(error.value) + str(error.value.diag.context)


def test_a_combiner_may_ask_for_the_part_and_nothing_else(
    bare: dict[str, psycopg.Connection],
) -> None:
    north = bare["north"]
    with asker(north, "combiner") as combiner:
        may = north.execute(
            "select r.routine::text from vessel_activity.routines() as r"
            " where has_function_privilege(%s, r.routine, 'execute') order by 1",
            (combiner,),
        ).fetchall()
        reads = north.execute(
            "select c.oid::regclass::text from pg_class as c"
            " where c.relnamespace = 'vessel_activity'::regnamespace"
            " and c.relkind in ('r', 'v') and has_any_column_privilege(%s, c.oid, 'select')",
            (combiner,),
        ).fetchall()
        add_positions(north, (1, AS_OF))
        join(bare["combiner"], "north", north, user=combiner)
        figures = refreshed(bare["combiner"])
        bare["combiner"].execute("select public.vessel_activity_member_remove('north'::text)")

    assert may == [
        ("vessel_activity.member_area_put(text,text,json,json)",),
        ("vessel_activity.member_areas_at(json,timestamp with time zone)",),
        ("vessel_activity.member_cells(numeric,double precision[],text)",),
        ("vessel_activity.member_definition(timestamp with time zone,boolean)",),
        ("vessel_activity.member_maintain()",),
        ("vessel_activity.member_part(timestamp with time zone,boolean,boolean,json,boolean)",),
        (
            "vessel_activity.member_vessels(json,text,text,text,text,double precision[],text,text,text[],integer)",
        ),
    ]
    assert reads == []
    assert figures.active_now == 1


def test_a_member_without_the_right_is_not_added(bare: dict[str, psycopg.Connection]) -> None:
    with asker(bare["north"]) as stranger:
        with pytest.raises(psycopg.OperationalError, match="permission denied") as error:
            join(bare["combiner"], "north", bare["north"], user=stranger)

        assert "'combiner'" in (error.value.diag.message_hint or "")
    assert bare["combiner"].execute("select from vessel_activity.member").fetchall() == []


# --- another server -------------------------------------------------------------------------------


@pytest.fixture
def far(breakable_url: str) -> Iterator[psycopg.Connection]:
    """Give a session on an empty member on a server that may be stopped."""
    with psycopg.connect(breakable_url, autocommit=True) as session:
        yield session


def test_a_server_that_is_killed_is_missing_until_it_is_back(
    bare: dict[str, psycopg.Connection], far: psycopg.Connection, breakable: LocalServer
) -> None:
    combiner = bare["combiner"]
    add_positions(far, (1, AS_OF))
    join(combiner, "far", far)
    assert refreshed(combiner).active_now == 1

    breakable.stop("immediate")
    refreshed(combiner, AS_OF + SECOND)
    state, detail, _ = check(combiner, "far")
    breakable.start()
    figures = refreshed(combiner, AS_OF + 2 * SECOND)

    assert state == "fail"
    assert "could not establish connection" in detail
    assert figures.active_now == 1
    assert check(combiner, "far")[0] == "ok"


@pytest.mark.parametrize("outcome", ["commit", "rollback"])
@pytest.mark.parametrize("crash", [False, True], ids=["", "crash"])
def test_a_transaction_in_doubt_on_a_member_counts_if_it_commits(
    bare: dict[str, psycopg.Connection],
    far: psycopg.Connection,
    breakable: LocalServer,
    breakable_url: str,
    outcome: str,
    *,
    crash: bool,
) -> None:
    combiner = bare["combiner"]
    add_positions(bare["north"], (9, AS_OF), speed=9)
    add_positions(far, (1, AS_OF), (2, AS_OF), (3, AS_OF), speed=3)
    join(combiner, "north", bare["north"])
    join(combiner, "far", far)
    assert refreshed(combiner).active_now == 4
    with psycopg.connect(breakable_url, autocommit=True) as writer:
        writer.execute("begin")
        add_positions(writer, (4, AS_OF), speed=13)
        writer.execute('delete from public.vessel_positions where "vesselId" = 1')
        writer.execute(
            "insert into public.vessels (mmsi, flag, active) values ('244000001', 'NL', true)"
        )
        writer.execute("prepare transaction 'doubt'")
    if crash:
        breakable.stop("immediate")
        breakable.start()

    with psycopg.connect(breakable_url, autocommit=True) as session:
        for seconds in range(1, 4):
            # Other writers go on meanwhile, and no refresh waits for the end of the doubt.
            add_positions(session, (4 + seconds, AS_OF), speed=3)
            figures = refreshed(combiner, AS_OF + seconds * SECOND)
            assert (figures.active_now, figures.total_vessels) == (4 + seconds, 0)
            mean = Decimal((3 + seconds) * 3 + 9) / (4 + seconds)
            assert figures.speed_avg == mean.quantize(Decimal("0.01"), ROUND_HALF_UP)
            assert last_mode(session)[0] == ("definition" if crash else "incremental")
        slowest = session.execute(
            "select max(duration_ms) < 4000 from vessel_activity.refresh_log where mode <> 'rebuild'"
        )
        assert slowest.fetchone() == (True,)

        session.execute(f"{outcome} prepared 'doubt'".encode())
        figures = refreshed(combiner, AS_OF + 4 * SECOND)
        mean = Decimal(5 * 3 + 9 + 13) / 7 if outcome == "commit" else Decimal(6 * 3 + 9) / 7
        assert (figures.active_now, figures.total_vessels) == (7, int(outcome == "commit"))
        assert figures.speed_avg == mean.quantize(Decimal("0.01"), ROUND_HALF_UP)
        assert definition(combiner, AS_OF + 4 * SECOND) == figures
        # It never was a member that did not answer.
        failed = combiner.execute(
            "select from vessel_activity.refresh_log where sqlstate is not null"
        )
        assert failed.fetchall() == []


def test_a_wrong_password_is_told_and_never_written(
    bare: dict[str, psycopg.Connection],
    far: psycopg.Connection,
    breakable: LocalServer,
    server: LocalServer,
) -> None:
    combiner = bare["combiner"]
    hba = breakable.datadir / "pg_hba.conf"
    before = hba.read_text()
    with asker(far, "combiner") as name:
        far.execute(f"alter role {name} password 'right-7391'")
        hba.write_text(f"local all {name} scram-sha-256\n{before}")
        far.execute("select pg_reload_conf()")
        try:
            with pytest.raises(psycopg.OperationalError, match="password") as error:
                join(combiner, "far", far, user=name, password="wrong-8264")  # noqa: S106
            join(combiner, "far", far, user=name, password="right-7391")  # noqa: S106
            add_positions(far, (1, AS_OF))
            assert refreshed(combiner).active_now == 1
            kept = combiner.execute(
                "select coalesce(string_agg(m::text || coalesce(s::text, ''), ''), '')"
                " || coalesce((select string_agg(l::text, '') from vessel_activity.refresh_log as l), '')"
                " || (select string_agg(f.srvoptions::text, '') from pg_foreign_server as f)"
                " from vessel_activity.member as m"
                " left join vessel_activity.member_state as s on s.name = m.name"
            ).fetchone()
        finally:
            hba.write_text(before)
            far.execute("select pg_reload_conf()")
            combiner.execute("select public.vessel_activity_member_remove('far'::text)")

    told = "".join(str(part) for part in (error.value, error.value.diag.context))
    assert "wrong-8264" not in told
    assert kept is not None
    assert "7391" not in kept[0]
    assert "8264" not in (server.datadir / "server.log").read_text(errors="replace")
