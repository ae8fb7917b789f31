# ruff: noqa: S608 - SQL texts, made of constants
"""MERGE on partitioned source tables is followed, whichever actions it has and whoever runs it.

What PostgreSQL passes to the triggers of a MERGE into partitions differs between minor versions.
So no test here depends on it. The tests run on the PostgreSQL of the suite and on the embedded one.
"""

from __future__ import annotations

from decimal import Decimal
from itertools import permutations
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import cloned, folder_for_servers
from tests.support.fleet import AS_OF, HOUR, MINUTE, SECOND
from tests.support.sources import exact, into, opened
from vessel_activity.database import embedded
from vessel_activity.database.local_server import LocalServer
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FIRST_WITH_VIEWS = 170_000
_SOURCES = f"""
    create table vessel_positions (id bigint, "vesselId" bigint, timestamp timestamptz not null,
      latitude float8, longitude float8, speed numeric, course real) partition by range (timestamp);
    create table p_old partition of vessel_positions
      for values from (minvalue) to ('{AS_OF - 30 * MINUTE}');
    create table p_new partition of vessel_positions
      for values from ('{AS_OF - 30 * MINUTE}') to (maxvalue);
    create table vessels (id bigint, mmsi text, name text, "vesselType" text, flag text,
      active boolean not null) partition by list (active);
    create table v_active partition of vessels for values in (true);
    create table v_inactive partition of vessels for values in (false);
    create view positions_view as select * from vessel_positions;
    create view vessels_view as select * from vessels;
"""
_TEMPLATE = "merge_template"


@pytest.fixture(scope="module", params=["suite", "embedded"])
def merge_server(
    request: pytest.FixtureRequest, new_server: Callable[..., LocalServer]
) -> Iterator[LocalServer]:
    """Run a server with a migrated database over partitioned source tables."""
    with folder_for_servers() as folder:
        if request.param == "suite":
            server = new_server()
        else:
            server = LocalServer(embedded.binaries(), folder / "18" / "data", {"fsync": "off"})
        server.start()
        try:
            with psycopg.connect(server.url(), autocommit=True) as admin:
                admin.execute(f"create database {_TEMPLATE}")
            with psycopg.connect(server.url(_TEMPLATE)) as db:
                db.execute(_SOURCES)
            migrate.migrate(server.url(_TEMPLATE))
            yield server
        finally:
            server.stop("immediate")


@pytest.fixture
def db(merge_server: LocalServer) -> Iterator[psycopg.Connection]:
    """Give a session on source tables with three positions and six active vessels."""
    with cloned(merge_server, _TEMPLATE) as url, opened(url) as db:
        db.execute(
            """
            insert into vessel_positions (id, "vesselId", timestamp, speed)
            values (1, 1, %(now)s - interval '40 minutes', 10),
              (2, 2, %(now)s - interval '1 minute', 12), (3, 3, %(now)s - interval '2 minutes', 14)
            """,
            {"now": AS_OF},
        )
        db.execute(
            """
            insert into vessels (id, mmsi, "vesselType", flag, active)
            select n, n, 'Cargo', 'NO', true from generate_series(1, 6) as n
            """
        )
        exact(db, "incremental", AS_OF - SECOND)
        yield db


_MERGES = {
    # Statement, and what it makes right: active_now, total_vessels, positions_last_hour, speed_avg.
    "update and insert": (
        """merge into vessel_positions p using (values (1), (9)) s(id) on p.id = s.id
        when matched then update set timestamp = {now}
        when not matched then insert (id, "vesselId", timestamp, speed) values (9, 9, {now}, 9)""",
        (4, 6, 4, Decimal("11.25")),
    ),
    "update only": (
        """merge into vessel_positions p using (values (1)) s(id) on p.id = s.id
        when matched then update set timestamp = {now}""",
        (3, 6, 3, Decimal(12)),
    ),
    "update and delete": (
        """merge into vessel_positions p using (values (1), (3)) s(id) on p.id = s.id
        when matched and s.id = 3 then delete when matched then update set timestamp = {now}""",
        (2, 6, 2, Decimal(11)),
    ),
    "vessels become inactive": (
        """merge into vessels v using (values (1), (2)) s(id) on v.id = s.id
        when matched then update set active = false""",
        (2, 4, 3, Decimal(12)),
    ),
    "vessels come, go and become inactive": (
        """merge into vessels v using (values (1), (2), (3), (7)) s(id) on v.id = s.id
        when matched and s.id = 3 then delete
        when matched then update set active = false
        when not matched then insert (id, mmsi, active) values (7, '7', true)""",
        (2, 4, 3, Decimal(12)),
    ),
    "the inserted row has the id of the updated row": (
        """merge into vessel_positions p using (values (5, 3), (3, 3)) s(key, id) on p.id = s.key
        when matched then update set speed = 40
        when not matched then insert (id, "vesselId", timestamp, speed)
          values (s.id, 3, {now} - interval '3 minutes', 20)""",
        (2, 6, 4, Decimal("20.50")),
    ),
}


def counted(db: psycopg.Connection) -> tuple[int, int, int, Decimal]:
    """Refresh by a rebuild, and return the four figures that the statements change."""
    figures = exact(db, "rebuild")
    return (
        figures.active_now,
        figures.total_vessels,
        figures.positions_last_hour,
        figures.speed_avg,
    )


@pytest.mark.parametrize("name", _MERGES)
def test_a_merge_that_moves_rows_across_partitions_is_followed(
    db: psycopg.Connection, name: str
) -> None:
    statement, right = _MERGES[name]
    db.execute(statement.format(now=f"'{AS_OF}'::timestamptz").encode())

    assert counted(db) == right
    into(db, "vessel_positions", 30, AS_OF)
    assert exact(db, "incremental", AS_OF + SECOND).active_now == right[0] + 1


@pytest.mark.parametrize("name", _MERGES)
def test_a_merge_through_a_view_is_followed(db: psycopg.Connection, name: str) -> None:
    statement, right = _MERGES[name]
    statement = statement.format(now=f"'{AS_OF}'::timestamptz")
    for table, view in (("vessel_positions", "positions_view"), ("vessels", "vessels_view")):
        statement = statement.replace(f"into {table} ", f"into {view} ")
    if db.info.server_version < _FIRST_WITH_VIEWS:
        with pytest.raises((psycopg.errors.WrongObjectType, psycopg.errors.FeatureNotSupported)):
            db.execute(statement.encode())
        return
    db.execute(statement.encode())

    assert counted(db) == right


_SQL_FUNCTION = "create function f() returns void language sql as $f$ {0} $f$"
# {0} is the statement. Each way runs it once.
_WAYS = {
    "in a DO block": ("do $do$ begin {0}; end $do$",),
    "by EXECUTE of PL/pgSQL": ("do $do$ begin execute $e${0}$e$; end $do$",),
    "in a PL/pgSQL function": (
        "create function f() returns void language plpgsql as $f$ begin {0}; end $f$",
        "select f()",
    ),
    "in a function of language SQL": (_SQL_FUNCTION, "select f()"),
    "in a procedure with a parsed body": (
        "create procedure f() language sql begin atomic {0}; end",
        "call f()",
    ),
    "in a function that a function calls": (
        _SQL_FUNCTION,
        "create function g() returns void language plpgsql as $g$ begin perform f(); end $g$",
        "select g()",
    ),
    "as a prepared statement": ("prepare p as {0}", "execute p"),
    "as a prepared statement in a function": (
        "prepare p as {0}",
        "do $do$ begin execute 'execute p'; end $do$",
    ),
    "after a comment": ("/* nothing */ {0}",),
    "in a batch": ("select 1; {0}; select 2",),
}


def run(db: psycopg.Connection, way: str, statement: str) -> None:
    """Run a statement in one of the ways."""
    for text in _WAYS[way]:
        db.execute(text.format(statement).encode())


@pytest.mark.parametrize("name", ["update only", "vessels become inactive"])
@pytest.mark.parametrize("way", _WAYS)
def test_a_merge_is_followed_whatever_runs_it(db: psycopg.Connection, way: str, name: str) -> None:
    statement, right = _MERGES[name]
    if way == "after a comment":
        statement = statement.replace("merge into", "MERGE/**/--\n into")
    run(db, way, statement.format(now=f"'{AS_OF}'::timestamptz"))

    assert counted(db) == right


def test_a_protocol_level_prepared_merge_is_followed(db: psycopg.Connection) -> None:
    statement, right = _MERGES["update only"]
    db.execute(
        statement.format(now="%s::timestamptz").encode(),
        (AS_OF,),
        prepare=True,
    )

    assert counted(db) == right


@pytest.mark.parametrize("way", _WAYS)
def test_an_update_of_partitions_is_no_merge(db: psycopg.Connection, way: str) -> None:
    run(db, way, f"update vessel_positions set timestamp = '{AS_OF}' where id = 1")

    figures = exact(db, "incremental")
    assert (figures.active_now, figures.positions_last_hour) == (3, 3)


@pytest.mark.parametrize(
    "statement",
    [
        "update vessel_positions set speed = 13 where id = 2 /* merged into p_new */",
        "update vessels set name = 'submerge' where id = 1",
        (
            "with s as (select 1 as merge) update vessel_positions as p set speed = 13"
            " from s where p.id = 2 and s.merge = 1"
        ),
        "delete from vessel_positions where id = 3",
        """merge into vessel_positions p using (values (3), (4)) s(id) on p.id = s.id
        when matched then delete
        when not matched then insert (id, "vesselId", timestamp) values (4, 4, '2050-03-13 12:00Z')
        """,
        """merge into vessels v using (values (3), (4)) s(id) on v.id = s.id
        when matched and s.id = 4 then do nothing when matched then delete""",
    ],
)
def test_statements_that_move_no_rows_need_no_rebuild(
    db: psycopg.Connection, statement: str
) -> None:
    db.execute(statement.encode())
    exact(db, "incremental")


_ACTIONS = {
    "insert": (
        'when not matched then insert (id, "vesselId", timestamp, speed)'
        " values (s.id, s.id, s.at, s.id)"
    ),
    "update": "when matched and s.id %% 3 = 1 then update set timestamp = s.at, speed = s.id",
    "delete": "when matched and s.id %% 3 = 2 then delete",
    "nothing": "when matched and s.id %% 5 = 0 then do nothing",
}


def test_every_combination_of_actions_is_followed(db: psycopg.Connection) -> None:
    for number in range(1, 5):
        for actions in permutations(_ACTIONS, number):
            db.execute("delete from vessel_positions")
            db.execute(
                """
                insert into vessel_positions (id, "vesselId", timestamp, speed)
                select n, n, %s::timestamptz - n * interval '3 minutes', n
                from generate_series(1, 24) as n
                """,
                (AS_OF,),
            )
            db.execute("select vessel_activity_rebuild()")
            exact(db, "rebuild")
            db.execute(
                f"""
                merge into vessel_positions as p
                using (
                  select n as id, %s::timestamptz - (n * 7 %% 31) * interval '2 minutes' as at
                  from generate_series(30, 1, -1) as n
                ) as s on p.id = s.id
                {" ".join(_ACTIONS[action] for action in actions)}
                """.encode(),
                (AS_OF,),
            )
            exact(db, "rebuild" if "update" in actions else "incremental")


def test_merges_and_other_statements_in_one_transaction_are_followed(
    db: psycopg.Connection,
) -> None:
    with db.transaction():
        into(db, "vessel_positions", 50, AS_OF - HOUR)
        db.execute(_MERGES["update and insert"][0].format(now=f"'{AS_OF}'::timestamptz").encode())
        db.execute("update vessel_positions set speed = 20 where id = 2")
        db.execute("delete from vessel_positions where id = 9")
        db.execute(_MERGES["vessels become inactive"][0].encode())

    assert counted(db) == (3, 4, 4, Decimal("13.50"))


def test_a_merge_that_is_rolled_back_needs_no_rebuild(db: psycopg.Connection) -> None:
    with db.transaction(force_rollback=True):
        db.execute(_MERGES["update only"][0].format(now=f"'{AS_OF}'::timestamptz").encode())

    exact(db, "incremental")


def test_merge_on_a_partitioned_table_is_followed(partitioned: str) -> None:
    with opened(partitioned) as db:
        into(db, "vessel_positions", 1, AS_OF - 2 * HOUR)
        into(db, "vessel_positions", 2, AS_OF - MINUTE)
        db.execute(
            """
            merge into vessel_positions as p
            using (values (1, %(now)s::timestamptz), (2, null), (3, %(now)s)) as v (vessel, at)
              on p."vesselId" = v.vessel
            when matched and v.at is null then delete
            when matched then update set timestamp = v.at
            when not matched then insert ("vesselId", timestamp) values (v.vessel, v.at)
            """,
            {"now": AS_OF},
        )

        assert exact(db, "rebuild")[:3] == (2, 2, 2)


def test_a_merge_that_inserts_before_it_updates_in_partitions_is_followed(partitioned: str) -> None:
    with opened(partitioned) as db:
        into(db, "vessel_positions", 1, AS_OF - 2 * HOUR)
        exact(db, "incremental")
        db.execute(
            """
            merge into vessel_positions as p
            using (values (2, %(now)s::timestamptz), (1, %(now)s)) as v (vessel, at)
              on p."vesselId" = v.vessel
            when matched then update set timestamp = v.at - interval '10 minutes'
            when not matched then insert ("vesselId", timestamp) values (v.vessel, v.at)
            """,
            {"now": AS_OF},
        )

        assert exact(db, "rebuild")[:3] == (1, 2, 2)
        into(db, "vessel_positions", 3)
        assert exact(db, "incremental", AS_OF + SECOND)[:3] == (2, 3, 3)
