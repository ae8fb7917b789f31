"""Source tables that take part in replication give exact figures."""

from __future__ import annotations

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
    add_positions,
    add_vessels,
    refreshed,
)
from tests.support.sources import engine_check, exact, into, maintained, opened
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from vessel_activity.database.local_server import LocalServer


def wait_for(db: psycopg.Connection, condition: str) -> None:
    """Wait until a condition over the source tables is true, for 30 s at most."""
    db.execute("set statement_timeout = '30s'")
    db.execute(
        f"do $$ begin while not ({condition}) loop "
        "perform pg_sleep(0.02); commit; end loop; end $$".encode()
    )


def test_a_logical_subscriber_is_followed(server: LocalServer, url: str, template: str) -> None:
    with (
        cloned(server, template) as publisher_url,
        psycopg.connect(publisher_url, autocommit=True) as publisher,
        psycopg.connect(url, autocommit=True) as db,
    ):
        into(publisher, "vessel_positions", 1, AS_OF - 2 * MINUTE)
        publisher.execute("create publication fleet for table vessels, vessel_positions")
        slot = f"slot_{urlsplit(url).path[1:]}"
        publisher.execute("select pg_create_logical_replication_slot(%s, 'pgoutput')", (slot,))
        exact(db, "incremental", AS_OF - MINUTE)
        # The slot exists already: creating it in this statement would wait for this session itself.
        db.execute(
            f"create subscription fleet connection '{publisher_url}' publication fleet "
            f"with (create_slot = false, slot_name = '{slot}', copy_data = false)"
        )
        try:
            add_vessels(publisher, [("Cargo", "NO"), ("Tanker", "SE"), ("Tanker", "SE")])
            for vessel in range(1, 21):
                into(publisher, "vessel_positions", vessel)
            publisher.execute('update vessel_positions set speed = 20 where "vesselId" <= 10')
            publisher.execute("update vessels set active = false where mmsi = '3'")
            publisher.execute('delete from vessel_positions where "vesselId" = 20')
            publisher.execute("delete from vessels where mmsi = '1'")
            wait_for(db, "(select count(*) from vessels) = 2")

            figures = exact(db, "incremental")
            assert (figures.active_now, figures.positions_last_hour) == (19, 19)
            assert (figures.total_vessels, figures.top_flags) == (1, [("SE", 1)])
            assert figures.speed_avg == Decimal("15.26")  # 10 of 20 and 9 of 10 knots
            assert engine_check(db)[0] == "ok"
            publisher.execute("truncate vessel_positions")
            wait_for(db, "not exists (select from vessel_positions)")
            assert exact(db, "rebuild").positions_last_hour == 0
        finally:
            db.execute("drop subscription fleet")
        db.execute("select setval('vessel_positions_id_seq', 100)")
        into(db, "vessel_positions", 2)
        assert exact(db, "incremental").active_now == 1


def test_a_subscription_that_comes_and_goes_between_two_refreshes_is_followed(
    server: LocalServer, url: str, template: str
) -> None:
    with (
        cloned(server, template) as publisher_url,
        psycopg.connect(publisher_url, autocommit=True) as publisher,
        psycopg.connect(url, autocommit=True) as db,
    ):
        for vessel in range(1, 6):
            into(publisher, "vessel_positions", vessel)
        publisher.execute("create publication fleet for table vessel_positions")
        slot = f"slot_{urlsplit(url).path[1:]}"
        publisher.execute("select pg_create_logical_replication_slot(%s, 'pgoutput')", (slot,))
        exact(db, "incremental")
        db.execute(
            f"create subscription fleet connection '{publisher_url}' publication fleet "
            f"with (create_slot = false, slot_name = '{slot}')"
        )
        wait_for(db, "(select count(*) from vessel_positions) = 5")
        db.execute("drop subscription fleet")

        assert exact(db, "incremental").active_now == 5


@pytest.mark.needs("pglogical")
def test_changes_that_pglogical_applies_are_followed(
    new_server: Callable[..., LocalServer],
) -> None:
    server = new_server(shared_preload_libraries="pglogical", max_worker_processes="20")
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as admin:
        for name in ("provider", "subscriber"):
            admin.execute(f"create database {name}")
            migrate.migrate(server.url(name))
    with (
        psycopg.connect(server.url("provider"), autocommit=True) as provider,
        psycopg.connect(server.url("subscriber"), autocommit=True) as db,
    ):
        for node, name in ((provider, "provider"), (db, "subscriber")):
            node.execute("create extension pglogical")
            dsn = f"host={server.socket_folder} port=5432 user=postgres dbname={name}"
            node.execute("select pglogical.create_node(%s, %s)", (name, dsn))
            add_vessels(node, [("Cargo", "NO"), ("Cargo", "NO")])
            into(node, "vessel_positions", 1)
        provider.execute(
            "select pglogical.replication_set_add_all_tables('default', array['public'])"
        )
        refreshed(db, AS_OF - MINUTE)
        dsn = f"host={server.socket_folder} port=5432 user=postgres dbname=provider"
        db.execute(
            "select pglogical.create_subscription('s', %s, array['default'],"
            " synchronize_structure := false, synchronize_data := false)",
            (dsn,),
        )
        db.execute("select pglogical.wait_for_subscription_sync_complete('s')")
        assert exact(db, "incremental").active_now == 1
        add_vessels(provider, [("Tanker", "SE")])
        for vessel in range(2, 22):
            into(provider, "vessel_positions", vessel)
        wait_for(db, "(select count(*) from vessel_positions) = 21")

        figures = exact(db, "incremental")
        assert figures[:5] == (21, 21, 21, 3, 21)
        provider.execute('update vessel_positions set speed = 20 where "vesselId" <= 7')
        provider.execute('delete from vessel_positions where "vesselId" > 14')
        wait_for(db, "(select count(*) from vessel_positions) = 14")
        figures = exact(db, "incremental", AS_OF + SECOND)
        assert (figures.active_now, figures.speed_avg) == (14, Decimal(15))
        assert db.execute("select count(*) from pg_subscription_rel").fetchone() == (0,)
        db.execute("select pglogical.drop_subscription('s')")


def test_a_publication_of_all_tables_blocks_no_writer(db: psycopg.Connection) -> None:
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

    with db.cursor().copy('copy vessel_positions ("vesselId", timestamp) from stdin') as copy:
        for vessel in range(2, 30):
            copy.write_row((vessel, AS_OF))
    add_vessels(db, [("Cargo", "NO"), ("Tanker", "SE")])
    assert exact(db, "incremental", AS_OF + SECOND)[:5] == (29, 29, 29, 2, 29)
    db.execute(
        """
        insert into vessels (mmsi, active) values ('1', false), ('9', true)
        on conflict (mmsi) do update set active = excluded.active;
        merge into vessel_positions as p
        using (select v from generate_series(1, 31) as v) as s on p."vesselId" = s.v
        when matched and s.v > 20 then delete
        when matched then update set speed = 30
        when not matched then insert ("vesselId", timestamp) values (s.v, '2050-03-13 12:00+00');
        delete from vessels where mmsi = '2'
        """
    )
    figures = exact(db, "incremental", AS_OF + 2 * SECOND)
    assert (figures.active_now, figures.total_vessels, figures.speed_avg) == (
        22,
        1,
        Decimal(30),
    )


def test_each_role_notes_each_change_once(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    for number, role in enumerate(("replica", "origin", "local", "replica", "local")):
        db.execute(f"set session_replication_role = {role}")
        into(db, "vessel_positions", number)
        db.execute("update vessel_positions set speed = speed + 1")
        add_vessels(db, [("Cargo", "NO")])
        db.execute("update vessels set flag = 'SE' where mmsi = '1'")
    with db.transaction():
        for role in ("replica", "origin"):
            db.execute(f"set session_replication_role = {role}")
            db.execute('delete from vessel_positions where "vesselId" < 3')
            into(db, "vessel_positions", 7)

    figures = exact(db, "incremental")
    assert (figures.active_now, figures.positions_last_hour, figures.total_vessels) == (3, 4, 5)


def test_a_replica_session_that_moves_rows_across_partitions_is_followed(partitioned: str) -> None:
    with opened(partitioned) as db:
        db.execute("set session_replication_role = replica")
        into(db, "vessel_positions", 1, AS_OF - 2 * HOUR)
        into(db, "afternoon", 2)
        assert exact(db, "incremental")[:3] == (1, 1, 2)
        db.execute("update vessel_positions set timestamp = %s", (AS_OF - MINUTE,))
        db.execute(
            """
            merge into vessel_positions as p
            using (values (2, %s - interval '2 hours'), (3, %s)) as s (v, at) on p."vesselId" = s.v
            when matched then update set timestamp = s.at
            when not matched then insert ("vesselId", timestamp) values (s.v, s.at)
            """,
            (AS_OF, AS_OF),
        )
        assert exact(db, "incremental", AS_OF + SECOND)[:3] == (2, 2, 3)


def test_a_partition_that_comes_and_goes_in_a_replica_session_is_noticed(partitioned: str) -> None:
    midnight = datetime(2050, 3, 14, 0, 40, tzinfo=UTC)
    with opened(partitioned) as db:
        into(db, "vessel_positions", 1, midnight - HOUR)
        exact(db, "incremental", midnight - HOUR)
        db.execute(
            "create table evening partition of vessel_positions "
            "for values from ('2050-03-14 00:00+00') to ('2050-03-15 00:00+00')"
        )
        maintained(db)
        db.execute("set session_replication_role = replica")
        into(db, "evening", 5, midnight)
        db.execute("drop table evening")

        assert exact(db, "rebuild", midnight)[:3] == (0, 1, 1)
