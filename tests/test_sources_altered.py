"""Source tables whose shape changes give exact figures and stop no writer."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.fleet import (
    AS_OF,
    MINUTE,
    SECOND,
    add_vessels,
    alter_type,
    definition,
    last_mode,
    refreshed,
)
from tests.support.sources import engine_check, exact, into, maintained
from vessel_activity.install import migrate


@pytest.mark.parametrize(
    "ddl",
    [
        "vacuum full vessel_positions",
        "cluster vessel_positions using vessel_activity_timestamp_idx",
        "alter table vessel_positions add comment text default 'none'",
        "alter table vessel_positions set unlogged",
        'alter table vessel_positions alter "vesselId" type bigint using "vesselId" + 0',
        "alter table vessels alter flag type varchar(40)",
        "vacuum full vessels",
        "reindex table vessel_positions",
    ],
)
def test_rewriting_a_source_table_changes_no_number(db: psycopg.Connection, ddl: str) -> None:
    refreshed(db, AS_OF - MINUTE)
    add_vessels(db, [("Cargo", "NO")])
    for number in range(4):
        into(db, "vessel_positions", number)
    exact(db, "incremental")
    db.execute(ddl)
    into(db, "vessel_positions", 9)

    figures = refreshed(db, AS_OF + SECOND)
    assert figures == definition(db, AS_OF + SECOND)
    assert (figures.active_now, figures.top_flags) == (5, [("NO", 1)])
    into(db, "vessel_positions", 10)
    assert exact(db, "incremental", AS_OF + SECOND).active_now == 6


@pytest.mark.parametrize(
    ("column", "type_name", "using"),
    [
        ('"vesselId"', "text", ""),
        ('"vesselId"', 'text collate "POSIX"', ""),
        ('"vesselId"', "uuid", "using lpad(to_hex(\"vesselId\"), 32, '0')::uuid"),
        ('"vesselId"', "numeric", ""),
        ('"vesselId"', "integer", ""),
        ("speed", "integer", ""),
        ("timestamp", "timestamp(3)", "using timestamp at time zone 'UTC'"),
        ("speed", "real", ""),
        ("speed", "numeric(6, 3)", ""),
    ],
)
def test_altering_a_columns_type_stops_no_writer_and_migrate_adapts_the_engine(
    db: psycopg.Connection, url: str, column: str, type_name: str, using: str
) -> None:
    def add(seconds_ago: int) -> None:
        db.execute(
            """
            insert into vessel_positions ("vesselId", timestamp, latitude, longitude, speed)
            select (array_agg(p."vesselId"))[1], %s::timestamptz at time zone 'UTC', 0, 0, 12.3455
            from vessel_positions as p
            """,
            (AS_OF - seconds_ago * SECOND,),
        )

    db.execute("set timezone = 'UTC'")
    refreshed(db, AS_OF - MINUTE)
    into(db, "vessel_positions", 1)
    exact(db, "incremental")

    db.execute(f"alter table vessel_positions alter {column} type {type_name} {using}".encode())
    add(5)

    if type_name != "numeric(6, 3)":  # the type is the same; only its modifier differs
        assert exact(db, "definition").positions_last_hour == 2
        assert "another type" in (last_mode(db)[1] or "")
        assert engine_check(db)[0] == "warn"
        assert "Run vessel-activity migrate, which adapts" in engine_check(db)[2]

    migrate.migrate(url)
    add(4)
    assert refreshed(db).positions_last_hour == 3
    add(3)
    db.execute("delete from vessel_positions where latitude is null")
    figures = exact(db, "incremental", AS_OF + SECOND)
    assert (figures.active_now, figures.positions_last_hour) == (1, 3)
    assert engine_check(db)[0] == "ok"


@pytest.mark.parametrize("collations", [("POSIX", "C"), ("default", "C"), ("C", "default")])
def test_altering_a_columns_collation_stops_nobody_and_migrate_adapts_the_engine(
    db: psycopg.Connection, url: str, collations: tuple[str, str]
) -> None:
    before, after = (f'varchar collate "{name}"' for name in collations)
    alter_type(db, '"vesselId"', before)
    refreshed(db, AS_OF - MINUTE)
    into(db, "vessel_positions", 1)
    assert exact(db, "incremental").active_now == 1

    db.execute(f'alter table vessel_positions alter "vesselId" type {after}'.encode())
    into(db, "vessel_positions", 2)
    assert exact(db, "definition").active_now == 2
    migrate.migrate(url)
    assert exact(db, "rebuild").active_now == 2
    into(db, "vessel_positions", 3)
    assert exact(db, "incremental").active_now == 3


@pytest.mark.parametrize("wider", ["varchar(40)", "text", "char(40)"])
def test_an_id_longer_than_the_migrated_column_stops_no_writer(
    db: psycopg.Connection, wider: str
) -> None:
    alter_type(db, '"vesselId"', "varchar(4)")
    refreshed(db, AS_OF - MINUTE)
    db.execute(f'alter table vessel_positions alter "vesselId" type {wider}'.encode())
    into(db, "vessel_positions", 1234567)

    assert refreshed(db).active_now == 1
    into(db, "vessel_positions", 1234568)
    assert exact(db, "incremental" if "var" in wider else "definition").active_now == 2


def test_a_renamed_column_fails_the_refresh_until_it_is_renamed_back(
    db: psycopg.Connection,
) -> None:
    refreshed(db, AS_OF - MINUTE)
    into(db, "vessel_positions", 1)
    db.execute("alter table vessel_positions rename speed to knots")
    with pytest.raises(psycopg.errors.UndefinedColumn, match="speed"):
        refreshed(db, AS_OF)

    db.execute("alter table vessel_positions rename knots to speed")

    assert refreshed(db, AS_OF) == definition(db, AS_OF)
    assert refreshed(db, AS_OF).active_now == 1


def test_columns_that_swap_their_names_are_noticed(
    db: psycopg.Connection,
) -> None:
    db.execute("alter table vessel_positions add knots numeric")
    refreshed(db, AS_OF - MINUTE)
    into(db, "vessel_positions", 1)
    db.execute("update vessel_positions set knots = 30")
    assert exact(db, "incremental").speed_avg == 10
    with db.transaction():
        db.execute("alter table vessel_positions rename speed to old_speed")
        db.execute("alter table vessel_positions rename knots to speed")

    assert exact(db, "rebuild").speed_avg == 30


def test_a_replaced_source_table_is_noticed(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    into(db, "vessel_positions", 1)
    exact(db, "incremental")
    with db.transaction():
        db.execute("alter table vessel_positions rename to old_positions")
        db.execute("create table vessel_positions (like old_positions including all)")
    into(db, "vessel_positions", 2)
    into(db, "vessel_positions", 3)
    assert exact(db, "definition").active_now == 2

    maintained(db)
    assert exact(db, "rebuild").active_now == 2
    into(db, "old_positions", 4)  # no longer a source table
    db.execute('delete from old_positions where "vesselId" = 1')
    assert exact(db, "incremental").active_now == 2
