"""The SQL functions of sql/functions/: installed anew by every migrate, all or none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg

from vessel_activity.errors import MigrationError
from vessel_activity.paths import FUNCTIONS, ROOT

if TYPE_CHECKING:
    from pathlib import Path

# A function that is dropped and made anew loses its rights, and an upgrade may bring new functions.
# So the purposes that roles have are noted first, and renew_rights() gives them anew.
_NOTE_PURPOSES = """
do $$
begin
  perform pg_catalog.set_config('vessel_activity.granted', '', true);
  if pg_catalog.to_regprocedure('vessel_activity.granted()') is not null then
    execute $q$
      select pg_catalog.set_config('vessel_activity.granted', pg_catalog.json_agg(g)::text, true)
      from vessel_activity.granted() as g
      having pg_catalog.count(*) > 0
    $q$;
  end if;
end
$$"""
BEFORE = (
    _NOTE_PURPOSES,
    # The functions name each other, so none can be checked before all are there.
    "set local check_function_bodies = off",
    "set local lock_timeout = '10s'",
)
AFTER = (
    # Somebody may have deleted the row.
    "insert into vessel_activity.settings default values on conflict do nothing",
    "select vessel_activity.fit_to_sources()",
    "select vessel_activity.renew_rights()",
)


def files() -> list[Path]:
    """Return the files of the functions, in the order they are installed in.

    Raises:
        MigrationError: there are none.

    """
    found = sorted(FUNCTIONS.glob("*/*.sql"))
    if not found:
        raise MigrationError(f"the folder {FUNCTIONS} is empty; install vessel activity anew")
    return found


def install(connection: psycopg.Connection) -> int:
    """Install every function, and return how many files that were.

    Raises:
        psycopg.Error: the database refuses one. A note on the error names its file.

    """
    found = files()
    with connection.transaction():
        for statement in BEFORE:
            connection.execute(statement)
        for file in found:
            try:
                connection.execute(file.read_text(encoding="utf-8"))
            except psycopg.Error as error:
                error.add_note(f"in {file.relative_to(ROOT)}")
                raise
        for statement in AFTER:
            connection.execute(statement)
    return len(found)
