"""Partitioned source tables are followed through every change of their partitions."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import cloned
from tests.support.fleet import (
    AS_OF,
    HOUR,
    MINUTE,
    SECOND,
    add_positions,
    definition,
    last_mode,
    refreshed,
)
from tests.support.sources import exact, into, maintained, opened, rebuilt_after_maintenance

if TYPE_CHECKING:
    from vessel_activity.database.local_server import LocalServer


def test_a_partitioned_table_has_both_indexes(partitioned: str) -> None:
    with psycopg.connect(partitioned) as db:
        states = db.execute(
            "select state from vessel_activity_status() where check_name like 'index%'"
        ).fetchall()

    assert states == [("ok",), ("ok",)]


def test_statements_aimed_at_the_parent_are_followed(partitioned: str) -> None:
    with opened(partitioned) as db:
        add_positions(
            db, (1, AS_OF), (2, AS_OF - MINUTE), (3, AS_OF - 13 * HOUR), (4, AS_OF + HOUR)
        )
        assert exact(db, "incremental")[:3] == (2, 2, 3)

        db.execute('delete from vessel_positions where "vesselId" = 1')
        db.execute('update vessel_positions set "vesselId" = 20 where "vesselId" = 2')
        assert exact(db, "incremental", AS_OF + SECOND)[:3] == (1, 1, 2)

        with db.cursor().copy('copy vessel_positions ("vesselId", timestamp) from stdin') as copy:
            for vessel in range(30, 50):
                copy.write_row((vessel, AS_OF))
        assert exact(db, "incremental", AS_OF + SECOND)[:3] == (21, 21, 22)


@pytest.mark.parametrize("relation", ["morning", "afternoon", "day_13"])
def test_statements_aimed_at_a_partition_are_followed(partitioned: str, relation: str) -> None:
    with opened(partitioned) as db:
        at = AS_OF if relation != "morning" else AS_OF - SECOND
        into(db, relation, 1, at)
        into(db, relation, 2, at)
        assert exact(db, "incremental").active_now == 2

        db.execute(f'update {relation} set speed = 20, "vesselId" = 3 where "vesselId" = 2')  # noqa: S608
        db.execute(f'delete from {relation} where "vesselId" = 1')  # noqa: S608
        figures = exact(db, "incremental", AS_OF + SECOND)
        assert (figures.active_now, figures.speed_avg) == (1, Decimal(20))


def test_a_row_that_moves_across_partitions_is_followed(partitioned: str) -> None:
    with opened(partitioned) as db:
        into(db, "vessel_positions", 1, AS_OF - 23 * HOUR)
        into(db, "vessel_positions", 2, AS_OF - SECOND)
        assert exact(db, "incremental")[:3] == (1, 1, 2)

        db.execute(
            'update vessel_positions set timestamp = %s where "vesselId" = 1', (AS_OF - MINUTE,)
        )
        assert exact(db, "incremental", AS_OF + SECOND)[:3] == (2, 2, 2)
        db.execute(
            'update vessel_positions set timestamp = %s where "vesselId" = 2',
            (AS_OF - 23 * HOUR,),
        )
        assert exact(db, "incremental", AS_OF + SECOND)[:3] == (1, 1, 2)


def test_a_new_partition_is_computed_by_the_definition_until_maintenance(
    partitioned: str,
) -> None:
    with opened(partitioned) as db:
        db.execute(
            "create table day_14 partition of vessel_positions "
            "for values from ('2050-03-14 00:00+00') to ('2050-03-15 00:00+00')"
        )
        as_of = AS_OF + 24 * HOUR
        into(db, "day_14", 1, as_of)

        assert exact(db, "definition", as_of).active_now == 1
        assert "day_14 lacks triggers of vessel activity" in (last_mode(db)[1] or "")

        maintained(db)
        into(db, "day_14", 2, as_of)
        assert exact(db, "rebuild", as_of).active_now == 2
        into(db, "day_14", 3, as_of)
        assert exact(db, "incremental", as_of).active_now == 3


def test_maintenance_does_not_wait_for_a_writer_into_a_new_partition(partitioned: str) -> None:
    with opened(partitioned) as db, psycopg.connect(partitioned) as writer:
        db.execute(
            "create table day_14 partition of vessel_positions "
            "for values from ('2050-03-14 00:00+00') to ('2050-03-15 00:00+00')"
        )
        into(writer, "day_14", 1, AS_OF + 24 * HOUR)  # not committed
        db.execute("set statement_timeout = '2s'")

        db.execute("select vessel_activity.maintain()")
        exact(db, "definition")

        writer.commit()
        maintained(db)
        exact(db, "rebuild", AS_OF + SECOND)


def test_a_partition_with_rows_counts_while_it_is_attached(partitioned: str) -> None:
    with opened(partitioned) as db:
        db.execute("create table day_14 (like vessel_positions including defaults)")
        as_of = datetime(2050, 3, 14, 6, tzinfo=UTC)
        into(db, "day_14", 1, as_of)
        into(db, "vessel_positions", 2, as_of - 12 * HOUR)
        assert exact(db, "incremental", as_of)[:3] == (0, 0, 1)

        db.execute(
            "alter table vessel_positions attach partition day_14 "
            "for values from ('2050-03-14 00:00+00') to ('2050-03-15 00:00+00')"
        )
        assert exact(db, "definition", as_of)[:3] == (1, 1, 2)
        maintained(db)
        assert exact(db, "rebuild", as_of)[:3] == (1, 1, 2)

        db.execute("alter table vessel_positions detach partition day_14")
        assert rebuilt_after_maintenance(db, as_of)[:3] == (0, 0, 1)


def test_a_detached_partition_no_longer_counts_and_loses_its_triggers(
    partitioned: str,
) -> None:
    with opened(partitioned) as db:
        into(db, "afternoon", 1)
        exact(db, "incremental")
        db.execute("alter table day_13 detach partition afternoon")
        assert exact(db, "definition").active_now == 0
        assert (
            last_mode(db)[1]
            == "public.afternoon carries triggers of vessel activity but is no source table"
        )
        check = db.execute(
            "select state, hint from vessel_activity_status() where check_name = 'engine'"
        ).fetchone()
        assert check is not None
        assert check[0] == "warn"
        assert "install_triggers()" in check[1]

        into(db, "afternoon", 2)  # still noted
        db.execute('delete from afternoon where "vesselId" = 1')
        assert rebuilt_after_maintenance(db).active_now == 0
        assert (
            db.execute(
                "select tgname from pg_trigger where tgrelid = 'afternoon'::regclass"
            ).fetchall()
            == []
        )
        into(db, "afternoon", 4)
        assert exact(db, "incremental").active_now == 0

        db.execute(
            "alter table day_13 attach partition afternoon "
            "for values from ('2050-03-13 12:00+00') to ('2050-03-14 00:00+00')"
        )
        assert rebuilt_after_maintenance(db).active_now == 2
        into(db, "afternoon", 3)
        assert exact(db, "incremental").active_now == 3


def test_a_partition_detached_and_attached_between_two_refreshes_keeps_its_triggers(
    partitioned: str,
) -> None:
    with opened(partitioned) as db:
        into(db, "afternoon", 1)
        exact(db, "incremental")
        db.execute("alter table day_13 detach partition afternoon")
        into(db, "afternoon", 2)
        db.execute('delete from afternoon where "vesselId" = 1')
        db.execute(
            "alter table day_13 attach partition afternoon "
            "for values from ('2050-03-13 12:00+00') to ('2050-03-14 00:00+00')"
        )
        into(db, "afternoon", 3)

        assert exact(db, "rebuild").active_now == 2
        into(db, "afternoon", 4)
        assert exact(db, "incremental", AS_OF + SECOND).active_now == 3


_CAME_AND_WENT = {
    # Statements that add a partition, write into it and remove it.
    "made and dropped": (
        (
            "create table evening partition of vessel_positions"
            " for values from ('2050-03-14 00:00+00') to ('2050-03-15 00:00+00')"
        ),
        (
            'insert into vessel_positions ("vesselId", timestamp, speed)'
            " values (5, '2050-03-14 00:30+00', 9)"
        ),
        "drop table evening",
    ),
    "attached and detached": (
        (
            "create table evening (like vessel_positions);"
            " insert into evening values (5, 5, '2050-03-14 00:30+00', 0, 0, 40, 0);"
            " alter table vessel_positions attach partition evening"
            " for values from ('2050-03-14 00:00+00') to ('2050-03-15 00:00+00')"
        ),
        'delete from vessel_positions where "vesselId" = 5',
        "alter table vessel_positions detach partition evening",
    ),
}


@pytest.mark.parametrize("how", _CAME_AND_WENT)
@pytest.mark.parametrize("at_once", [True, False], ids=["in one transaction", "step by step"])
def test_a_partition_added_and_removed_between_two_refreshes_is_noticed(
    partitioned: str, how: str, *, at_once: bool
) -> None:
    midnight = datetime(2050, 3, 14, 0, 40, tzinfo=UTC)
    with psycopg.connect(partitioned, autocommit=True) as db, psycopg.connect(partitioned) as other:
        into(db, "vessel_positions", 1, midnight - 10 * MINUTE - HOUR)
        db.execute("select vessel_activity_rebuild()")
        exact(db, "rebuild", midnight - HOUR)
        other.autocommit = not at_once
        for step in _CAME_AND_WENT[how]:
            other.execute(step.encode())
        if at_once:
            other.commit()

        figures = exact(db, "rebuild", midnight)
        assert (figures.active_now, figures.positions_last_hour) == (0, 0)
        assert "came and went" in (last_mode(db)[1] or "")
        into(db, "vessel_positions", 3, midnight)
        assert exact(db, "incremental", midnight + SECOND).active_now == 1


@pytest.mark.parametrize(
    "ddl",
    [
        "drop table afternoon",
        "truncate afternoon",
        "truncate day_13",
        "truncate vessel_positions",
        "alter table day_13 detach partition afternoon",
        "alter table vessel_positions detach partition day_13",
    ],
)
def test_rows_no_longer_count_once_their_partition_is_gone(partitioned: str, ddl: str) -> None:
    with opened(partitioned) as db:
        into(db, "vessel_positions", 1)
        into(db, "vessel_positions", 2, AS_OF - 20 * HOUR)
        exact(db, "incremental")

        db.execute(ddl)

        figures = rebuilt_after_maintenance(db) if "detach" in ddl else exact(db, "rebuild")
        assert figures.active_now == 0
        assert figures.active_last_24h == (0 if ddl.endswith("truncate vessel_positions") else 1)


def test_a_writer_whose_snapshot_is_older_than_an_attach_is_followed(partitioned: str) -> None:
    with opened(partitioned) as db, psycopg.connect(partitioned) as writer:
        db.execute("alter table day_13 detach partition afternoon")
        rebuilt_after_maintenance(db)
        writer.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        writer.execute("select 1 from vessels")  # its snapshot knows no partition "afternoon"
        db.execute(
            "alter table day_13 attach partition afternoon "
            "for values from ('2050-03-13 12:00+00') to ('2050-03-14 00:00+00')"
        )
        rebuilt_after_maintenance(db)

        into(writer, "afternoon", 1)
        writer.commit()

        assert exact(db, "incremental").active_now == 1


def test_a_writer_whose_snapshot_is_older_than_a_detach_adds_nothing(partitioned: str) -> None:
    with opened(partitioned) as db, psycopg.connect(partitioned) as writer:
        writer.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        writer.execute("select 1 from vessels")  # to its snapshot "afternoon" is a partition
        db.execute("alter table day_13 detach partition afternoon")
        exact(db, "definition")
        into(writer, "afternoon", 1)
        db.execute("select vessel_activity.maintain()")  # it can't lock the partition
        assert exact(db, "definition").active_now == 0
        writer.commit()

        assert rebuilt_after_maintenance(db).active_now == 0


def test_a_partition_that_is_being_detached_no_longer_counts(partitioned: str) -> None:
    with opened(partitioned) as db, psycopg.connect(partitioned) as holder:
        into(db, "afternoon", 1)
        into(db, "vessel_positions", 2, AS_OF - HOUR)
        exact(db, "incremental")
        holder.execute("select 1 from vessel_positions")  # keeps the detaching from ending
        with psycopg.connect(partitioned, autocommit=True) as other:
            other.execute("set statement_timeout = '500ms'")
            with pytest.raises(psycopg.errors.QueryCanceled):
                other.execute("alter table day_13 detach partition afternoon concurrently")
        holder.rollback()

        assert rebuilt_after_maintenance(db)[:3] == (0, 1, 1)
        into(db, "afternoon", 3)
        assert exact(db, "incremental")[:3] == (0, 1, 1)

        db.execute("alter table day_13 detach partition afternoon finalize")
        assert refreshed(db, AS_OF) == definition(db, AS_OF)


def test_hash_partitions_are_followed(
    server: LocalServer, source_templates: dict[str, str]
) -> None:
    with cloned(server, source_templates["hash"]) as url, opened(url) as db:
        for vessel in range(1, 11):
            into(db, "vessel_positions", vessel)
        assert exact(db, "incremental").active_now == 10

        db.execute("delete from h0")
        db.execute('update vessel_positions set "vesselId" = "vesselId" + 100')
        assert 0 < exact(db, "incremental", AS_OF + SECOND).active_now < 10

        db.execute("truncate h0")
        exact(db, "rebuild", AS_OF + SECOND)
