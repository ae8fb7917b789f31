"""Source tables with inheritance children are computed by the definition."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import cloned
from tests.support.fleet import AS_OF, HOUR, MINUTE, definition, refreshed
from tests.support.sources import engine_check, exact, into, maintained, opened

if TYPE_CHECKING:
    import psycopg

    from vessel_activity.database.local_server import LocalServer


def test_an_inheritance_child_added_and_dropped_between_two_refreshes_is_noticed(
    db: psycopg.Connection,
) -> None:
    refreshed(db, AS_OF - MINUTE)
    # The catalog notes that a table has children until the next ANALYZE. A second child leaves no
    # further trace.
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
        maintained(db)
        into(db, "vessel_positions", 8, AS_OF - 2 * HOUR)
        refreshed(db)


def test_inheritance_children_are_computed_by_the_definition(
    server: LocalServer, source_templates: dict[str, str]
) -> None:
    with cloned(server, source_templates["inheritance"]) as url, opened(url) as db:
        into(db, "vessel_positions", 1)
        into(db, "more_positions", 2)
        assert exact(db, "definition").active_now == 2
        assert "inheritance children" in engine_check(db)[1]
