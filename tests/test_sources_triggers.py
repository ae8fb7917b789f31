"""Missing, disabled and renamed triggers on the source tables are noticed and repaired."""

from __future__ import annotations

from urllib.parse import urlsplit

import psycopg

from tests.support.fleet import AS_OF, MINUTE, SECOND, add_vessels, last_mode, refreshed
from tests.support.sources import COLUMNS, engine_check, exact, into, maintained
from vessel_activity.install import migrate


def test_disabled_triggers_are_noticed_and_enabled_again(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("alter table vessel_positions disable trigger all")
    into(db, "vessel_positions", 1)

    assert exact(db, "definition").active_now == 1
    assert "lacks triggers of vessel activity" in engine_check(db)[1]

    maintained(db)
    assert exact(db, "rebuild").active_now == 1
    into(db, "vessel_positions", 2)
    assert exact(db, "incremental").active_now == 2


def test_triggers_disabled_between_two_refreshes_are_noticed(
    db: psycopg.Connection,
) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("alter table vessel_positions disable trigger user")
    into(db, "vessel_positions", 1)
    for what in ("inserted", "updated", "deleted"):
        db.execute(f"alter table vessel_positions enable trigger vessel_activity_{what}")
    db.execute("alter table vessel_positions enable replica trigger vessel_activity_applied")

    assert exact(db, "rebuild").active_now == 1


def test_dropped_triggers_are_put_back_by_maintenance(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("drop trigger vessel_activity_updated on vessels")
    add_vessels(db, [("Cargo", "NO")])
    db.execute("update vessels set flag = 'US'")

    assert exact(db, "definition").top_flags == [("US", 1)]
    maintained(db)
    assert exact(db, "rebuild").top_flags == [("US", 1)]
    db.execute("update vessels set flag = 'SE'")
    assert exact(db, "incremental").top_flags == [("SE", 1)]


def test_a_renamed_trigger_is_noticed_and_repaired(db: psycopg.Connection) -> None:
    refreshed(db, AS_OF - MINUTE)
    db.execute("alter trigger vessel_activity_inserted on vessel_positions rename to audit")
    into(db, "vessel_positions", 1)
    assert exact(db, "definition").positions_last_hour == 1
    assert "have other names" in engine_check(db)[1]

    maintained(db)
    exact(db, "rebuild", AS_OF + SECOND)
    for _ in range(3):
        into(db, "vessel_positions", 1)
    assert exact(db, "incremental", AS_OF + SECOND).positions_last_hour == 4


def test_an_owner_without_rights_on_the_source_tables_computes_by_the_definition(
    empty_url: str,
) -> None:
    role = f"keeper_{urlsplit(empty_url).path[1:]}"
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(
            f"""
            create table vessels (id bigserial primary key, mmsi text, name text,
              "vesselType" text, flag text, active boolean);
            create table vessel_positions {COLUMNS};
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
