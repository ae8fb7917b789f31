"""What docs/scaling.md says about partitions works, and keeps the figures exact."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import PROJECT
from tests.support.fleet import definition, last_mode, refreshed
from tests.support.sources import maintained
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.needs("pg_partman")
_GUIDE = (PROJECT / "docs" / "scaling.md").read_text(encoding="utf-8")
_SECTION = _GUIDE.partition("\n## Partitions and retention\n")[2].partition("\n## ")[0]
SET_UP, MAINTENANCE = re.findall(r"^```sql\n(.*?)^```", _SECTION, re.MULTILINE | re.DOTALL)
MAINTAIN_PARTITIONS, PUT_TRIGGERS = MAINTENANCE.splitlines()
DAY = timedelta(days=1)


@pytest.fixture
def db(empty_url: str) -> Iterator[psycopg.Connection]:
    """Give a database that was set up as the guide says, with one position today."""
    with psycopg.connect(empty_url, autocommit=True) as connection:
        connection.execute(SET_UP.encode())
        migrate.migrate(empty_url)
        write(connection, 1)
        yield connection


def write(db: psycopg.Connection, vessel: int) -> None:
    db.execute(
        'insert into public.vessel_positions ("vesselId", timestamp, speed)'
        " values (%s, clock_timestamp(), 10)",
        (vessel,),
    )


def day(name: str) -> datetime:
    """Return the day of a partition, which pg_partman puts into its name."""
    return datetime.strptime(name[-10:], "%Y_%m_%d").replace(tzinfo=UTC)


def partitions(db: psycopg.Connection) -> list[str]:
    """Return the names of the partitions with a day, in the order of their days."""
    return [
        name
        for (name,) in db.execute(
            "select c.relname from pg_inherits as i join pg_class as c on c.oid = i.inhrelid"
            " where i.inhparent = 'public.vessel_positions'::regclass and c.relname ~ '_p[0-9]'"
            " order by c.relname"
        ).fetchall()
    ]


def counts(db: psycopg.Connection, mode: str, reason: str | None) -> int:
    """Refresh, check how it was done and that the row is exact, and return the active vessels."""
    row = db.execute("select clock_timestamp()").fetchone()
    assert row is not None
    figures = refreshed(db, row[0])
    assert figures == definition(db, row[0])
    done = last_mode(db)
    assert done[0] == mode
    assert (done[1] is None) if reason is None else (reason in (done[1] or "")), done
    return figures.active_now


def put_triggers(db: psycopg.Connection) -> None:
    """Follow the guide: repeat the statement while there is more to do."""
    while db.execute(PUT_TRIGGERS.encode()).fetchall():
        pass


def test_a_new_partition_has_indexes_and_gets_its_triggers(db: psycopg.Connection) -> None:
    counts(db, "incremental", None)
    before = partitions(db)
    db.execute("update partman.part_config set premake = premake + 1")
    db.execute(MAINTAIN_PARTITIONS.encode())

    new = partitions(db)[len(before)]  # another one too, if it is a new day meanwhile
    assert day(new) == day(before[-1]) + DAY
    indexed = db.execute("select count(*) from pg_indexes where tablename = %s", (new,)).fetchone()
    assert indexed == (3,)  # the primary key and the two of vessel activity
    write(db, 2)
    assert counts(db, "definition", f"public.{new} lacks triggers") == 2

    maintained(db)  # as the schedule does after a refresh
    write(db, 3)
    assert counts(db, "rebuild", "there was no state") == 3
    write(db, 4)
    assert counts(db, "incremental", None) == 4


def test_the_daily_maintenance_costs_one_rebuild(db: psycopg.Connection) -> None:
    """The partitions of the past are older than the retention, and new ones are due."""
    old = partitions(db)[0]
    db.execute(
        'insert into public.vessel_positions ("vesselId", timestamp)'
        " select 9, %s from generate_series(1, 3)",
        (day(old) + DAY / 2,),
    )
    counts(db, "incremental", None)
    db.execute("update partman.part_config set premake = premake + 1, retention = '2 days'")
    db.execute(MAINTAIN_PARTITIONS.encode())
    put_triggers(db)

    assert old not in partitions(db)
    left = db.execute("select count(*) from public.vessel_positions").fetchone()
    assert left == (1,)
    write(db, 2)
    assert counts(db, "rebuild", "") == 2
    write(db, 3)
    assert counts(db, "incremental", None) == 3


def test_a_partition_that_is_detached_and_kept_no_longer_counts(db: psycopg.Connection) -> None:
    counts(db, "incremental", None)
    old = partitions(db)[0]
    db.execute("update partman.part_config set retention = '2 days', retention_keep_table = true")
    db.execute(MAINTAIN_PARTITIONS.encode())

    assert old not in partitions(db)
    assert db.execute("select to_regclass(%s) is not null", (f"public.{old}",)).fetchone() == (
        True,
    )
    assert counts(db, "definition", "is no source table") == 1
    maintained(db)
    assert counts(db, "rebuild", "there was no state") == 1
    write(db, 2)
    assert counts(db, "incremental", None) == 2
