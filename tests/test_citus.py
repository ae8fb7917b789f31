# ruff: noqa: S311, S608 - SQL texts, made of constants and numbers; nothing secret is drawn
"""On Citus the figures are exact in every configuration, and writers never fail.

These tests need a cluster, so they run only if VESSEL_ACTIVITY_CITUS_URL names a database on a
coordinator with at least two workers, as a superuser who may connect to every node. Each test makes
databases of its own there. tests/test_sources_refused.py has what can be tested without Citus.
"""

from __future__ import annotations

import os
import threading
import time
import uuid
from contextlib import contextmanager
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING, NamedTuple, Self

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from tests.conftest import NO_CITUS
from tests.support.fleet import (
    AS_OF,
    HOUR,
    MINUTE,
    SECOND,
    definition,
    last_mode,
    refreshed,
    stored,
)
from tests.support.sources import engine_check, maintained
from tests.test_sql_file import psql
from vessel_activity.install import migrate, rollback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

URL = os.environ.get("VESSEL_ACTIVITY_CITUS_URL", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not URL, reason=NO_CITUS),
]

_TABLES = """
    create table public.vessels (
      id {id} not null, mmsi text, name text, "vesselType" text, flag text,
      active boolean not null default true, primary key (id));
    create table public.vessel_positions (
      id bigserial, "vesselId" {id} not null, "timestamp" {time} not null,
      latitude double precision, longitude double precision, speed {speed}, course real,
      primary key ({key}));
    """
BY_VESSEL = """
    set citus.shard_count = {shards};
    select create_distributed_table('public.vessels', 'id');
    select create_distributed_table(
      'public.vessel_positions', 'vesselId', colocate_with => 'public.vessels');
    """
_BY_POSITION = """
    set citus.shard_count = 4;
    select create_distributed_table('public.vessels', 'id');
    select create_distributed_table('public.vessel_positions', 'id', colocate_with => 'none');
    """
_REFERENCE = """
    select create_reference_table('public.vessels');
    select create_reference_table('public.vessel_positions');
    """
_VESSELS_REFERENCE = """
    set citus.shard_count = 4;
    select create_reference_table('public.vessels');
    select create_distributed_table('public.vessel_positions', 'vesselId');
    """
# The foreign key makes Citus manage the positions without being asked.
_MANAGED = """
    alter table public.vessel_positions
      add constraint of_vessel foreign key ("vesselId") references public.vessels (id);
    select create_reference_table('public.vessels');
    """
_SINGLE_SHARD = """
    select create_distributed_table('public.vessels', null);
    select create_distributed_table('public.vessel_positions', null, colocate_with => 'none');
    """
_POSITIONS_ONLY = """
    set citus.shard_count = 4;
    select create_distributed_table('public.vessel_positions', 'vesselId');
    """
_VESSELS_ONLY = "select create_reference_table('public.vessels');"


class Shape(NamedTuple):
    """How the source tables are made and handed to Citus, and how a refresh computes then."""

    ddl: str
    id: str = "bigint"
    time: str = "timestamptz"
    speed: str = "double precision"
    key: str = '"vesselId", id'
    has_all_vessels: bool = False

    def tables(self) -> str:
        """Return the DDL of ordinary tables."""
        return _TABLES.format(id=self.id, time=self.time, speed=self.speed, key=self.key)


SHAPES = {
    "4 shards": Shape(BY_VESSEL.format(shards=4)),
    "32 shards": Shape(BY_VESSEL.format(shards=32)),
    "text ids, no time zone": Shape(
        BY_VESSEL.format(shards=4), id="text", time="timestamp", speed="numeric"
    ),
    "vessels in several shards": Shape(_BY_POSITION, key="id"),
    "reference tables": Shape(_REFERENCE),
    "vessels a reference table": Shape(_VESSELS_REFERENCE, speed="real"),
    "managed by itself": Shape(_MANAGED, has_all_vessels=True),
    "single shards": Shape(_SINGLE_SHARD),
    "positions only": Shape(_POSITIONS_ONLY),
    "vessels only": Shape(_VESSELS_ONLY),
}


class Cluster(NamedTuple):
    """A database on the coordinator, and the same on each worker."""

    url: str
    workers: list[str]


def _in_database(url: str, name: str) -> str:
    return make_conninfo(url, dbname=name)


@contextmanager
def cluster() -> Iterator[Cluster]:
    """Make a database on every node of the cluster, and drop it afterwards."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(URL) as db:
        nodes = db.execute(
            "select nodename, nodeport, groupid from pg_dist_node"
            " where noderole = 'primary' and isactive order by groupid"
        ).fetchall()
    urls = [make_conninfo(URL, host=host, port=port) for host, port, group in nodes if group > 0]
    servers = [URL, *urls]
    local = "set citus.enable_create_database_propagation = off"
    try:
        for url in servers:
            with psycopg.connect(url, autocommit=True) as db:
                db.execute(local)
                db.execute(f"create database {name}")
            with psycopg.connect(_in_database(url, name)) as db:
                db.execute("create extension citus")
        with psycopg.connect(_in_database(URL, name), autocommit=True) as db:
            for host, port, group in nodes:
                add = "citus_set_coordinator_host" if group == 0 else "citus_add_node"
                db.execute(f"select {add}(%s, %s)", (host, port))
        yield Cluster(_in_database(URL, name), [_in_database(url, name) for url in urls])
    finally:
        for url in servers:
            with psycopg.connect(url, autocommit=True) as db:
                db.execute(local)
                db.execute(f"drop database if exists {name} with (force)")


@pytest.fixture
def citus() -> Iterator[Cluster]:
    """Give an empty database on every node."""
    with cluster() as made:
        yield made


_TYPES = ["Cargo", "Tanker", None, "  ", "Tug"]


def fill(db: psycopg.Connection, *, has_all_vessels: bool = False) -> None:
    """Write vessels and positions of all ages.

    has_all_vessels: else every seventh vessel has positions, but no row in public.vessels.
    """
    vessel = f"%s::text::{_id_type(db)}"
    at = "%s" if _has_zone(db) else "%s at time zone 'UTC'"
    with db.cursor() as cursor:
        cursor.executemany(
            'insert into public.vessels (id, mmsi, name, "vesselType", flag, active)'
            f" values ({vessel}, %s, %s, %s, %s, %s)",
            [
                (str(n), str(n), f"Ship {n}", _TYPES[n % 5], ["NO", "SE", ""][n % 3], n % 6 > 0)
                for n in range(1, 61)
                if n % 7 or has_all_vessels
            ],
        )
        rows: list[tuple[object, ...]] = []
        for n in range(1, 61):
            ages = [timedelta(seconds=97 * n % 340), timedelta(minutes=7 * n % 130)]
            ages += [timedelta(hours=n % 26), -timedelta(seconds=n % 9 * 20 + 1)]
            rows += [
                (str(n), AS_OF - age, str(n % 52 + n % 10 / 10), 60 + n % 5, 5 + n % 11)
                for age in ages
            ]
        rows.append(("1", AS_OF - MINUTE, "NaN", 1, 1))
        rows.append(("1", AS_OF - MINUTE, None, 91, None))
        cursor.executemany(
            'insert into public.vessel_positions ("vesselId", "timestamp", speed, latitude,'
            f" longitude) values ({vessel}, {at}, %s, %s, %s)",
            rows,
        )


def _column_type(db: psycopg.Connection, table: str, column: str) -> str:
    row = db.execute(
        "select format_type(atttypid, -1) from pg_attribute"
        " where attrelid = %s::regclass and attname = %s",
        (f"public.{table}", column),
    ).fetchone()
    assert row is not None
    return str(row[0])


def _id_type(db: psycopg.Connection) -> str:
    return _column_type(db, "vessels", "id")


def _has_zone(db: psycopg.Connection) -> bool:
    return _column_type(db, "vessel_positions", "timestamp") == "timestamp with time zone"


_FIGURES = """
    select
      count(distinct "vesselId") filter (where timestamp >= at - interval '5 minutes'),
      count(distinct "vesselId") filter (where timestamp >= at - interval '1 hour'),
      count(distinct "vesselId"),
      count(*) filter (where timestamp >= at - interval '1 hour'),
      coalesce(round(avg(speed::numeric) filter (
        where timestamp >= at - interval '1 hour' and speed > 0 and speed < 50), 2), 0)
    from (
      select p."vesselId", p.timestamp, p.speed, {at} as at from public.vessel_positions as p
      where p.timestamp >= {at} - interval '24 hours' and p.timestamp <= {at}
    ) as p
    """
_FLEET = """
    select coalesce(nullif(btrim("vesselType"), ''), 'Unknown'), count(*)
    from public.vessels where active group by 1
    """


def expected(db: psycopg.Connection, as_of: datetime = AS_OF) -> tuple[object, ...]:
    """Compute the figures by plain SQL through Citus: (now, hour, day, positions, speed, types)."""
    at = f"'{as_of:%Y-%m-%d %H:%M:%S.%f}+00'::timestamptz"
    if not _has_zone(db):
        at = f"'{as_of:%Y-%m-%d %H:%M:%S.%f}'::timestamp"
    row = db.execute(_FIGURES.format(at=at).encode()).fetchone()
    assert row is not None
    types: dict[str, int] = dict(db.execute(_FLEET).fetchall())
    return (*row, types)


def exact(db: psycopg.Connection, mode: str, as_of: datetime = AS_OF) -> None:
    """Refresh, and compare with plain SQL and with the definition."""
    figures = refreshed(db, as_of)
    told = (
        figures.active_now, figures.active_last_hour, figures.active_last_24h,
        figures.positions_last_hour, figures.speed_avg, dict(figures.vessel_types),
    )  # fmt: skip
    assert told == expected(db, as_of)
    assert figures.total_vessels == sum(dict(figures.vessel_types).values())
    assert figures == definition(db, as_of)
    assert last_mode(db)[0] == mode, last_mode(db)
    assert db.execute(
        "select details_error from vessel_activity.refresh_log order by id desc limit 1"
    ).fetchone() == (None,)
    row = db.execute("select body, as_of from vessel_activity.activity").fetchone()
    assert row is not None
    assert row[1] == as_of, "the document was not due"
    assert sum(group["activeLast24h"] for group in row[0]["types"]) == figures.active_last_24h


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_tables_that_citus_manages_before_the_migrate(citus: Cluster, shape: Shape) -> None:
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(shape.tables().encode())
        fill(db, has_all_vessels=shape.has_all_vessels)
        for statement in filter(str.strip, shape.ddl.split(";")):
            db.execute(statement.encode())
        migrate.migrate(citus.url)

        exact(db, "definition")
        write_all(db)
        exact(db, "definition", AS_OF + MINUTE)

        assert "is managed by Citus" in (last_mode(db)[1] or "")
        assert "managed by Citus" in engine_check(db)[1]
        states = db.execute(
            "select check_name, detail from vessel_activity_status() where state = 'fail'"
            " and check_name not in ('freshness', 'refresher')"
        ).fetchall()
        assert states == []
        assert leftovers(citus) == []


_PARTITIONS = """
    create table public.day_12 partition of public.vessel_positions
      for values from ('2050-03-12') to ('2050-03-13');
    create table public.day_13 partition of public.vessel_positions
      for values from ('2050-03-13') to ('2050-03-14');
    create table public.rest partition of public.vessel_positions default;
    """


def make_partitions(db: psycopg.Connection) -> None:
    """Make positions that are distributed and partitioned by time, with rows."""
    tables = Shape("", key='"vesselId", id, "timestamp"').tables()
    db.execute(tables.rstrip().removesuffix(";").encode() + b' partition by range ("timestamp")')
    db.execute(_PARTITIONS)
    fill(db)
    hand_over(db, BY_VESSEL.format(shards=4))


def test_tables_that_are_distributed_and_partitioned_by_time(citus: Cluster) -> None:
    with psycopg.connect(citus.url, autocommit=True) as db:
        make_partitions(db)
        migrate.migrate(citus.url)

        exact(db, "definition")
        write_all(db)
        db.execute(
            "create table public.later partition of public.vessel_positions"
            " for values from ('2050-03-20') to ('2050-03-24')"
        )
        exact(db, "definition", AS_OF + MINUTE)
        assert db.execute(
            "select state from vessel_activity_status() where check_name like 'index%'"
        ).fetchall() == [("ok",), ("ok",)]


_VIEWS = """
    create schema ais;
    alter table public.vessels set schema ais;
    alter table public.vessel_positions set schema ais;
    {hand_over}
    create view public.vessels as select * from ais.vessels;
    create view public.vessel_positions as select * from ais.vessel_positions;
    """


@pytest.mark.parametrize(
    "ddl",
    [
        "select citus_schema_distribute('ais');",
        BY_VESSEL.format(shards=4).replace("public", "ais"),
    ],
    ids=["schema sharding", "4 shards"],
)
def test_views_of_tables_that_citus_manages(citus: Cluster, ddl: str) -> None:
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(Shape("").tables().encode())
        fill(db)
        hand_over(db, _VIEWS.format(hand_over=ddl))
        migrate.migrate(citus.url)

        exact(db, "definition")
        db.execute(
            'insert into ais.vessel_positions ("vesselId", "timestamp", speed) values (8, %s, 9)',
            (AS_OF,),
        )
        db.execute('delete from ais.vessel_positions where "vesselId" = 9')
        db.execute("update ais.vessels set active = not active where id < 20")
        exact(db, "definition", AS_OF + MINUTE)
        assert leftovers(citus) == []


def write_all(db: psycopg.Connection) -> None:
    """Insert, update, upsert, delete and copy, in one transaction and outside of any."""
    id_type = _id_type(db)
    at = "%s" if _has_zone(db) else "%s at time zone 'UTC'"
    insert = (
        'insert into public.vessel_positions ("vesselId", "timestamp", speed, latitude, longitude)'
        f" values (%s::text::{id_type}, {at}, 7.7, 1, 2)"
    )
    db.execute(insert, ("8", AS_OF))
    with db.transaction():
        db.execute(insert, ("3", AS_OF - SECOND))
        db.execute(insert, ("4", AS_OF - SECOND))
        db.execute("update public.vessels set flag = 'DK' where flag = 'NO'")
        db.execute("update public.vessels set active = not active where name like 'Ship 1%'")
    db.execute("update public.vessel_positions set speed = 3.3 where speed > 30")
    db.execute(
        f"delete from public.vessel_positions where \"vesselId\" = '5'::text::{id_type}".encode()
    )
    db.execute(
        f"insert into public.vessels (id, active) values ('3'::text::{id_type}, true)"
        " on conflict (id) do update set active = not vessels.active".encode()
    )
    with db.cursor().copy(
        'copy public.vessel_positions ("vesselId", "timestamp", speed) from stdin'
    ) as copy:
        for n in range(20, 40):
            copy.write_row((n, f"{AS_OF - n * MINUTE:%Y-%m-%d %H:%M:%S}+00", n / 10))


def leftovers(citus: Cluster) -> list[tuple[str, ...]]:
    """Return what vessel activity has left on the workers."""
    found = []
    for url in citus.workers:
        with psycopg.connect(url) as db:
            found += db.execute(
                "select nspname from pg_namespace where nspname like 'vessel%'"
            ).fetchall()
    return found


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_tables_that_citus_takes_over_after_the_migrate(citus: Cluster, shape: Shape) -> None:
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(shape.tables().encode())
        migrate.migrate(citus.url)
        fill(db, has_all_vessels=shape.has_all_vessels)
        exact(db, "incremental")

        # Citus refuses to distribute tables with triggers, so they go in the same transaction.
        with db.transaction():
            db.execute("select vessel_activity.remove_triggers()")
            for statement in filter(str.strip, shape.ddl.split(";")):
                db.execute(statement.encode())
        exact(db, "definition", AS_OF + MINUTE)
        write_all(db)
        exact(db, "definition", AS_OF + 2 * MINUTE)
        for _ in range(2):
            db.execute("select vessel_activity.maintain()")
            assert db.execute("select * from vessel_activity.install_triggers()").fetchall() == []
        write_all(db)
        exact(db, "definition", AS_OF + 3 * MINUTE)
        migrate.migrate(citus.url)
        exact(db, "definition", AS_OF + 4 * MINUTE)
        assert leftovers(citus) == []


@pytest.mark.parametrize("name", ["4 shards", "managed by itself"])
def test_tables_that_citus_gives_back_are_folded_again(citus: Cluster, name: str) -> None:
    prepared(citus, SHAPES[name])
    with psycopg.connect(citus.url, autocommit=True) as db:
        exact(db, "definition")
        db.execute("select undistribute_table('public.vessels', cascade_via_foreign_keys => true)")
        if name == "4 shards":
            exact(db, "definition", AS_OF + MINUTE)
            db.execute("select undistribute_table('public.vessel_positions')")
        maintained(db)

        exact(db, "rebuild", AS_OF + 2 * MINUTE)
        write_all(db)
        exact(db, "incremental", AS_OF + 3 * MINUTE)
        assert leftovers(citus) == []


@pytest.mark.parametrize("way", ["command", "file"])
def test_a_migrate_keeps_its_tables_out_of_the_hands_of_citus(citus: Cluster, way: str) -> None:
    with psycopg.connect(citus.url, autocommit=True) as db:
        name = sql.Identifier(db.info.dbname)
        for setting in ("use_citus_managed_tables", "enable_schema_based_sharding"):
            db.execute(
                sql.SQL("alter database {} set {} = on").format(
                    name, sql.Identifier("citus", setting)
                )
            )
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(Shape("").tables().encode())  # Citus manages both by itself
        fill(db)
        hand_over(db, BY_VESSEL.format(shards=4))
        if way == "file":
            assert psql(citus.url).splitlines()[-1] == "vessel activity is installed"
        else:
            migrate.migrate(citus.url)

        exact(db, "definition")
        assert db.execute(
            "select logicalrelid::text from pg_dist_partition order by 1"
        ).fetchall() == [("vessel_positions",), ("vessels",)]
        indexes = db.execute(
            "select count(*) from run_command_on_shards('public.vessel_positions',"
            " $$select count(*) from pg_index where indrelid = '%s'::regclass and indisvalid$$)"
            " where success and result = '3'"
        ).fetchone()
        assert indexes == (4,)
        assert leftovers(citus) == []


def hand_over(db: psycopg.Connection, ddl: str) -> None:
    """Let Citus take the tables over, statement by statement."""
    for statement in filter(str.strip, ddl.split(";")):
        db.execute(statement.encode())


def prepared(citus: Cluster, shape: Shape) -> None:
    """Make tables that Citus manages, fill them and migrate."""
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(shape.tables().encode())
        fill(db, has_all_vessels=shape.has_all_vessels)
        hand_over(db, shape.ddl)
    migrate.migrate(citus.url)


@pytest.mark.parametrize("name", ["managed by itself", "4 shards", "reference tables"])
def test_triggers_that_citus_copies_to_the_shards_break_no_writer(
    citus: Cluster, name: str
) -> None:
    shape = SHAPES[name]
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(shape.tables().encode())
        migrate.migrate(citus.url)
        fill(db, has_all_vessels=True)
        exact(db, "incremental")
        # Only with this setting does Citus take tables with triggers.
        db.execute("set citus.enable_unsafe_triggers = on")
        hand_over(db, shape.ddl)

        write_all(db)
        exact(db, "definition", AS_OF + MINUTE)
        assert db.execute("select * from vessel_activity.install_triggers()").fetchall() == []
        assert triggers(citus) == 0
        write_all(db)
        exact(db, "definition", AS_OF + 2 * MINUTE)


def triggers(citus: Cluster) -> int:
    """Count the triggers of vessel activity on all nodes."""
    count = 0
    for url in [citus.url, *citus.workers]:
        with psycopg.connect(url) as db:
            row = db.execute(
                "select count(*) from pg_trigger where tgname like 'vessel_activity%'"
            ).fetchone()
            assert row is not None
            count += row[0]
    return count


@pytest.mark.parametrize("name", ["managed by itself", "4 shards", "reference tables"])
def test_a_rollback_leaves_nothing_on_any_node(citus: Cluster, name: str) -> None:
    shape = SHAPES[name]
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(shape.tables().encode())
        migrate.migrate(citus.url)
        fill(db, has_all_vessels=True)
        db.execute("set citus.enable_unsafe_triggers = on")
        hand_over(db, shape.ddl)
        migrate.migrate(citus.url)
        before = expected(db)

        rollback.rollback(citus.url)

        assert expected(db) == before
        assert triggers(citus) == 0
        assert leftovers(citus) == []
        write_all(db)
        assert db.execute(
            "select count(*) from pg_class where relname like 'vessel_activity%'"
        ).fetchone() == (0,)
        counts = [
            (row[0], row[1])
            for row in db.execute(
                "select success, result from run_command_on_all_nodes("
                "$$select count(*) from pg_class where relname like 'vessel_activity%'$$)"
            ).fetchall()
        ]
        assert set(counts) == {(True, "0")}


def test_what_citus_can_not_do_is_refused_by_name(citus: Cluster) -> None:
    prepared(citus, SHAPES["4 shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        refused(db)


def refused(db: psycopg.Connection) -> None:
    """Try to file reports, and to fill the history."""
    for call, what in [
        ("vessel_activity.load_start('x')", "to file reports"),
        (
            "vessel_activity.feed_start(gen_random_uuid(), 'host', 1, '1')",
            "to file reports",
        ),
        (
            "vessel_activity_backfill_history(now() - interval '1 day', now())",
            "to fill the history",
        ),
    ]:
        with pytest.raises(psycopg.errors.FeatureNotSupported, match=what) as refusal:
            db.execute(f"select {call}")
        assert "public.vessels is managed by Citus" in str(refusal.value)


def test_lists_areas_and_the_map_work(citus: Cluster) -> None:
    prepared(citus, SHAPES["vessels in several shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        lists_areas_and_map(db, "definition")


def lists_areas_and_map(db: psycopg.Connection, mode: str, *, documents: int = 1) -> None:
    """Compare the vessels in an area with plain SQL.

    documents: how many refreshes it takes until the area is counted.
    """
    db.execute(
        """
        select vessel_activity_area_put('Here'::text, '{"type": "Polygon", "coordinates":
          [[[4.5, 59.5], [9.5, 59.5], [9.5, 65], [4.5, 65], [4.5, 59.5]]]}'::jsonb)
        """
    )
    for number in range(documents):
        at = AS_OF + (number + 1) * MINUTE
        exact(db, mode, at)
    here = db.execute(
        """
        select count(*) from (
          select distinct on ("vesselId") latitude, longitude from public.vessel_positions
          where timestamp <= %s and timestamp >= %s
          order by "vesselId", timestamp desc, speed desc nulls last
        ) as l where l.latitude between 60 and 64 and l.longitude between 5 and 9
        """,
        (at, at - 24 * HOUR),
    ).fetchone()
    assert here is not None
    assert here[0] > 5

    listed = db.execute(
        "select vessel_activity.vessels_json(null, null, '24h', 'any', null, 'Here', 'name',"
        " 'asc', null, 200)::json"
    ).fetchone()
    assert listed is not None
    assert (listed[0]["count"], len(listed[0]["vessels"])) == (here[0], here[0])
    row = db.execute("select body -> 'areas' from vessel_activity.activity").fetchone()
    assert row is not None
    assert [(area["name"], area["activeLast24h"]) for area in row[0]] == [("Here", here[0])]
    grid = db.execute("select vessel_activity.grid_json(1, null, '24h')::json").fetchone()
    assert grid is not None
    assert (grid[0]["vessels"],) == db.execute(
        """
        select count(*) from (
          select distinct on ("vesselId") latitude, longitude from public.vessel_positions
          where timestamp <= %s and timestamp >= %s
          order by "vesselId", timestamp desc, speed desc nulls last
        ) as l where l.latitude between -90 and 90 and l.longitude between -180 and 180
        """,
        (at, at - 24 * HOUR),
    ).fetchone()


def test_arrivals_and_last_reports_are_as_on_one_node() -> None:
    """The same rows, once in shards and once in ordinary tables, give the same reports."""
    answers = []
    for name in ("plain", "4 shards", "vessels in several shards"):
        with cluster() as made:
            shape = SHAPES.get(name) or Shape("")
            prepared(made, shape)
            with psycopg.connect(made.url, autocommit=True) as db:
                answers.append(
                    db.execute(
                        "select array_agg(l order by l.vessel_id), count(l.arrived_at)"
                        " from vessel_activity.last_reports_at(%s) as l",
                        (AS_OF,),
                    ).fetchone()
                )
    assert answers[0] is not None
    assert answers[0][1] > 3
    assert answers == [answers[0]] * 3


class Storm:
    """Writers that change positions and vessels at random until they are told to stop."""

    def __init__(self, url: str, writers: int) -> None:
        """Remember what to write to."""
        self._url = url
        self._stop = threading.Event()
        self._threads = [
            threading.Thread(target=self._write, args=(seed,)) for seed in range(writers)
        ]
        self.errors: list[psycopg.Error] = []
        self.statements = 0

    def __enter__(self) -> Self:
        """Start the writers."""
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop them, and wait for them."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _write(self, seed: int) -> None:
        random = Random(seed)
        with psycopg.connect(self._url, autocommit=True) as db:
            while not self._stop.is_set():
                try:
                    db.execute(self._change(random).encode())
                    self.statements += 1
                except psycopg.Error as error:
                    self.errors.append(error)
                    return

    def _change(self, random: Random) -> str:
        vessel = random.randrange(1, 200)
        age = random.choice([0, 1, 200, 299, 301, 3000, 3601, 80_000])
        at = f"'{AS_OF - age * SECOND}'"
        speed = random.choice(["null", "0.1", "12.34", "7.3", "60"])
        insert = 'insert into public.vessel_positions ("vesselId", timestamp, speed)'
        series = f"generate_series({vessel}, {vessel + 20})"
        update = f"update public.vessel_positions set speed = {speed}"
        one = f'where "vesselId" = {vessel}'
        fleet = f"insert into public.vessels (id, flag) values ({vessel}, 'NO')"
        return random.choice(
            [
                f"{insert} select v, {at}, {speed} from {series} as v",
                f"{insert} values ({vessel}, {at}, {speed})",
                f"{update} {one}",
                f"delete from public.vessel_positions {one}",
                f"{fleet} on conflict (id) do update set active = not vessels.active",
            ]
        )


@pytest.mark.parametrize("name", ["4 shards", "vessels in several shards", "reference tables"])
def test_the_row_is_right_whenever_the_writers_pause(citus: Cluster, name: str) -> None:
    prepared(citus, SHAPES[name])
    with psycopg.connect(citus.url, autocommit=True) as db:
        as_of = AS_OF
        for _ in range(3):
            with Storm(citus.url, 8) as storm:
                for _ in range(4):
                    as_of += SECOND
                    row = refreshed(db, as_of)
                    assert row.active_now <= row.active_last_hour <= row.active_last_24h
            assert storm.errors == []
            assert storm.statements > 50
            as_of += MINUTE
            exact(db, "definition", as_of)


def move_shards(db: psycopg.Connection, mode: str, done: list[int]) -> None:
    """Move three shards of vessels, and the positions with them, to another node each."""
    moves = db.execute(
        """
        select s.shardid, a.nodename, a.nodeport, b.nodename, b.nodeport
        from pg_dist_shard as s
        join pg_dist_placement as p on p.shardid = s.shardid
        join pg_dist_node as a on a.groupid = p.groupid
        join pg_dist_node as b on b.groupid > 0 and b.groupid <> a.groupid
        where s.logicalrelid = 'public.vessels'::regclass
        order by s.shardid, b.groupid
        """
    ).fetchall()
    assert len(moves) >= 4
    for shard, *nodes in moves[:3]:
        db.execute(
            "select citus_move_shard_placement(%s, %s, %s, %s, %s, %s)", (shard, *nodes, mode)
        )
        done.append(shard)


@pytest.mark.parametrize("mode", ["block_writes", "force_logical"])
def test_shards_that_move_are_followed(citus: Cluster, mode: str) -> None:
    prepared(citus, SHAPES["4 shards"])
    with (
        psycopg.connect(citus.url, autocommit=True) as db,
        psycopg.connect(citus.url, autocommit=True) as mover,
    ):
        # A logical copy needs a key by which rows are found.
        mover.execute("alter table public.vessel_positions replica identity full")
        done: list[int] = []
        as_of = AS_OF
        thread = threading.Thread(target=move_shards, args=(mover, mode, done))
        with Storm(citus.url, 4) as storm:
            thread.start()
            while thread.is_alive():
                as_of += SECOND
                try:
                    refreshed(db, as_of)
                except (psycopg.errors.ObjectInUse, psycopg.errors.ExternalRoutineException):
                    continue  # said by name; the row stays as it is
            thread.join()
        assert len(done) == 3
        assert storm.errors == []
        exact(db, "definition", as_of + MINUTE)


def crash(url: str) -> None:
    """Crash the server of a worker, which starts again by itself."""
    with pytest.raises(psycopg.OperationalError), psycopg.connect(url) as worker:
        worker.execute("copy (select 1) to program 'kill -9 $PPID'")


def test_a_killed_worker_leaves_the_row_as_it_is(citus: Cluster) -> None:
    prepared(citus, SHAPES["4 shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        exact(db, "definition")
        before = stored(db)
        crash(citus.workers[0])

        errors = 0
        as_of = AS_OF + MINUTE
        for _ in range(200):
            try:
                refreshed(db, as_of)
                break
            except psycopg.Error:
                errors += 1
                assert stored(db) == before
                time.sleep(0.1)
        exact(db, "definition", as_of + MINUTE)
        write_all(db)
        exact(db, "definition", as_of + 2 * MINUTE)


def test_a_node_that_can_not_be_reached_is_named(citus: Cluster) -> None:
    prepared(citus, SHAPES["4 shards"])
    with (
        psycopg.connect(citus.url, autocommit=True) as db,
        psycopg.connect(_in_database(citus.workers[1], "postgres"), autocommit=True) as server,
    ):
        exact(db, "definition")
        before = stored(db)
        name = sql.Identifier(db.info.dbname)
        server.execute(sql.SQL("alter database {} allow_connections false").format(name))
        server.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s",
            (db.info.dbname,),
        )
        for _ in range(2):
            with pytest.raises(psycopg.Error) as failure:
                refreshed(db, AS_OF + MINUTE)
            assert str(server.info.port) in str(failure.value)
            assert stored(db) == before

        server.execute(sql.SQL("alter database {} allow_connections true").format(name))
        exact(db, "definition", AS_OF + MINUTE)


def test_rows_that_would_be_hidden_are_an_error(citus: Cluster) -> None:
    prepared(citus, SHAPES["4 shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        role = f"owner_{uuid.uuid4().hex[:8]}"
        db.execute(f"create role {role}")
        try:
            db.execute(f"grant all on all tables in schema public to {role}")
            db.execute(f"grant usage on schema vessel_activity to {role}")
            db.execute(f"grant execute on all functions in schema vessel_activity to {role}")
            db.execute(f"grant select on all tables in schema vessel_activity to {role}")
            db.execute("alter table public.vessel_positions enable row level security")
            with db.transaction(force_rollback=True):
                db.execute(f"set local role {role}")
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level"):
                    db.execute("select vessel_activity.part_at(%s)", (AS_OF,))
        finally:
            db.execute(f"drop owned by {role}")
            db.execute(f"drop role {role}")
        with db.transaction(force_rollback=True):
            db.execute("set transaction isolation level repeatable read")
            with pytest.raises(psycopg.errors.InvalidTransactionState, match="REPEATABLE READ"):
                db.execute("select vessel_activity.part_at(%s)", (AS_OF,))
