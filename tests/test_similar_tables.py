# ruff: noqa: E501, ISC004 - a message reads best as it is printed
"""A migrate asks before it creates source tables beside tables that may hold the data to count."""

from __future__ import annotations

import shlex

import psycopg
import pytest

from tests.support.catalog import snapshot
from tests.test_migrate import command, schemas
from tests.test_sql_file import psql
from tests.test_status import Check, status
from vessel_activity.database.connections import name_of
from vessel_activity.install import migrate

# The tables that Prisma makes of the models Vessel and VesselPosition.
PRISMA = """
create table "Vessel" (id text primary key, mmsi text not null unique, name text, "vesselType" text, flag text,
  active boolean not null default true);
create table "VesselPosition" (id text primary key, "vesselId" text not null references "Vessel",
  timestamp timestamp(3) not null, latitude float8, longitude float8, speed float8, course float8);
insert into "Vessel" values ('v', '219000001', 'A', 'Cargo', 'DK', true);
insert into "VesselPosition" values ('p', 'v', now() at time zone 'UTC', 1, 2, 10, 3);
"""
REFUSED = (
    "public.vessels and public.vessel_positions do not exist, but these tables are similar:"
    ' public."Vessel", public."VesselPosition"'
)
WAY_OUT = (
    "Name the tables that hold the data to count, and those of their columns that have other names"
    " than the usual ones: vessel-activity migrate --vessels 'public.\"Vessel\"' --positions"
    " 'public.\"VesselPosition\"'. The SQL file takes the same texts as the psql variables vessels,"
    " positions and map. Or create new empty tables: run vessel-activity migrate --create, or the"
    " SQL file with psql -v create=on. Nothing was changed."
)


def made(url: str, ddl: str) -> None:
    """Run statements in a database."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(ddl.encode())


def test_similar_tables_are_named_before_anything_is_changed(empty_url: str) -> None:
    made(empty_url, PRISMA)
    before = snapshot(empty_url)

    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        migrate.migrate(empty_url)

    assert raised.value.diag.message_primary == REFUSED
    assert raised.value.diag.message_hint == WAY_OUT
    assert snapshot(empty_url) == before
    assert schemas(empty_url) == ["public"]


@pytest.mark.parametrize(
    ("ddl", "names"),
    [
        (
            "create schema ais; create table ais.vessels (id int);"
            "create table ais.vessel_positions (id int)",
            "ais.vessels, ais.vessel_positions",
        ),
        ("create table vessel (id int); create table vessel_position (id int)", None),
        ("create table ships (id int); create table ship_positions (id int)", None),
        ('create table "VESSELS" (id int); create table "AISPositions" (id int)', None),
        ("create table fleet_vessel (id int); create table fleet_vesselposition (id int)", None),
        # By their columns.
        (
            "create table craft (mmsi bigint, label text);"
            "create table fixes (mmsi bigint, base_date_time timestamp, lat real, lon real)",
            "public.craft, public.fixes",
        ),
        (
            'create table craft (imo_number text); create table fixes ("shipId" int, '
            "at timestamptz, place point) partition by range (at);"
            "create table fixes_2 partition of fixes default",
            "public.craft, public.fixes",
        ),
        (
            "create table a (x int); create view vessel as select x from a;"
            "create materialized view position_reports as select x from a",
            "public.vessel, public.position_reports",
        ),
    ],
)
def test_a_table_is_similar_by_its_name_or_by_its_columns(
    empty_url: str, ddl: str, names: str | None
) -> None:
    made(empty_url, ddl)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        migrate.migrate(empty_url)
    said = (raised.value.diag.message_primary or "").partition("are similar: ")[2]
    if names is None:
        with psycopg.connect(empty_url) as db:
            (names,) = db.execute(
                "select string_agg(format('public.%I', relname), ', ' order by oid) from pg_class"
                " where relnamespace = 'public'::regnamespace and relkind = 'r'"
            ).fetchone() or ("",)
    assert said == names


def test_only_a_missing_table_is_compared(empty_url: str) -> None:
    made(
        empty_url,
        'create table vessels (id text, mmsi text, name text, "vesselType" text, flag text,'
        " active boolean);" + PRISMA,
    )
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        migrate.migrate(empty_url)
    assert raised.value.diag.message_primary == (
        "public.vessel_positions does not exist, but these tables are similar:"
        ' public."VesselPosition"'
    )


def test_other_tables_are_not_similar(empty_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    made(
        empty_url,
        """
        create table membership (id int); create table partnerships (id int);
        create table positions (id int, title text);
        create table places (id int, lat real, lon real, created_at timestamptz);
        create table shipments (id int);
        create table vessel_types (id int, name text);
        """,
    )
    migrate.migrate(empty_url)
    assert "tables: created public.vessels, public.vessel_positions\n" in capsys.readouterr().out
    with psycopg.connect(empty_url) as db:
        assert status(db)["source tables"] == Check(
            "ok", "public.vessels and public.vessel_positions exist", None
        )
    migrate.migrate(empty_url)
    assert "tables:" not in capsys.readouterr().out


def test_create_creates_them_and_the_status_names_the_others_until_there_are_rows(
    empty_url: str,
) -> None:
    made(empty_url, PRISMA)
    output, _ = command(empty_url).communicate(timeout=60)
    assert output == f"error: {REFUSED}\n  hint: {WAY_OUT}\n"

    output, _ = command(empty_url, "migrate", "--create").communicate(timeout=60)
    assert output.splitlines()[2:4] == [
        "tables: created public.vessels, public.vessel_positions",
        'tables: not used, although similar: public."Vessel", public."VesselPosition"',
    ]
    assert output.splitlines()[-1] == f"{name_of(empty_url)} is ready"

    with psycopg.connect(empty_url, autocommit=True) as db:
        assert status(db)["source tables"] == Check(
            "warn",
            "public.vessels and public.vessel_positions are empty, but these similar tables hold"
            ' rows: public."Vessel", public."VesselPosition"',
            "If those tables hold the data to count, adopt them: vessel-activity migrate --vessels"
            " 'public.\"Vessel\"' --positions 'public.\"VesselPosition\"'.",
        )
        db.execute("insert into vessels (mmsi) values ('219000001')")
        assert status(db)["source tables"].detail == (
            "public.vessel_positions is empty, but these similar tables hold rows:"
            ' public."VesselPosition"'
        )
        db.execute('insert into vessel_positions ("vesselId", timestamp) values (1, now())')
        assert status(db)["source tables"] == Check(
            "ok", "public.vessels and public.vessel_positions exist", None
        )
        db.execute("delete from vessel_positions")  # the file keeps its size
        assert status(db)["source tables"].state == "warn"
        db.execute('truncate "VesselPosition"')
        assert status(db)["source tables"].state == "ok"


@pytest.mark.parametrize(
    ("ddl", "options"),
    [
        (PRISMA, ['public."Vessel"', 'public."VesselPosition"']),
        (
            # The MMSI is the id, and a column needs quotes.
            """
            create schema ais;
            create table ais.ship (mmsi integer primary key, "Ship Name" text, ship_type text, flag_state text);
            create table ais.ship_positions (mmsi integer, ts timestamp, lat real, lon real, sog real, cog real);
            insert into ais.ship values (219000001, 'A', 'Cargo', 'DK');
            insert into ais.ship_positions values (219000001, now() at time zone 'UTC', 1, 2, 10, 3);
            """,
            [
                "ais.ship",
                "ais.ship_positions",
                'id=mmsi,name="Ship Name",vesselType=ship_type,flag=flag_state,vesselId=mmsi,timestamp=ts,'
                "latitude=lat,longitude=lon,speed=sog,course=cog",
            ],
        ),
    ],
)  # fmt: skip
def test_the_command_of_the_hint_lets_the_tables_be_counted(
    empty_url: str, ddl: str, options: list[str]
) -> None:
    made(empty_url, ddl)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        migrate.migrate(empty_url)
    hint = raised.value.diag.message_hint or ""
    words = shlex.split(hint.partition("usual ones: ")[2].partition(". The SQL file")[0])
    assert words[:2] == ["vessel-activity", "migrate"]
    assert words[3::2] == options

    output, _ = command(empty_url, *words[1:]).communicate(timeout=60)
    assert output.splitlines()[-1] == f"{name_of(empty_url)} is ready"
    with psycopg.connect(empty_url) as db:
        assert db.execute(
            "select active_now, total_vessels, positions_last_hour from vessel_activity_realtime"
        ).fetchone() == (1, 1, 1)


def test_the_sql_file_asks_too(empty_url: str) -> None:
    made(empty_url, PRISMA)
    before = snapshot(empty_url)
    said = psql(empty_url, code=3)
    assert f"ERROR:  {REFUSED}\nHINT:  {WAY_OUT}\n" in said
    assert snapshot(empty_url) == before

    said = psql(empty_url, create="on")
    assert (
        "tables: created public.vessels, public.vessel_positions\n"
        'tables: not used, although similar: public."Vessel", public."VesselPosition"\n'
    ) in said
    said = psql(empty_url)
    assert "tables:" not in said


@pytest.mark.parametrize("sql_file", [False, True])
def test_a_dropped_source_table_is_created_again_only_if_asked(
    url: str, capsys: pytest.CaptureFixture[str], *, sql_file: bool
) -> None:
    fresh = snapshot(url)
    made(url, "drop table vessel_positions")
    if sql_file:
        said = psql(url, code=3)
        assert "ERROR:  public.vessel_positions does not exist any more\n" in said
        assert "tables: created public.vessel_positions\n" in psql(url, create="on")
    else:
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
            migrate.migrate(url)
        assert raised.value.diag.message_primary == (
            "public.vessel_positions does not exist any more"
        )
        assert raised.value.diag.message_hint == (
            "Restore the table. Or create a new empty one: run vessel-activity migrate --create,"
            " or the SQL file with psql -v create=on. Nothing was changed."
        )
        capsys.readouterr()
        migrate.migrate(url, create=True)
        assert "tables: created public.vessel_positions\n" in capsys.readouterr().out
    assert snapshot(url) == fresh
