# ruff: noqa: S311, S608 - SQL texts, made of constants and numbers; nothing secret is drawn
"""The rows of a source table may be in several relations, as source_roots() says.

Here two tables hold them, and a view in the place of the source table reads both. The function
source_roots() is replaced, as one that finds shards would be.
"""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import cloned
from tests.support.fleet import AS_OF, SECOND, definition, last_mode, refreshed
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vessel_activity.database.local_server import LocalServer

_TABLES = "".join(
    f"""
    create table public.vessels_{number} (id bigint primary key, mmsi text, name text,
      "vesselType" text, flag text, active boolean);
    create table public.positions_{number} (id bigserial primary key, "vesselId" bigint,
      timestamp timestamptz, latitude double precision, longitude double precision,
      speed numeric, course real);
    create index on public.positions_{number} (timestamp);
    create index on public.positions_{number} ("vesselId", timestamp);
    """
    for number in (1, 2)
)
_VIEWS = """
    create view public.vessels as
      select * from public.vessels_1 union all select * from public.vessels_2;
    create view public.vessel_positions as
      select * from public.positions_1 union all select * from public.positions_2;
    """
_ROOTS = """
    create or replace function vessel_activity.source_roots()
    returns table (source text, relation oid)
    language sql stable
    begin atomic
      select r.source, to_regclass('public.' || r.name)::oid
      from (values {}) as r (source, name);
    end
    """
_BOTH = _ROOTS.format(
    "('vessels', 'vessels_1'), ('vessels', 'vessels_2'),"
    " ('vessel_positions', 'positions_1'), ('vessel_positions', 'positions_2')"
)
_PLAIN = """
    select
      count(distinct "vesselId") filter (where timestamp >= %(at)s - interval '5 minutes'),
      count(distinct "vesselId") filter (where timestamp >= %(at)s - interval '1 hour'),
      count(distinct "vesselId"),
      (select count(*) from public.vessels where active),
      count(*) filter (where timestamp >= %(at)s - interval '1 hour')
    from public.vessel_positions
    where timestamp between %(at)s - interval '24 hours' and %(at)s
    """
_AGES = (0, 1, 40, 299, 300, 301, 3599, 3600, 3601, 50_000, 86_399, 86_401)


@pytest.fixture(scope="module")
def rooted(server: LocalServer) -> Iterator[str]:
    """Migrate a database whose source tables are views of two tables each."""
    with cloned(server, None) as url:
        with psycopg.connect(url) as session:
            session.execute((_TABLES + _VIEWS).encode())
        migrate.migrate(url)
        yield url


@pytest.fixture
def db(rooted: str) -> Iterator[psycopg.Connection]:
    """Give a session; what a test does is rolled back."""
    with (
        psycopg.connect(rooted, autocommit=True) as session,
        session.transaction(force_rollback=True),
    ):
        session.execute(_BOTH.encode())
        # One call stops after a quarter of a second of work.
        while session.execute("select from vessel_activity.install_triggers()").fetchall():
            pass
        yield session


def change(random: Random) -> str:
    """Write a statement that changes rows of one of the tables."""
    number = random.choice([1, 2])
    table = f"public.positions_{number}"
    vessel = 2 * random.randrange(20) + number
    at = f"'{AS_OF + SECOND * random.choice([0, 30, 60]) - SECOND * random.choice(_AGES)}'"
    speed = random.choice(["null", "0.1", "12.34", "7.3", "60"])
    return random.choice(
        [
            f'insert into {table} ("vesselId", timestamp, speed) values ({vessel}, {at}, {speed})',
            f'insert into {table} ("vesselId", timestamp, speed) values ({vessel}, {at}, {speed})',
            f'update {table} set timestamp = {at}, speed = {speed} where "vesselId" = {vessel}',
            f'delete from {table} where "vesselId" = {vessel} and timestamp >= {at}',
            f"insert into public.vessels_{number} (id, active, flag) values ({vessel}, true, 'NO')"
            " on conflict (id) do update set active = not vessels_{number}.active".format(
                number=number
            ),
        ]
    )


@pytest.mark.parametrize("seed", range(4))
def test_random_changes_of_both_relations_are_followed(db: psycopg.Connection, seed: int) -> None:
    random = Random(seed)
    modes: Counter[str] = Counter()
    for step in range(25):
        for _ in range(random.randrange(1, 8)):
            db.execute(change(random).encode())
        as_of = AS_OF + timedelta(seconds=3 * step)

        figures = refreshed(db, as_of)

        assert figures == definition(db, as_of)
        assert figures[:5] == db.execute(_PLAIN, {"at": as_of}).fetchone()
        modes[last_mode(db)[0]] += 1
    assert modes == {"rebuild": 1, "incremental": 24}, last_mode(db)


def test_each_relation_carries_the_triggers(db: psycopg.Connection) -> None:
    carriers = db.execute(
        "select t.relation::regclass::text, count(*) from vessel_activity.note_triggers() as t"
        " group by 1 order by 1"
    ).fetchall()

    assert carriers == [
        ("positions_1", 4),
        ("positions_2", 4),
        ("vessels_1", 4),
        ("vessels_2", 4),
    ]


def test_a_part_names_the_relations_that_it_covers(db: psycopg.Connection) -> None:
    row = db.execute("select (vessel_activity.part_at(%s)).sources", (AS_OF,)).fetchone()

    assert row is not None
    assert row[0] == [
        "public.positions_1", "public.positions_2", "public.vessels_1", "public.vessels_2",
    ]  # fmt: skip


def test_a_relation_that_comes_or_goes_is_noticed(db: psycopg.Connection) -> None:
    refreshed(db)
    one = _ROOTS.format("('vessels', 'vessels_1'), ('vessel_positions', 'positions_1')")
    db.execute(one.encode())

    refreshed(db, AS_OF + SECOND)

    assert last_mode(db)[0] == "definition"
    assert "carries triggers of vessel activity but is no source table" in (last_mode(db)[1] or "")


def test_no_relation_at_all_is_an_obstacle_and_no_zero(db: psycopg.Connection) -> None:
    db.execute(
        'insert into public.positions_1 ("vesselId", timestamp) values (1, %s), (3, %s)',
        (AS_OF, AS_OF),
    )
    refreshed(db)
    none = _ROOTS.format("('vessels', 'nowhere'), ('vessel_positions', 'nowhere')")
    db.execute(
        none.replace(
            ";\n    end", "\n      where to_regclass('public.' || r.name) is not null;\n    end"
        ).encode()
    )

    figures = refreshed(db, AS_OF + SECOND)

    assert figures.active_now == 2
    assert last_mode(db) == ("definition", "no relation here holds the rows of a source table")
