"""Finds out under which names the source tables are to be read, and keeps them for later migrates.

sql/install/find_names.sql says what a name may be. The functions follow the names that are kept
(vessel_activity.follow_names).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, NamedTuple

from vessel_activity.paths import INSTALL

if TYPE_CHECKING:
    import psycopg


class Names(NamedTuple):
    """The names that a migrate is given; what is None stays as an earlier migrate has kept it.

    Attributes:
        vessels: the table of vessels, as in SQL.
        positions: the table of positions, as in SQL.
        map: the columns that have other names than the usual ones, as in `speed=sog/10,flag=state`.

    """

    vessels: str | None = None
    positions: str | None = None
    map: str | None = None


KEPT = Names()
"""Leaves all names as they are."""


def find(connection: psycopg.Connection, names: Names) -> None:
    """Find the names, and leave them in settings of the session.

    Raises:
        psycopg.Error: a name can't be read, or there is no such table or column, or it is not fit
            to be a source.

    """
    given = {name: value for name, value in names._asdict().items() if value is not None}
    connection.execute(
        "select pg_catalog.set_config('vessel_activity.names', %s, false)", (json.dumps(given),)
    )
    connection.execute(found().encode())


def found() -> str:
    """Return the SQL that finds the names given in the setting vessel_activity.names."""
    return (INSTALL / "find_names.sql").read_text(encoding="utf-8")


def kept() -> str:
    """Return the SQL that keeps the names which `found` has found in this session."""
    return (INSTALL / "keep_names.sql").read_text(encoding="utf-8")


def are_usual(connection: psycopg.Connection) -> bool:
    """Return whether `find` has found the usual names only."""
    return connection.execute(
        "select pg_catalog.current_setting('vessel_activity.other_names', true) = 'on'"
    ).fetchone() != (True,)
