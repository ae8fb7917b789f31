# ruff: noqa: S311, S608 - SQL texts, made of constants and numbers; nothing secret is drawn
"""Nodes follow their shards, and the coordinator adds their parts up, or says what is missing.

Citus has no package, so a stand-in takes its place: three databases, a coordinator and two workers,
each with the catalog of Citus; shards are ordinary tables there. tests/test_citus_nodes.py runs on
a real cluster.
"""

from __future__ import annotations

from decimal import Decimal
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest

from tests.conftest import cloned
from tests.support.fleet import AS_OF, MINUTE, SECOND, last_mode, refreshed, stored
from tests.support.members import check, databases, join
from tests.support.sources import engine_check
from tests.test_shards import STAND_IN
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from vessel_activity.database.local_server import LocalServer

_NODES = ["coordinator", "one", "two"]
_SHARDS = (1, 2, 3, 4)
# A table on the coordinator and on every other node, empty, as Citus keeps one everywhere.
_DISTRIBUTED = """
    create trigger truncate_trigger_1 after truncate on public.vessels
      for each statement execute function public.citus_truncate_trigger();
    create trigger truncate_trigger_2 after truncate on public.vessel_positions
      for each statement execute function public.citus_truncate_trigger();
    insert into pg_dist_partition (logicalrelid, partmethod, partkey) values
      ('public.vessels', 'h', 'id'), ('public.vessel_positions', 'h', 'vesselId');
    insert into pg_dist_shard
      select 'public.vessels', 10 + s from generate_series(1, 4) as s
      union all select 'public.vessel_positions', 20 + s from generate_series(1, 4) as s;
    insert into pg_dist_placement
      select shardid, 1, 1 + shardid % 2 from pg_dist_shard;
    """
_FIGURES = """
    select
      count(distinct "vesselId") filter (where timestamp >= %(at)s - interval '5 minutes'),
      count(distinct "vesselId") filter (where timestamp >= %(at)s - interval '1 hour'),
      count(distinct "vesselId"),
      (select count(*) from public.vessels_{0} where active),
      count(*) filter (where timestamp >= %(at)s - interval '1 hour'),
      coalesce(sum(speed::numeric) filter (
        where timestamp >= %(at)s - interval '1 hour' and speed > 0 and speed < 50), 0),
      count(*) filter (where timestamp >= %(at)s - interval '1 hour' and speed > 0 and speed < 50)
    from public.vessel_positions_{1}
    where timestamp between %(at)s - interval '24 hours' and %(at)s
    """


def tables(shard: int) -> tuple[str, str]:
    """Name the two tables of a shard."""
    return f"public.vessels_{10 + shard}", f"public.vessel_positions_{20 + shard}"


class Cluster(NamedTuple):
    """Sessions on the coordinator and on two workers."""

    nodes: dict[str, psycopg.Connection]

    @property
    def coordinator(self) -> psycopg.Connection:
        """Return the session on the coordinator."""
        return self.nodes["coordinator"]

    def home(self, shard: int) -> psycopg.Connection:
        """Return the session on the node that has a shard, by the catalog of the coordinator."""
        row = self.coordinator.execute(
            "select groupid from pg_dist_placement where shardid = %s", (10 + shard,)
        ).fetchone()
        assert row is not None
        return self.nodes[_NODES[row[0]]]

    def move(self, shard: int, group: int, knowing: tuple[str, ...] = (*_NODES,)) -> None:
        """Move a shard to another node. knowing: the nodes whose catalog says so."""
        old, new = self.home(shard), self.nodes[_NODES[group]]
        for table, source in zip(tables(shard), ("vessels", "vessel_positions"), strict=True):
            rows = old.execute(f"select * from {table}").fetchall()
            new.execute(f"create table {table} (like public.{source} including all)")
            if rows:
                marks = ", ".join(["%s"] * len(rows[0]))
                with new.cursor() as cursor:
                    cursor.executemany(f"insert into {table} values ({marks})", rows)
        self.tell(shard, group, knowing)
        for table in tables(shard):
            old.execute(f"drop table {table}")

    def tell(self, shard: int, group: int, nodes: tuple[str, ...]) -> None:
        """Write into the catalog of some nodes where a shard is."""
        for name in nodes:
            self.nodes[name].execute(
                "update pg_dist_placement set groupid = %s where shardid in (%s, %s)",
                (group, 10 + shard, 20 + shard),
            )

    def figures(self, at: datetime) -> tuple[object, ...]:
        """Add up what plain SQL says of each shard."""
        sums = [Decimal(0)] * 7
        for shard in _SHARDS:
            row = (
                self.home(shard)
                .execute(_FIGURES.format(10 + shard, 20 + shard), {"at": at})
                .fetchone()
            )
            assert row is not None
            sums = [a + b for a, b in zip(sums, row, strict=True)]
        return (*sums[:5], round(sums[5] / sums[6], 2) if sums[6] else Decimal(0))

    def exact(self, at: datetime) -> None:
        """Refresh, and compare with plain SQL over the shards."""
        row = refreshed(self.coordinator, at)
        assert row.updated_at == at, last_message(self.coordinator)
        assert (*row[:5], row.speed_avg) == self.figures(at)

    def maintain(self) -> None:
        """Do the work between refreshes."""
        self.coordinator.execute("select vessel_activity.maintain()")

    def modes(self) -> list[str]:
        """Return how each worker has computed its last part."""
        return [last_mode(self.nodes[name])[0] for name in _NODES[1:]]


def last_message(db: psycopg.Connection) -> str | None:
    """Return what the log says of the last refresh."""
    row = db.execute(
        "select message from vessel_activity.refresh_log order by id desc limit 1"
    ).fetchone()
    return row[0] if row else None


@pytest.fixture
def cluster(server: LocalServer, template: str) -> Iterator[Cluster]:
    """Give three databases in which both source tables are distributed over four shards."""
    with databases(server, template, _NODES) as nodes:
        for group, session in enumerate(nodes.values()):
            session.execute(STAND_IN.encode())
            session.execute("update pg_dist_local_group set groupid = %s", (group,))
            session.execute("select vessel_activity.remove_triggers()")
            session.execute(_DISTRIBUTED)
        for shard in _SHARDS:
            for table, source in zip(tables(shard), ("vessels", "vessel_positions"), strict=True):
                nodes[_NODES[1 + shard % 2]].execute(
                    f"create table {table} (like public.{source} including all)"
                )
        yield Cluster(nodes)


@pytest.fixture
def followed(cluster: Cluster) -> Cluster:
    """Let the workers follow their shards, and make them members of the coordinator."""
    for name in _NODES[1:]:
        session = cluster.nodes[name]
        migrate.migrate(session.info.dsn)
        join(cluster.coordinator, name, session)
    return cluster


def change(random: Random, cluster: Cluster, at: datetime) -> None:
    """Change some rows of a shard."""
    shard = random.choice(_SHARDS)
    vessels, positions = tables(shard)
    vessel = shard + 4 * random.randrange(10)
    stamp = at - random.choice([0, 1, 40, 299, 301, 3599, 3601, 50_000, 86_399, 86_401]) * SECOND
    speed = random.choice([None, 0.1, 12.34, 7.3, 60])
    insert = f'insert into {positions} (id, "vesselId", timestamp, speed) values (%s, %s, %s, %s)'
    upsert = f"""
        insert into {vessels} as v (id, mmsi, active) values (%s, %s, true)
        on conflict (id) do update set active = not v.active
        """
    statements: list[tuple[str, tuple[object, ...]]] = [
        (insert, (random.getrandbits(40), vessel, stamp, speed)),
        (insert, (random.getrandbits(40), vessel, stamp, speed)),
        (f'update {positions} set speed = %s where "vesselId" = %s', (speed, vessel)),
        (f'delete from {positions} where "vesselId" = %s and timestamp >= %s', (vessel, stamp)),
        (upsert, (vessel, str(vessel))),
    ]
    cluster.home(shard).execute(*random.choice(statements))


@pytest.mark.parametrize("seed", range(3))
def test_random_changes_and_moves_are_followed(followed: Cluster, seed: int) -> None:
    random = Random(seed)
    followed.exact(AS_OF)
    for step in range(1, 13):
        at = AS_OF + 3 * step * SECOND
        for _ in range(random.randrange(1, 8)):
            change(random, followed, at)
        if step % 4 == 0:
            shard = random.choice(_SHARDS)
            followed.move(shard, 2 if followed.home(shard) is followed.nodes["one"] else 1)
            followed.exact(at)
            assert "definition" in followed.modes(), "the shard that came has no triggers yet"
            followed.maintain()
        else:
            followed.exact(at)
    change(random, followed, at)
    for step in range(1, 3):
        followed.exact(at + step * SECOND)
    assert followed.modes() == ["incremental"] * 2
    assert last_mode(followed.coordinator) == ("incremental", None)
    for shard in _SHARDS:  # a vessel that is new in the last hour
        followed.home(shard).execute(
            f'insert into {tables(shard)[1]} (id, "vesselId", timestamp) values (1, %s, %s)',
            (1000 + shard, at),
        )
    for name in _NODES[1:]:
        node = followed.nodes[name]
        node.execute("select vessel_activity.refresh_at(%s, 'manual', true)", (at + MINUTE,))
        assert node.execute(
            "select mode, verification ->> 'equal' from vessel_activity.refresh_log"
            " order by id desc limit 1"
        ).fetchone() == ("incremental", "true")


def test_a_part_says_which_shards_it_covers(followed: Cluster) -> None:
    covered = [
        followed.nodes[name].execute("select vessel_activity.source_names()").fetchone()
        for name in _NODES
    ]

    assert covered == [
        ([],),
        (
            [
                "public.vessel_positions_22 1",
                "public.vessel_positions_24 1",
                "public.vessels_12 1",
                "public.vessels_14 1",
            ],
        ),
        (
            [
                "public.vessel_positions_21 2",
                "public.vessel_positions_23 2",
                "public.vessels_11 2",
                "public.vessels_13 2",
            ],
        ),
    ]


@pytest.mark.parametrize(
    ("knowing", "shard"),
    [
        # The coordinator knows of a move first. The node that the shard has left still counts it.
        (("coordinator", "two"), None),
        (("coordinator",), "public.vessel_positions_22"),
        # Here the node that has it knows nothing yet, and the other one counts it no more.
        (("coordinator", "one"), "public.vessel_positions_22"),
        # The coordinator does not know yet that the shard has moved.
        (("one", "two"), "public.vessel_positions_22"),
    ],
)
def test_a_shard_on_its_way_keeps_the_row_as_it_is(
    followed: Cluster, knowing: tuple[str, ...], shard: str | None
) -> None:
    followed.home(2).execute("insert into public.vessels_12 (id, mmsi, active) values (2, 2, true)")
    followed.exact(AS_OF)
    before = stored(followed.coordinator)
    new = followed.nodes["two"]
    for table, source in zip(tables(2), ("vessels", "vessel_positions"), strict=True):
        new.execute(f"create table {table} (like public.{source} including all)")
    new.execute("insert into public.vessels_12 (id, mmsi, active) values (2, 2, true)")
    followed.tell(2, 2, knowing)

    refreshed(followed.coordinator, AS_OF + SECOND)

    if shard is not None:
        assert stored(followed.coordinator) == before
        message = last_message(followed.coordinator)
        assert message is not None
        assert message.startswith(f"shard {shard} of node:")
        assert "is counted by no member" in message
    followed.tell(2, 2, (*_NODES,))
    followed.nodes["one"].execute("drop table public.vessels_12, public.vessel_positions_22")
    followed.exact(AS_OF + 2 * SECOND)


def test_a_copy_of_a_shard_on_another_node_is_not_counted_twice(followed: Cluster) -> None:
    followed.exact(AS_OF)
    before = stored(followed.coordinator)
    for session in followed.nodes.values():
        session.execute("insert into pg_dist_placement values (12, 1, 2)")

    # The coordinator asks all shards by the definition. The stand-in has none of them here.
    with pytest.raises(psycopg.errors.ExternalRoutineException):
        refreshed(followed.coordinator, AS_OF + SECOND)

    assert stored(followed.coordinator) == before
    followed.coordinator.execute("select vessel_activity.follow_shards()")
    assert followed.coordinator.execute(
        "select count(*) from unnest(vessel_activity.send_to_members('select null::json'))"
    ).fetchone() == (0,)
    assert check(followed.coordinator, "one")[:2] == (
        "warn",
        (
            "it is not asked: its shards can't be followed any more, because a shard has copies on"
            " several nodes; all shards are asked by the definition"
        ),
    )


def test_a_node_that_is_no_member_keeps_the_row_as_it_is(followed: Cluster) -> None:
    followed.exact(AS_OF)
    before = stored(followed.coordinator)
    followed.coordinator.execute("select vessel_activity_member_remove('two'::text)")

    refreshed(followed.coordinator, AS_OF + SECOND)

    assert stored(followed.coordinator) == before
    assert last_message(followed.coordinator) == (
        "shard public.vessel_positions_21 of node:3 is counted by no member: it is being moved, or"
        " its node is not a member yet"
    )
    with pytest.raises(psycopg.errors.ObjectInUse, match="is counted by no member"):
        followed.coordinator.execute("select public.vessel_activity_at(%s)", (AS_OF,))
    join(followed.coordinator, "two", followed.nodes["two"])
    followed.exact(AS_OF + MINUTE)


def test_a_node_builds_its_state_between_refreshes(followed: Cluster) -> None:
    """It may take longer than a refresh of the coordinator waits for the node."""
    node = followed.nodes["one"]
    node.execute("update vessel_activity.state set fingerprint = null")

    followed.maintain()

    assert node.execute(
        "select s.fingerprint is not null, l.mode, l.refreshed_by from vessel_activity.state as s,"
        " vessel_activity.refresh_log as l order by l.id desc limit 1"
    ).fetchone() == (True, "rebuild", "combiner")


def test_what_is_not_there_is_an_obstacle(followed: Cluster) -> None:
    followed.exact(AS_OF)
    followed.nodes["one"].execute("drop table public.vessel_positions_22")

    detail = engine_check(followed.nodes["one"])[1]

    assert detail is not None
    assert "a shard that Citus has put on this node is not there" in detail


def test_without_its_nodes_the_coordinator_asks_all_shards_again(followed: Cluster) -> None:
    followed.exact(AS_OF)
    for name in _NODES[1:]:
        followed.coordinator.execute("select vessel_activity_member_remove(%s::text)", (name,))

    row = followed.coordinator.execute(
        "select vessel_activity.followed_shards(), vessel_activity.asks_shards('vessels')"
    ).fetchone()

    assert row == (None, True)
    assert "migrate --nodes" in str(engine_check(followed.coordinator)[2])


@pytest.mark.parametrize(
    ("ddl", "reason"),
    [
        ("update pg_dist_partition set repmodel = 't'", "a source table is a reference table"),
        (
            "update pg_dist_partition set partmethod = 'a'",
            "a source table is not distributed by a hash",
        ),
        (
            "update pg_dist_partition set partkey = 'id'",
            "the source tables are not distributed by the vessel",
        ),
        (
            "update pg_dist_partition set colocationid = 2 where partkey = 'id'",
            "the source tables are not colocated",
        ),
        ("update pg_dist_partition set colocationid = 0", "the source tables are not colocated"),
        (
            "insert into pg_dist_placement values (12, 1, 2)",
            "a shard has copies on several nodes",
        ),
        (
            "delete from pg_dist_partition where partkey = 'id'",
            "the source tables are not both distributed",
        ),
    ],
)
def test_shards_that_can_not_be_followed_are_not(cluster: Cluster, ddl: str, reason: str) -> None:
    worker = cluster.nodes["one"]
    assert worker.execute("select vessel_activity.unfollowed_reason()").fetchone() == (None,)
    worker.execute(ddl.encode())

    assert worker.execute(
        "select vessel_activity.unfollowed_reason(), vessel_activity.shards_here()"
    ).fetchone() == (reason, None)


def test_a_node_that_can_not_be_reached_is_told(
    cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.coordinator.execute("update pg_dist_node set nodename = 'localhost', nodeport = 1")
    for shard in _SHARDS:  # the stand-in asks all shards here
        for table, source in zip(tables(shard), ("vessels", "vessel_positions"), strict=True):
            cluster.coordinator.execute(
                f"create table {table} (like public.{source} including all)".encode()
            )

    migrate.migrate(cluster.coordinator.info.dsn, follow_shards=True)

    told = capsys.readouterr().out
    assert "node localhost:1 can't be reached from here: " in told
    assert (
        "members: refreshes ask all shards by the definition until each of these nodes is a member:"
        " localhost:1, localhost:1; docs/scaling.md says how" in told
    )


def test_without_citus_there_are_no_nodes(
    server: LocalServer, template: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with cloned(server, template) as url:
        migrate.migrate(url, follow_shards=True)

    assert (
        "nodes: there are none that could follow their shards; docs/scaling.md says when"
        in capsys.readouterr().out
    )
