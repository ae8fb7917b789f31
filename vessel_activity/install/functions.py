"""The SQL functions of sql/functions/: installed anew by every migrate, all or none."""

from __future__ import annotations

import re
from typing import NamedTuple

import psycopg

from vessel_activity.errors import MigrationError
from vessel_activity.install import locks
from vessel_activity.install.session import LOCK_TIMEOUT, SCHEMA
from vessel_activity.paths import FUNCTIONS, INSTALL, ROOT

BEFORE = (
    # The functions name each other, so none can be checked before all are there.
    "set local check_function_bodies = off",
    f"set local lock_timeout = '{LOCK_TIMEOUT}'",
    # What an earlier version had keeps its row, without a text, until it is dropped.
    f"update {SCHEMA}.routine set ddl = null",  # noqa: S608 - a constant
)
AFTER = (
    # Somebody may have deleted the row.
    "insert into vessel_activity.settings default values on conflict do nothing",
    "select vessel_activity.fit_to_sources()",
    # A refresh that ran meanwhile may have called some old and some new functions.
    "update vessel_activity.state set fingerprint = null",
    "select vessel_activity.revoke_from_public()",
)
DROP_SUPERSEDED = "call vessel_activity.drop_superseded()"
"""Drops what only earlier versions had. It commits, so it can't run inside a transaction."""

TABLE = f"""\
create table if not exists {SCHEMA}.routine (
  signature text primary key,
  kind text not null check (kind in ('function', 'procedure', 'view')),
  path text not null,
  ddl text
);
comment on table {SCHEMA}.routine is 'The functions that migrates have installed. With it, a later version finds those to drop.';
comment on column {SCHEMA}.routine.signature is 'Name and types of the arguments.';
comment on column {SCHEMA}.routine.kind is 'function, procedure or view.';
comment on column {SCHEMA}.routine.path is 'File of the version that installed it.';
comment on column {SCHEMA}.routine.ddl is 'Text of the file, in the row of the first function of the file, and empty in the others; NULL if only an earlier version had it.';
"""  # noqa: E501 - SQL reads best in its own line length

_PUT = (
    f"insert into {SCHEMA}.routine (signature, kind, path, ddl) values (%s, %s, %s, %s)"  # noqa: S608
    " on conflict (signature) do update set kind = excluded.kind, path = excluded.path,"
    " ddl = excluded.ddl"
)
# A file has a comment on each of its functions, which names the function with the types of its
# arguments.
_SIGNATURE = re.compile(
    r"^comment on (function|procedure|view) ([\w.]+(?:\([^)]*(?:\([^)]*\)[^)]*)*\))?) is\b",
    re.MULTILINE,
)


class Routine(NamedTuple):
    """A function, procedure or view.

    Attributes:
        signature: its name with the types of its arguments.
        kind: function, procedure or view.
        path: its file, as seen from the root of the project.
        ddl: the text of the file, and empty for the second and further functions of a file.

    """

    signature: str
    kind: str
    path: str
    ddl: str


def routines() -> list[Routine]:
    """Return the functions, in the order they are installed in.

    Raises:
        MigrationError: there are none.

    """
    found = []
    for file in sorted(FUNCTIONS.glob("*/*.sql")):
        ddl = file.read_text(encoding="utf-8")
        for kind, signature in _SIGNATURE.findall(ddl):
            found.append(Routine(signature, kind, file.relative_to(ROOT).as_posix(), ddl))
            ddl = ""
    if not found:
        raise MigrationError(f"the folder {FUNCTIONS} is empty; install vessel activity anew")
    return found


def install(connection: psycopg.Connection) -> int:
    """Install every function, and return how many that are.

    Raises:
        psycopg.Error: the database refuses one, or an object of the user is built on a function
            that has another form in this version. Nothing is changed.

    """
    found = routines()

    def work() -> None:
        with connection.transaction():
            connection.execute(locks.for_changes().encode())
            connection.execute(TABLE.encode())
            for statement in BEFORE:
                connection.execute(statement.encode())
            with connection.cursor() as cursor:
                cursor.executemany(_PUT, found)
            connection.execute(text().encode())
            for statement in AFTER:
                connection.execute(statement.encode())

    try:
        locks.patiently(connection, work)
    except psycopg.Error as error:
        for routine in found:
            if routine.ddl and routine.ddl.strip() in (error.diag.context or ""):
                error.add_note(f"in {routine.path}")
        raise
    return len(found)


def text() -> str:
    """Return the SQL that installs the functions whose texts are in the table."""
    return (INSTALL / "functions.sql").read_text(encoding="utf-8")
