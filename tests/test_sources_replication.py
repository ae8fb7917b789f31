"""Source tables that take part in replication give exact figures."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from tests.conftest import cloned
from tests.support.fleet import AS_OF, MINUTE, add_positions, add_vessels, last_mode, refreshed
from tests.support.sources import engine_check, exact, into

if TYPE_CHECKING:
    from vessel_activity.database.local_server import LocalServer


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
        # The slot exists already: creating it in this statement would wait for this session itself.
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
        # Without the subscription the table is followed again.
        exact(db, "rebuild")
        db.execute("select setval('vessel_positions_id_seq', 100)")
        into(db, "vessel_positions", 2)
        assert exact(db, "incremental").active_now == 2


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
