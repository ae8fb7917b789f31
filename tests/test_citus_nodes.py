# ruff: noqa: E501, S311 - SQL reads best unbroken; nothing secret is drawn
"""The nodes of Citus follow their shards: refreshes on the coordinator are incremental, and exact.

They need a cluster, as tests/test_citus.py says. tests/test_followed_shards.py has what can be
tested without Citus.
"""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from tests.conftest import NO_CITUS
from tests.support.fleet import AS_OF, MINUTE, SECOND, last_mode, refreshed, stored
from tests.support.sources import engine_check
from tests.test_citus import (
    BY_VESSEL,
    SHAPES,
    URL,
    Cluster,
    Shape,
    Storm,
    citus,
    crash,
    exact,
    expected,
    fill,
    hand_over,
    leftovers,
    lists_areas_and_map,
    make_partitions,
    move_shards,
    refused,
    triggers,
    write_all,
)
from vessel_activity.install import migrate, rollback
from vessel_activity.install.source_names import Names

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["citus"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not URL, reason=NO_CITUS),
]

_ONE_SHARD = """
    select create_distributed_table('public.vessels', null);
    select create_distributed_table('public.vessel_positions', null, colocate_with => 'public.vessels');
    """
FOLLOWED = {
    "4 shards": SHAPES["4 shards"],
    "32 shards": SHAPES["32 shards"],
    "text ids, no time zone": SHAPES["text ids, no time zone"],
    "single shards": Shape(_ONE_SHARD),
}


def address(url: str) -> str:
    """Write an address for member_add: a URI has no place for the folder of a socket."""
    parts = conninfo_to_dict(url)
    return " ".join(f"{key}={parts[key]}" for key in ("host", "port", "dbname", "user"))


def join(db: psycopg.Connection, citus: Cluster, count: int | None = None) -> None:
    """Make nodes members of the coordinator."""
    db.execute("create extension if not exists dblink")
    for number, url in enumerate(citus.workers[:count], 1):
        db.execute("select vessel_activity_member_add(%s, %s)", (f"node_{number}", address(url)))


def follow(citus: Cluster, shape: Shape) -> None:
    """Make distributed tables with rows, whose shards the nodes follow."""
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(shape.tables().encode())
        fill(db, has_all_vessels=shape.has_all_vessels)
        hand_over(db, shape.ddl)
        migrate.migrate(citus.url, follow_shards=True)
        join(db, citus)


def node_modes(citus: Cluster) -> set[str | None]:
    """Return how each node that has shards has computed its last part."""
    modes = set()
    for url in citus.workers:
        with psycopg.connect(url, autocommit=True) as db:
            mode = db.execute(
                "select mode from vessel_activity.refresh_log where sqlstate is null"
                " and vessel_activity.followed_shards() <> '{}' order by id desc limit 1"
            ).fetchone()
            modes |= {mode[0]} if mode else set()
    return modes


def maintained(db: psycopg.Connection) -> None:
    """Do the work between refreshes, here and on the nodes."""
    db.execute("select vessel_activity.maintain()")


@pytest.mark.parametrize("shape", FOLLOWED.values(), ids=FOLLOWED)
def test_refreshes_are_incremental_on_every_node(citus: Cluster, shape: Shape) -> None:
    follow(citus, shape)
    with psycopg.connect(citus.url, autocommit=True) as db:
        exact(db, "rebuild")
        for number in range(1, 4):
            write_all(db)
            exact(db, "incremental", AS_OF + number * MINUTE)
            assert node_modes(citus) == {"incremental"}
        problems = db.execute(
            "select check_name, detail from vessel_activity_status() where state in ('fail', 'warn')"
            " and check_name not in ('freshness', 'refresher', 'pg_cron')"
        ).fetchall()
        assert problems == []


def test_nodes_write_too(citus: Cluster) -> None:
    """A worker knows all shards, so a client may write through it."""
    follow(citus, SHAPES["4 shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        exact(db, "rebuild")
        for number, url in enumerate(citus.workers, 1):
            with psycopg.connect(url, autocommit=True) as worker:
                write_all(worker)
            exact(db, "incremental", AS_OF + number * MINUTE)
            assert node_modes(citus) == {"incremental"}


def test_a_coordinator_with_shards_of_its_own(citus: Cluster) -> None:
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(
            "select citus_set_node_property(nodename, nodeport, 'shouldhaveshards', true)"
            " from pg_dist_node where groupid = 0"
        )
    follow(citus, Shape(BY_VESSEL.format(shards=6)))
    with psycopg.connect(citus.url, autocommit=True) as db:
        own = db.execute("select cardinality(vessel_activity.followed_shards())").fetchone()
        assert own is not None
        assert own[0] > 0
        exact(db, "definition")  # the triggers on its own shards come with the maintenance
        maintained(db)
        exact(db, "rebuild", AS_OF + MINUTE)
        for number in range(2, 5):
            write_all(db)
            exact(db, "incremental", AS_OF + number * MINUTE)
        with Storm(citus.url, 4) as storm:
            for number in range(10):
                refreshed(db, AS_OF + 5 * MINUTE + number * SECOND)
        assert storm.errors == []
        exact(db, "incremental", AS_OF + 6 * MINUTE)


def test_partitions_that_come_get_their_triggers(citus: Cluster) -> None:
    with psycopg.connect(citus.url, autocommit=True) as db:
        make_partitions(db)
        migrate.migrate(citus.url, follow_shards=True)
        join(db, citus)
        exact(db, "rebuild")
        write_all(db)
        exact(db, "incremental", AS_OF + MINUTE)
        assert node_modes(citus) == {"incremental"}

        db.execute(
            "create table public.later partition of public.vessel_positions"
            " for values from ('2050-03-20') to ('2050-03-24')"
        )
        write_all(db)
        exact(db, "incremental", AS_OF + 2 * MINUTE)
        assert node_modes(citus) == {"definition"}
        maintained(db)
        exact(db, "incremental", AS_OF + 3 * MINUTE)
        write_all(db)
        exact(db, "incremental", AS_OF + 4 * MINUTE)
        assert node_modes(citus) == {"incremental"}


def test_the_row_is_right_whenever_the_writers_pause(citus: Cluster) -> None:
    follow(citus, SHAPES["4 shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        exact(db, "rebuild")
        as_of = AS_OF
        for _ in range(5):
            with Storm(citus.url, 8) as storm:
                for _ in range(20):
                    as_of += SECOND
                    row = refreshed(db, as_of)
                    assert row.active_now <= row.active_last_hour <= row.active_last_24h
                    assert last_mode(db)[0] == "incremental"
            assert storm.errors == []
            assert storm.statements > 50
            as_of += MINUTE
            exact(db, "incremental", as_of)
            assert node_modes(citus) == {"incremental"}


@pytest.mark.parametrize("mode", ["block_writes", "force_logical"])
def test_shards_that_move_are_followed(citus: Cluster, mode: str) -> None:
    follow(citus, SHAPES["4 shards"])
    with (
        psycopg.connect(citus.url, autocommit=True) as db,
        psycopg.connect(citus.url, autocommit=True) as mover,
    ):
        exact(db, "rebuild")
        # A logical copy needs a key by which rows are found.
        mover.execute("alter table public.vessel_positions replica identity full")
        done: list[int] = []
        thread = threading.Thread(target=move_shards, args=(mover, mode, done))
        as_of = AS_OF
        with Storm(citus.url, 4) as storm:
            thread.start()
            while thread.is_alive():
                as_of += SECOND
                refreshed(db, as_of)  # it keeps the row while a shard is in no part or in two
                maintained(db)
            thread.join()
        assert len(done) == 3
        assert storm.errors == []
        settled(db, as_of)
        assert node_modes(citus) == {"incremental"}


def settled(db: psycopg.Connection, as_of: datetime) -> None:
    """Refresh until every node is incremental again, and compare each time."""
    for number in range(1, 5):
        exact(db, "incremental", as_of + number * MINUTE)
        maintained(db)
    write_all(db)
    exact(db, "incremental", as_of + 5 * MINUTE)


def test_shards_that_move_without_maintenance_are_counted_where_they_are(citus: Cluster) -> None:
    follow(citus, SHAPES["4 shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        exact(db, "rebuild")
        done: list[int] = []
        move_shards(db, "block_writes", done)
        write_all(db)
        exact(db, "incremental", AS_OF + MINUTE)
        assert node_modes(citus) == {"definition"}, "the shards that came have no triggers yet"
        settled(db, AS_OF + MINUTE)
        assert node_modes(citus) == {"incremental"}


def test_a_killed_worker_leaves_the_row_as_it_is(citus: Cluster) -> None:
    follow(citus, SHAPES["4 shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        exact(db, "rebuild")
        crash(citus.workers[0])

        before = stored(db)
        as_of = AS_OF + MINUTE
        for _ in range(200):
            refreshed(db, as_of)
            if stored(db) != before:
                break
            time.sleep(0.1)
        exact(db, "incremental", as_of + MINUTE)
        write_all(db)
        exact(db, "incremental", as_of + 2 * MINUTE)
        assert node_modes(citus) == {"incremental"}


def test_a_node_that_is_no_member_is_named_and_the_row_stays(citus: Cluster) -> None:
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(SHAPES["4 shards"].tables().encode())
        fill(db)
        hand_over(db, SHAPES["4 shards"].ddl)
        migrate.migrate(citus.url, follow_shards=True)
        exact(db, "definition")
        assert "migrate --nodes" in engine_check(db)[2]
        before = stored(db)

        join(db, citus, 1)
        refreshed(db, AS_OF + MINUTE)
        assert stored(db) == before
        row = db.execute(
            "select message from vessel_activity.refresh_log order by id desc limit 1"
        ).fetchone()
        assert row is not None
        port = conninfo_to_dict(citus.workers[1])["port"]
        assert f":{port} is counted by no member" in row[0]
        assert "_1" in row[0]

        db.execute("select vessel_activity_member_remove('node_1'::text)")
        exact(db, "definition", AS_OF + 2 * MINUTE)
        join(db, citus)
        exact(db, "rebuild", AS_OF + 3 * MINUTE)
        write_all(db)
        exact(db, "incremental", AS_OF + 4 * MINUTE)


def test_tables_that_can_not_be_followed_stay_with_the_definition(citus: Cluster) -> None:
    shape = SHAPES["vessels a reference table"]
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(shape.tables().encode())
        fill(db)
        hand_over(db, shape.ddl)
        migrate.migrate(citus.url, follow_shards=True)

        exact(db, "definition")
        assert leftovers(citus) == []
        assert "a source table is a reference table" in engine_check(db)[2]


def test_a_rollback_reaches_every_node(citus: Cluster) -> None:
    follow(citus, SHAPES["4 shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        before = expected(db)
        rollback.rollback(citus.url)
        assert expected(db) == before
        assert triggers(citus) == 0
        assert leftovers(citus) == []
        write_all(db)


def test_tables_under_other_names_are_followed(citus: Cluster) -> None:
    with psycopg.connect(citus.url, autocommit=True) as db:
        db.execute(
            """
            create schema ais;
            create table ais."Vessel" (id bigint primary key, mmsi text, name text, "vesselType" text, flag text);
            create table ais.fixes (id bigserial, vessel_id bigint not null, ts timestamptz(3) not null,
              lat float8, lon float8, sog integer, course real, primary key (vessel_id, id));
            insert into ais."Vessel" (id, mmsi, flag) select n, n, 'F' || n % 3 from generate_series(1, 40) as n;
            """
        )
        hand_over(
            db,
            "set citus.shard_count = 4; select create_distributed_table('ais.\"Vessel\"', 'id');"
            " select create_distributed_table('ais.fixes', 'vessel_id', colocate_with => 'ais.\"Vessel\"')",
        )
        migrate.migrate(
            citus.url,
            names=Names(
                'ais."Vessel"',
                "ais.fixes",
                "vesselId=vessel_id,timestamp=ts,latitude=lat,longitude=lon,speed=sog/10",
            ),
            follow_shards=True,
        )
        join(db, citus)
        random = Random(1)
        for number in range(4):
            as_of = AS_OF + number * MINUTE
            for _ in range(10):
                db.execute(
                    "insert into ais.fixes (vessel_id, ts, sog) values (%s, %s, %s)",
                    (random.randrange(1, 50), as_of - random.randrange(600) * SECOND, 123),
                )
            row = refreshed(db, as_of)
            assert (row.active_now, row.active_last_24h, row.positions_last_hour) == db.execute(
                "select count(distinct vessel_id) filter (where ts >= %(at)s - interval '5 minutes'),"
                " count(distinct vessel_id), count(*) from ais.fixes where ts <= %(at)s",
                {"at": as_of},
            ).fetchone()
            assert (float(row.speed_avg), row.total_vessels) == (12.3, 40)
        assert node_modes(citus) == {"incremental"}


def test_a_migrate_reaches_the_members_again(citus: Cluster) -> None:
    follow(citus, SHAPES["4 shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        exact(db, "rebuild")
        for url in citus.workers:
            with psycopg.connect(url, autocommit=True) as worker:
                worker.execute("drop function vessel_activity.member_maintain()")
        migrate.migrate(citus.url)
        for url in citus.workers:
            with psycopg.connect(url, autocommit=True) as worker:
                assert worker.execute(
                    "select to_regprocedure('vessel_activity.member_maintain()') is not null"
                ).fetchone() == (True,)
        write_all(db)
        exact(db, "incremental", AS_OF + timedelta(days=1))


def test_lists_areas_and_the_map_work(citus: Cluster) -> None:
    follow(citus, SHAPES["4 shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        exact(db, "rebuild")
        lists_areas_and_map(db, "incremental", documents=2)


def test_what_citus_can_not_do_is_refused_by_name(citus: Cluster) -> None:
    follow(citus, SHAPES["4 shards"])
    with psycopg.connect(citus.url, autocommit=True) as db:
        refused(db)
