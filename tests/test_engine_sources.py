"""Whatever the source tables are, the numbers stay exact: incremental where changes can be seen.

Where they can't, each refresh computes by the definition and says why; nothing is ever guessed.
"""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.conftest import cloned
from tests.support.fleet import (
    AS_OF,
    HOUR,
    MINUTE,
    SECOND,
    Figures,
    add_positions,
    add_vessels,
    alter_type,
    definition,
    last_mode,
    refreshed,
)
from vessel_activity.install import migrate, rollback

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vessel_activity.database.local_server import LocalServer

_COLUMNS = (
    '(id bigserial, "vesselId" bigint, timestamp timestamptz not null, '
    "latitude float8, longitude float8, speed float8, course float8)"
)
_PARTITIONED = {
    # Yesterday, today and tomorrow of AS_OF; the hours of today are partitions of a partition.
    "range": f"""
        create table vessel_positions {_COLUMNS} partition by range (timestamp);
        create table day_12 partition of vessel_positions
          for values from ('2050-03-12 00:00+00') to ('2050-03-13 00:00+00');
        create table day_13 partition of vessel_positions
          for values from ('2050-03-13 00:00+00') to ('2050-03-14 00:00+00')
          partition by range (timestamp);
        create table morning partition of day_13
          for values from ('2050-03-13 00:00+00') to ('2050-03-13 12:00+00');
        create table afternoon partition of day_13
          for values from ('2050-03-13 12:00+00') to ('2050-03-14 00:00+00');
        create table rest partition of vessel_positions default;
    """,
    "hash": f"""
        create table vessel_positions {_COLUMNS} partition by hash ("vesselId");
        create table h0 partition of vessel_positions for values with (modulus 2, remainder 0);
        create table h1 partition of vessel_positions for values with (modulus 2, remainder 1);
    """,
    "inheritance": f"""
        create table vessel_positions {_COLUMNS};
        create table more_positions () inherits (vessel_positions);
    """,
}


@pytest.fixture(scope="module")
def templates(server: LocalServer) -> dict[str, str]:
    """Migrate one database over each kind of source table."""
    names = {}
    with psycopg.connect(server.url(), autocommit=True) as connection:
        for kind, ddl in _PARTITIONED.items():
            names[kind] = f"sources_{kind}"
            connection.execute(f"create database {names[kind]}")
            with psycopg.connect(server.url(names[kind])) as made:
                made.execute(ddl)
            migrate.migrate(server.url(names[kind]))
    return names


@pytest.fixture
def partitioned(server: LocalServer, templates: dict[str, str]) -> Iterator[str]:
    """Give the URL of a database with positions partitioned by time, sub-partitioned too."""
    with cloned(server, templates["range"]) as url:
        yield url


@contextmanager
def opened(url: str) -> Iterator[psycopg.Connection]:
    """Open a session whose state is built, so that the next refresh would be incremental."""
    with psycopg.connect(url, autocommit=True) as db:
        refreshed(db, AS_OF - MINUTE)
        yield db


def exact(db: psycopg.Connection, mode: str, as_of: datetime = AS_OF) -> Figures:
    """Refresh, and see that it was done in this mode and gave what the definition gives."""
    figures = refreshed(db, as_of)
    assert figures == definition(db, as_of)
    assert last_mode(db)[0] == mode, last_mode(db)
    return figures


def into(db: psycopg.Connection, relation: str, vessel: int, at: datetime = AS_OF) -> None:
    """Insert one position into the relation named."""
    db.execute(
        f'insert into {relation} ("vesselId", timestamp, speed) values (%s, %s, 10)',  # noqa: S608
        (vessel, at),
    )


# --- partitions ----------------------------------------------------------------------------------


def rebuilt_after_maintenance(db: psycopg.Connection, as_of: datetime = AS_OF) -> Figures:
    """See the definition answer until maintenance put the triggers right, and a rebuild then."""
    exact(db, "definition", as_of)
    db.execute("select vessel_activity.maintain()")
    return exact(db, "rebuild", as_of)


def test_both_indexes_serve_a_partitioned_table(partitioned: str) -> None:
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

        assert exact(db, "incremental")[:3] == (2, 2, 2)


def test_a_merge_that_inserts_before_it_updates_in_partitions_is_followed(partitioned: str) -> None:
    # PostgreSQL hands the trigger the inserted row in place of each row updated after it.
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


def test_a_new_partition_is_computed_by_the_definition_until_maintenance_has_seen_it(
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

        db.execute("select vessel_activity.maintain()")
        into(db, "day_14", 2, as_of)
        assert exact(db, "rebuild", as_of).active_now == 2
        into(db, "day_14", 3, as_of)
        assert exact(db, "incremental", as_of).active_now == 3


def test_maintenance_waits_for_nobody_who_writes_into_a_new_partition(partitioned: str) -> None:
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
        db.execute("select vessel_activity.maintain()")
        exact(db, "rebuild", AS_OF + SECOND)


def test_a_partition_attached_with_rows_counts_and_detached_no_more(partitioned: str) -> None:
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
        db.execute("select vessel_activity.maintain()")
        assert exact(db, "rebuild", as_of)[:3] == (1, 1, 2)

        db.execute("alter table vessel_positions detach partition day_14")
        assert rebuilt_after_maintenance(db, as_of)[:3] == (0, 0, 1)


def test_rows_of_a_detached_partition_count_no_more_and_its_triggers_are_taken_off(
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

        into(db, "afternoon", 2)  # noted all the same
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


def test_a_partition_that_was_away_between_two_refreshes_keeps_its_triggers(
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
    # What the writer did in a partition between its coming and its going.
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
def test_a_partition_that_came_and_went_between_two_refreshes_is_noticed(
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


def test_an_inheritance_child_that_came_and_went_between_two_refreshes_is_noticed(
    db: psycopg.Connection,
) -> None:
    refreshed(db, AS_OF - MINUTE)
    # That there is a child is noted in the catalog until the next ANALYZE; a second one leaves no
    # trace of its own.
    for is_analyzed in (True, False, False):
        db.execute("create table child () inherits (vessel_positions)")
        into(db, "child", 7)
        db.execute("update vessel_positions set speed = 9")
        db.execute("delete from vessel_positions")
        db.execute("drop table child")
        if is_analyzed:
            db.execute("analyze vessel_positions")

        refreshed(db)
        assert definition(db).positions_last_hour == refreshed(db).positions_last_hour == 0
        db.execute("select vessel_activity.maintain()")
        into(db, "vessel_positions", 8, AS_OF - 2 * HOUR)
        refreshed(db)


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
def test_rows_that_leave_with_their_partition_count_no_more(partitioned: str, ddl: str) -> None:
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
        db.execute("select vessel_activity.maintain()")  # can't lock it
        assert exact(db, "definition").active_now == 0
        writer.commit()

        assert rebuilt_after_maintenance(db).active_now == 0


def test_a_partition_whose_detaching_is_under_way_counts_no_more(partitioned: str) -> None:
    with opened(partitioned) as db, psycopg.connect(partitioned) as holder:
        into(db, "afternoon", 1)
        into(db, "vessel_positions", 2, AS_OF - HOUR)
        exact(db, "incremental")
        holder.execute("select 1 from vessel_positions")  # keeps it from ending
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


def test_hash_partitions_are_followed_too(server: LocalServer, templates: dict[str, str]) -> None:
    with cloned(server, templates["hash"]) as url, opened(url) as db:
        for vessel in range(1, 11):
            into(db, "vessel_positions", vessel)
        assert exact(db, "incremental").active_now == 10

        db.execute("delete from h0")
        db.execute('update vessel_positions set "vesselId" = "vesselId" + 100')
        assert 0 < exact(db, "incremental", AS_OF + SECOND).active_now < 10

        db.execute("truncate h0")
        exact(db, "rebuild", AS_OF + SECOND)


def test_inheritance_children_are_computed_by_the_definition(
    server: LocalServer, templates: dict[str, str]
) -> None:
    with cloned(server, templates["inheritance"]) as url, opened(url) as db:
        into(db, "vessel_positions", 1)
        into(db, "more_positions", 2)
        assert exact(db, "definition").active_now == 2
        assert "inheritance children" in engine_check(db)[1]


# --- sources that can't be followed --------------------------------------------------------------


def engine_check(db: psycopg.Connection) -> tuple[str, str, str]:
    """Return state, detail and hint of the status's check of the engine."""
    row = db.execute(
        "select state, detail, hint from vessel_activity_status() where check_name = 'engine'"
    ).fetchone()
    assert row is not None
    return row


def test_a_view_as_source_is_computed_by_the_definition(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(
            f"""
            create table reports {_COLUMNS};
            create view vessel_positions as select * from reports where speed is distinct from -1
            """  # noqa: S608
        )
        migrate.migrate(empty_url)
        into(db, "reports", 1)
        into(db, "vessel_positions", 2)
        assert exact(db, "definition").active_now == 2

        db.execute("delete from reports")
        assert exact(db, "definition").active_now == 0
        state, detail, hint = engine_check(db)
        assert state == "warn"
        assert "vessel_positions is a view or foreign table" in detail
        assert "ordinary or partitioned table in its place" in hint


def link_to_itself(db: psycopg.Connection) -> None:
    """Make the foreign server "elsewhere", which is the database itself."""
    try:
        db.execute("create extension postgres_fdw")
    except psycopg.errors.FeatureNotSupported:
        pytest.skip("this PostgreSQL has no postgres_fdw")
    db.execute(
        f"""
        create server elsewhere foreign data wrapper postgres_fdw
          options (host '{db.info.host}', port '5432', dbname '{db.info.dbname}');
        create user mapping for current_user server elsewhere options (user 'postgres')
        """
    )


def test_a_foreign_table_as_source_is_computed_by_the_definition(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        link_to_itself(db)
        db.execute(
            f"""
            create table reports {_COLUMNS};
            create foreign table vessel_positions (id bigint, "vesselId" bigint,
              timestamp timestamptz, latitude float8, longitude float8, speed float8, course float8)
              server elsewhere options (table_name 'reports')
            """
        )
        migrate.migrate(empty_url)
        into(db, "reports", 1)

        assert exact(db, "definition").active_now == 1
        assert engine_check(db)[0] == "warn"
        assert db.execute(
            "select distinct state from vessel_activity_status() where check_name like 'index%'"
        ).fetchall() == [("warn",)]


def test_writers_go_on_where_a_partition_is_a_foreign_table(partitioned: str) -> None:
    # PostgreSQL collects no rows for statement triggers from foreign tables, and refuses.
    across_both = (
        """
        insert into vessel_positions ("vesselId", timestamp)
        select v, %s - v * interval '40 days' from generate_series(0, 1) as v
        """,
        "update vessel_positions set speed = 5",
        "delete from vessel_positions where timestamp < %s - interval '30 days'",
    )
    with opened(partitioned) as db:
        link_to_itself(db)
        db.execute(
            f"""
            create table archive {_COLUMNS};
            drop index vessel_activity_timestamp_idx, vessel_activity_vessel_timestamp_idx;
            create foreign table old_days partition of vessel_positions
              for values from (minvalue) to ('2050-03-12 00:00+00')
              server elsewhere options (table_name 'archive')
            """
        )
        exact(db, "definition")
        assert "foreign table" in engine_check(db)[1]
        db.execute("select vessel_activity.maintain()")

        for statement in across_both:
            db.execute(statement, (AS_OF,) if "%s" in statement else None)

        assert exact(db, "definition").active_now == 1
        assert db.execute("select count(*) from archive").fetchone() == (0,)
        db.execute("drop foreign table old_days")
        db.execute("select vessel_activity.maintain()")
        exact(db, "rebuild", AS_OF + SECOND)
        into(db, "vessel_positions", 2)
        assert exact(db, "incremental", AS_OF + SECOND).active_now == 2


def test_a_logical_subscriber_is_computed_by_the_definition(
    server: LocalServer, url: str, template: str
) -> None:
    with (
        cloned(server, template) as publisher_url,
        psycopg.connect(publisher_url, autocommit=True) as publisher,
        psycopg.connect(url, autocommit=True) as db,
    ):
        publisher.execute("create publication fleet for table vessels, vessel_positions")
        slot = f"slot_{urlsplit(url).path[1:]}"
        publisher.execute("select pg_create_logical_replication_slot(%s, 'pgoutput')", (slot,))
        exact(db, "incremental")
        # Made by hand: creating the slot from here would wait for this session itself.
        db.execute(
            f"create subscription fleet connection '{publisher_url}' publication fleet "
            f"with (create_slot = false, slot_name = '{slot}', copy_data = false)"
        )
        try:
            add_vessels(publisher, [("Cargo", "NO")])
            into(publisher, "vessel_positions", 1)
            db.execute("set statement_timeout = '30s'")
            db.execute(
                "do $$ begin while not exists (select from vessel_positions) loop "
                "perform pg_sleep(0.02); commit; end loop; end $$"
            )

            assert exact(db, "definition").active_now == 1
            assert "logical replication" in (last_mode(db)[1] or "")
            state, detail, hint = engine_check(db)
            assert state == "warn"
            assert "logical replication" in detail
            assert "publisher" in hint
        finally:
            db.execute("drop subscription fleet")
        # Once it is a table like any other again, so is the way to compute.
        exact(db, "rebuild")
        db.execute("select setval('vessel_positions_id_seq', 100)")
        into(db, "vessel_positions", 2)
        assert exact(db, "incremental").active_now == 2


# --- rights and triggers -------------------------------------------------------------------------


def test_triggers_switched_off_are_noticed_and_switched_on_again(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("alter table vessel_positions disable trigger all")
    into(db, "vessel_positions", 1)

    assert exact(db, "definition").active_now == 1
    assert "lacks triggers of vessel activity" in engine_check(db)[1]

    db.execute("select vessel_activity.maintain()")
    assert exact(db, "rebuild").active_now == 1
    into(db, "vessel_positions", 2)
    assert exact(db, "incremental").active_now == 2


def test_triggers_switched_off_only_between_two_refreshes_are_noticed(
    db: psycopg.Connection,
) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("alter table vessel_positions disable trigger user")
    into(db, "vessel_positions", 1)
    for what in ("inserted", "updated", "deleted"):
        db.execute(f"alter table vessel_positions enable always trigger vessel_activity_{what}")

    assert exact(db, "rebuild").active_now == 1


def test_dropped_triggers_are_put_back_by_maintenance(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("drop trigger vessel_activity_updated on vessels")
    add_vessels(db, [("Cargo", "NO")])
    db.execute("update vessels set flag = 'US'")

    assert exact(db, "definition").top_flags == [("US", 1)]
    db.execute("select vessel_activity.maintain()")
    assert exact(db, "rebuild").top_flags == [("US", 1)]
    db.execute("update vessels set flag = 'SE'")
    assert exact(db, "incremental").top_flags == [("SE", 1)]


def test_a_trigger_under_another_name_is_noticed_and_put_right(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("alter trigger vessel_activity_inserted on vessel_positions rename to audit")
    into(db, "vessel_positions", 1)
    assert exact(db, "definition").positions_last_hour == 1
    assert "have other names" in engine_check(db)[1]

    db.execute("select vessel_activity.maintain()")
    exact(db, "rebuild", AS_OF + SECOND)
    for _ in range(3):
        into(db, "vessel_positions", 1)
    assert exact(db, "incremental", AS_OF + SECOND).positions_last_hour == 4


def test_a_publication_of_all_tables_stands_in_no_ones_way(db: psycopg.Connection) -> None:
    db.execute("create publication everything for all tables")
    refreshed(db, AS_OF - MINUTE)
    add_positions(db, (1, AS_OF), (2, AS_OF))
    add_vessels(db, [("Cargo", "NO")])
    db.execute("update vessels set flag = 'SE'")
    db.execute('delete from vessel_positions where "vesselId" = 1')

    assert exact(db, "incremental").active_now == 1


def test_replica_sessions_are_followed(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("set session_replication_role = replica")
    into(db, "vessel_positions", 1)

    assert exact(db, "incremental").active_now == 1


def test_an_owner_of_ours_without_rights_on_the_sources_computes_by_the_definition(
    empty_url: str,
) -> None:
    role = f"keeper_{urlsplit(empty_url).path[1:]}"
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(
            f"""
            create table vessels (id bigserial primary key, mmsi text, name text,
              "vesselType" text, flag text, active boolean);
            create table vessel_positions {_COLUMNS};
            create index on vessel_positions (timestamp);
            create index on vessel_positions ("vesselId", timestamp);
            create role {role} login;
            grant create on database {urlsplit(empty_url).path[1:]} to {role};
            grant create, usage on schema public to {role};
            grant select on vessels, vessel_positions to {role}
            """
        )
        try:
            migrate.migrate(empty_url.replace("postgres@", f"{role}@"))
            into(db, "vessel_positions", 1)
            with psycopg.connect(
                empty_url.replace("postgres@", f"{role}@"), autocommit=True
            ) as keeper:
                assert exact(keeper, "definition").active_now == 1
                assert "lacks triggers of vessel activity" in (last_mode(keeper)[1] or "")
                assert engine_check(keeper)[0] == "warn"
                assert "owner" in engine_check(keeper)[2]
        finally:
            db.execute(f"drop owned by {role} cascade")
            db.execute(f"drop role {role}")


# --- changes of shape ----------------------------------------------------------------------------


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
def test_altering_a_columns_type_stops_no_writer_and_a_migrate_fits_the_engine_to_it(
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

    if type_name != "numeric(6, 3)":  # of the same type: only its modifier is another
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
def test_altering_a_columns_collation_stops_nobody_and_a_migrate_fits_the_engine_to_it(
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
def test_a_longer_id_than_the_column_held_at_the_migrate_stops_no_writer(
    db: psycopg.Connection, wider: str
) -> None:
    alter_type(db, '"vesselId"', "varchar(4)")
    refreshed(db, AS_OF - MINUTE)
    db.execute(f'alter table vessel_positions alter "vesselId" type {wider}'.encode())
    into(db, "vessel_positions", 1234567)

    assert refreshed(db).active_now == 1
    into(db, "vessel_positions", 1234568)
    assert exact(db, "incremental" if "var" in wider else "definition").active_now == 2


def test_a_column_renamed_away_fails_the_refresh_and_back_again_heals_it(
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


def test_columns_that_change_their_names_with_each_other_are_noticed(
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


def test_another_table_under_the_name_is_noticed(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    into(db, "vessel_positions", 1)
    exact(db, "incremental")
    with db.transaction():
        db.execute("alter table vessel_positions rename to old_positions")
        db.execute("create table vessel_positions (like old_positions including all)")
    into(db, "vessel_positions", 2)
    into(db, "vessel_positions", 3)
    assert exact(db, "definition").active_now == 2

    db.execute("select vessel_activity.maintain()")
    assert exact(db, "rebuild").active_now == 2
    into(db, "old_positions", 4)  # no source any more
    db.execute('delete from old_positions where "vesselId" = 1')
    assert exact(db, "incremental").active_now == 2


def test_removing_the_product_leaves_the_tables_as_they_were(empty_url: str) -> None:
    described = """
        select c.relname, c.relkind::text,
          (select array_agg(t.tgname::text order by t.tgname) from pg_trigger as t
            where t.tgrelid = c.oid),
          (select array_agg(pg_get_indexdef(i.indexrelid) order by 1) from pg_index as i
            where i.indrelid = c.oid),
          (select array_agg(concat(a.attname, ' ', a.atttypid::regtype) order by a.attnum)
            from pg_attribute as a where a.attrelid = c.oid and a.attnum > 0)
        from pg_class as c
        where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
        order by 1
    """
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(_PARTITIONED["range"])
        db.execute(
            """
            create table vessels (id bigserial primary key, mmsi text, name text,
              "vesselType" text, flag text, active boolean);
            create function notice() returns trigger language plpgsql as 'begin return new; end';
            create trigger vessel_mine before insert on vessel_positions
              for each row execute function notice();
            create index mine on vessel_positions (speed)
            """
        )
        into(db, "vessel_positions", 1)
        before = db.execute(described).fetchall()

        migrate.migrate(empty_url)
        assert refreshed(db, AS_OF).active_now == 1
        rollback.rollback(empty_url)

        assert db.execute(described).fetchall() == before
        assert db.execute('select "vesselId" from vessel_positions').fetchall() == [(1,)]
        into(db, "vessel_positions", 2)
        assert (
            db.execute("select nspname from pg_namespace where nspname ~ '^vessel'").fetchall()
            == []
        )
