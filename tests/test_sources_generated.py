# ruff: noqa: ISC004, S608 - SQL texts, made of constants
"""Source tables with generated columns get exact figures, and stop no writer.

Virtual generated columns exist from PostgreSQL 18 on, where they are the default. These tests run
on the embedded PostgreSQL, which is 18.
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import cloned, folder_for_servers
from tests.support.catalog import snapshot
from tests.support.fleet import AS_OF, MINUTE, SECOND, last_mode
from tests.support.sources import engine_check, exact, maintained
from vessel_activity.database import embedded
from vessel_activity.database.errors import describe
from vessel_activity.database.local_server import LocalServer
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

_TEMPLATE = "generated_template"
_VESSELS = (
    'id bigserial primary key, mmsi text, name text, "vesselType" text, flag text, active boolean'
)
_POSITIONS = (
    'id bigserial, "vesselId" bigint, timestamp timestamptz, latitude float8, longitude float8, '
    "speed numeric, course real"
)


@pytest.fixture(scope="module")
def server_18() -> Iterator[LocalServer]:
    """Run the embedded PostgreSQL, with a migrated database."""
    with folder_for_servers() as folder:
        server = LocalServer(
            embedded.binaries(), folder / "18" / "data", {"fsync": "off", "wal_level": "logical"}
        )
        server.start()
        try:
            with psycopg.connect(server.url(), autocommit=True) as admin:
                admin.execute(f"create database {_TEMPLATE}")
            migrate.migrate(server.url(_TEMPLATE))
            yield server
        finally:
            server.stop("immediate")


@pytest.fixture
def empty_18(server_18: LocalServer) -> Iterator[str]:
    """Give the URL of an empty database."""
    with cloned(server_18, None) as url:
        yield url


@pytest.fixture
def url_18(server_18: LocalServer) -> Iterator[str]:
    """Give the URL of a migrated database."""
    with cloned(server_18, _TEMPLATE) as url:
        yield url


def sources(
    db: psycopg.Connection, vessels: str = _VESSELS, positions: str = _POSITIONS, end: str = ""
) -> None:
    """Make source tables with these columns."""
    db.execute(f"create table vessels ({vessels})".encode())
    db.execute(f"create table vessel_positions ({positions}) {end}".encode())


def position(db: psycopg.Connection, vessel: int, columns: str, values: str) -> None:
    """Insert a position with these further columns."""
    db.execute(
        f'insert into vessel_positions ("vesselId", {columns}) values ({vessel}, {values})'.encode()
    )


def test_a_virtual_type_is_counted(empty_18: str) -> None:
    with psycopg.connect(empty_18, autocommit=True) as db:
        sources(
            db,
            _VESSELS.replace(
                '"vesselType" text', 'raw text, "vesselType" text generated always as (upper(raw))'
            ),
        )
        migrate.migrate(empty_18)
        db.execute(
            "insert into vessels (mmsi, raw, active) values ('1', 'cargo', true),"
            " ('2', 'tanker', true)"
        )
        assert exact(db, "definition").vessel_types == [("CARGO", 1), ("TANKER", 1)]
        db.execute("update vessels set raw = 'tug' where mmsi = '1'")
        db.execute("delete from vessels where mmsi = '2'")
        assert exact(db, "definition", AS_OF + SECOND).vessel_types == [("TUG", 1)]
        assert last_mode(db)[1] == (
            'public.vessels."vesselType" is a virtual generated column, which triggers can\'t read'
        )
        state, _, hint = engine_check(db)
        assert (state, hint) == (
            "warn",
            "Make the column a stored generated column or an ordinary one, then run "
            "vessel-activity migrate. Or accept slower refreshes.",
        )


@pytest.mark.parametrize("end", ["", "partition by range (timestamp)"])
def test_a_virtual_speed_is_counted(empty_18: str, end: str) -> None:
    with psycopg.connect(empty_18, autocommit=True) as db:
        positions = _POSITIONS.replace(
            "speed numeric", "sog integer, speed numeric generated always as (sog / 10.0) virtual"
        )
        sources(db, positions=positions, end=end)
        if end:
            db.execute("create table rest partition of vessel_positions default")
        migrate.migrate(empty_18)
        position(db, 1, "timestamp, sog", f"'{AS_OF - MINUTE}', 100")
        position(db, 2, "timestamp, sog", f"'{AS_OF - MINUTE}', 200")
        assert exact(db, "definition").speed_avg == Decimal("15.00")
        db.execute("update vessel_positions set sog = 300")
        assert exact(db, "definition", AS_OF + SECOND).speed_avg == 30
        assert "vessel_positions.speed is a virtual generated column" in engine_check(db)[1]


@pytest.mark.parametrize(
    ("column", "written", "generated"),
    [
        ("active boolean", "status", "active boolean generated always as (status <> 'gone')"),
        ("flag text", "status", "flag text generated always as (left(status, 2))"),
    ],
)
def test_writers_can_write_vessels_with_a_virtual_column(
    empty_18: str, column: str, written: str, generated: str
) -> None:
    with psycopg.connect(empty_18, autocommit=True) as db:
        sources(db, f"{_VESSELS.replace(column, generated)}, {written} text")
        migrate.migrate(empty_18)
        for mmsi in range(3):
            db.execute(
                f"insert into vessels (mmsi, {written}) values (%s, 'here')".encode(), (mmsi,)
            )
        if "active" not in generated:
            db.execute("update vessels set active = true")
        db.execute(f"update vessels set {written} = 'gone' where mmsi = '1'".encode())
        db.execute("delete from vessels where mmsi = '2'")
        figures = exact(db, "definition")
        assert figures.total_vessels == (1 if "active" in generated else 2)


@pytest.mark.parametrize(
    ("column", "generated"),
    [
        (
            "timestamp timestamptz",
            "at timestamptz, timestamp timestamptz generated always as (at)",
        ),
        ('"vesselId" bigint', 'vessel bigint, "vesselId" bigint generated always as (vessel + 0)'),
    ],
)
def test_a_virtual_column_that_needs_an_index_is_refused_before_any_change(
    empty_18: str, column: str, generated: str
) -> None:
    with psycopg.connect(empty_18, autocommit=True) as db:
        sources(db, positions=_POSITIONS.replace(column, generated))
    before = snapshot(empty_18)
    name = '"timestamp"' if "timestamptz" in column else '"vesselId"'

    with pytest.raises(psycopg.errors.FeatureNotSupported) as raised:
        migrate.migrate(empty_18)

    assert describe(raised.value) == (
        f"public.vessel_positions.{name} is a virtual generated column, which PostgreSQL can't "
        "index\n  hint: Make the column a stored generated column "
        "(generated always as (...) stored) or an ordinary one. "
        "Then run vessel-activity migrate again. Nothing was changed."
    )
    assert snapshot(empty_18) == before


_ALTERED = {
    # Table, column, its type, an expression over other columns, values of a row.
    "active": ("vessels", "boolean", "mmsi <> '0'"),
    "flag": ("vessels", "text", "left(mmsi, 2)"),
    "vesselType": ("vessels", "text", "upper(mmsi)"),
    "speed": ("vessel_positions", "numeric", "course * 2"),
    "vesselId": ("vessel_positions", "bigint", "id + 0"),
    "timestamp": ("vessel_positions", "timestamptz", f"'{AS_OF}'::timestamptz"),
}


@pytest.mark.parametrize("column", _ALTERED)
@pytest.mark.parametrize("role", ["origin", "replica"])
def test_a_column_that_becomes_virtual_stops_no_writer(url_18: str, column: str, role: str) -> None:
    table, type_name, expression = _ALTERED[column]
    with (
        psycopg.connect(url_18, autocommit=True) as db,
        psycopg.connect(url_18, autocommit=True) as writer,
    ):
        exact(db, "incremental", AS_OF - MINUTE)
        writer.execute(f"set session_replication_role = {role}".encode())

        def write(generated: str | None = column) -> None:
            given = {"vesselId": "1", "timestamp": f"'{AS_OF}'", "course": "7"}
            given.pop(generated or "", None)
            names = ", ".join(f'"{name}"' for name in given)
            for _ in range(2):
                writer.execute(
                    f"insert into vessel_positions ({names}) values ({', '.join(given.values())})".encode()  # noqa: E501
                )
            writer.execute("update vessel_positions set course = 9, latitude = 5")
            writer.execute(
                "delete from vessel_positions where id = (select max(id) from vessel_positions)"
            )
            writer.execute("insert into vessels (mmsi) select count(*)::text || 'x' from vessels")
            writer.execute("update vessels set name = 'x'")
            writer.execute("delete from vessels where name is null")

        write(generated=None)  # the plans of the triggers are made
        exact(db, "incremental")
        db.execute(
            f"""
            alter table {table} drop column "{column}" cascade;
            alter table {table} add column "{column}" {type_name}
              generated always as ({expression}) virtual
            """.encode()
        )
        write()
        exact(db, "definition", AS_OF + SECOND)
        assert f"{column}" in engine_check(db)[1]
        maintained(db)
        assert db.execute(
            "select count(*) from vessel_activity.note_triggers() where relation = %s::regclass",
            (table,),
        ).fetchone() == (0,)
        write()
        exact(db, "definition", AS_OF + 2 * SECOND)
        migrate.migrate(url_18)
        write()
        exact(db, "definition", AS_OF + 3 * SECOND)
        if column in ("timestamp", "vesselId"):
            assert db.execute(
                "select distinct detail, hint from vessel_activity_status()"
                " where state = 'fail' and check_name like 'index%'"
            ).fetchall() == [
                (
                    f'public.vessel_positions."{column}" is a virtual generated column, which '
                    "PostgreSQL can't index; computing the figures is slow",
                    "Make the column a stored generated column or an ordinary one. "
                    "Then run vessel-activity migrate.",
                )
            ]


def test_a_column_that_is_no_longer_virtual_is_followed_again(url_18: str) -> None:
    with psycopg.connect(url_18, autocommit=True) as db:
        exact(db, "incremental", AS_OF - MINUTE)
        for number, (kind, mode) in enumerate((("virtual", "definition"), ("stored", "rebuild"))):
            as_of = AS_OF - (20 - 10 * number) * SECOND
            db.execute(
                f"""
                alter table vessels drop column flag;
                alter table vessels add column flag text generated always as (left(mmsi, 2)) {kind}
                """.encode()
            )
            db.execute("insert into vessels (mmsi, active) values (%s, true)", (f"NO{kind}",))
            exact(db, "definition", as_of)
            maintained(db)
            exact(db, mode, as_of + SECOND)
        db.execute("insert into vessels (mmsi, active) values ('SE1', true)")
        assert exact(db, "incremental").top_flags == [("NO", 2), ("SE", 1)]


@pytest.mark.parametrize("role", ["origin", "replica"])
def test_stored_generated_columns_are_followed(request: pytest.FixtureRequest, role: str) -> None:
    for fixture in ("empty_url", "empty_18"):
        url = request.getfixturevalue(fixture)
        with psycopg.connect(url, autocommit=True) as db:
            sources(
                db,
                "id bigserial primary key, mmsi text, name text, raw text, "
                '"vesselType" text generated always as (upper(raw)) stored, '
                "flag text generated always as (left(mmsi, 2)) stored, "
                "active boolean generated always as (name is null) stored",
                "id bigserial, vessel bigint, at timestamptz, latitude float8, longitude float8, "
                '"vesselId" bigint generated always as (vessel + 100) stored, '
                "timestamp timestamptz generated always as (at) stored, "
                "sog integer, speed numeric generated always as (sog / 10.0) stored, course real",
            )
            migrate.migrate(url)
            exact(db, "incremental", AS_OF - MINUTE)
            db.execute(f"set session_replication_role = {role}".encode())
            db.execute(
                "insert into vessel_positions (vessel, at, sog) values (1, %s, 100), (2, %s, 200)",
                (AS_OF, AS_OF),
            )
            db.execute("insert into vessels (mmsi, raw) values ('NO1', 'tug'), ('SE1', 'cargo')")
            db.execute("update vessels set name = 'gone' where mmsi = 'SE1'")
            figures = exact(db, "incremental")
            assert (figures.active_now, figures.speed_avg) == (2, Decimal(15))
            assert (figures.vessel_types, figures.top_flags) == ([("TUG", 1)], [("NO", 1)])
            db.execute("update vessel_positions set vessel = 3, sog = 300 where vessel = 1")
            db.execute("delete from vessel_positions where vessel = 2")
            figures = exact(db, "incremental", AS_OF + SECOND)
            assert (figures.active_now, figures.speed_avg) == (1, Decimal(30))
