"""A view or foreign table in the place of a source table is computed by the definition."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.fleet import AS_OF, SECOND
from tests.support.sources import COLUMNS, engine_check, exact, into, maintained, opened
from vessel_activity.install import migrate


def test_a_view_as_source_is_computed_by_the_definition(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(
            f"""
            create table reports {COLUMNS};
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
    """Make a foreign server named "elsewhere" that leads back to this database."""
    db.execute("create extension postgres_fdw")
    db.execute(
        f"""
        create server elsewhere foreign data wrapper postgres_fdw
          options (host '{db.info.host}', port '5432', dbname '{db.info.dbname}');
        create user mapping for current_user server elsewhere options (user 'postgres')
        """
    )


@pytest.mark.needs("postgres_fdw")
def test_a_foreign_table_as_source_is_computed_by_the_definition(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        link_to_itself(db)
        db.execute(
            f"""
            create table reports {COLUMNS};
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


@pytest.mark.needs("postgres_fdw")
def test_writers_can_write_if_a_partition_is_a_foreign_table(partitioned: str) -> None:
    # PostgreSQL refuses statement triggers that collect rows of foreign tables.
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
            create table archive {COLUMNS};
            drop index vessel_activity_timestamp_idx, vessel_activity_vessel_timestamp_idx;
            create foreign table old_days partition of vessel_positions
              for values from (minvalue) to ('2050-03-12 00:00+00')
              server elsewhere options (table_name 'archive')
            """
        )
        exact(db, "definition")
        assert "foreign table" in engine_check(db)[1]
        maintained(db)

        for statement in across_both:
            db.execute(statement, (AS_OF,) if "%s" in statement else None)

        assert exact(db, "definition").active_now == 1
        assert db.execute("select count(*) from archive").fetchone() == (0,)
        db.execute("drop foreign table old_days")
        maintained(db)
        exact(db, "rebuild", AS_OF + SECOND)
        into(db, "vessel_positions", 2)
        assert exact(db, "incremental", AS_OF + SECOND).active_now == 2
