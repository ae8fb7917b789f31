"""Which database the product works on, and the commands migrate, rollback, refresh and status.

Without DATABASE_URL it is the embedded server under .data/, run for as long as it is needed.
Usage: python database.py migrate|rollback|refresh|status
"""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, NoReturn

import psycopg

import migrate
from connections import connect, describe, name_of
from embedded import embedded_database
from local_server import LocalServerError
from settings import Settings, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime


@contextmanager
def attached(settings: Settings) -> Iterator[str]:
    """Give the libpq URL of the database to work on while the block lasts.

    It is DATABASE_URL where that is set; else the embedded server, started or joined, and
    stopped at the end by its last user.

    Raises:
        local_server.LocalServerError: the embedded server can't be run.

    """
    if settings.database_url is not None:
        yield settings.database_url
        return
    with embedded_database(settings.data_dir) as url:
        yield url


def show_past(connection: psycopg.Connection, late_from: datetime, until: datetime) -> None:
    """Give positions that were written after their time a trend and current figures.

    Args:
        connection: an autocommit connection.
        late_from: from this instant on positions were missing while it passed, so that what was
            sampled then, such as the nothing of a fresh database, is computed anew.
        until: the instant up to which they are there now. At least the day before it is filled.

    """
    connection.execute("delete from vessel_activity.history where sampled_at > %s", (late_from,))
    since = min(late_from, until - timedelta(hours=24))
    connection.execute("select public.vessel_activity_backfill_history(%s, %s)", (since, until))
    connection.execute("select public.refresh_vessel_activity()")


def refresh(url: str) -> None:
    """Refresh once and print the row; `make refresh`."""
    with connect(url, purpose="refresh") as connection:
        row = connection.execute(
            "select public.vessel_activity_json(r) from public.refresh_vessel_activity() as r"
        ).fetchone()
    if row is None:
        raise LocalServerError("the refresh returned no row")
    print(row[0])


def status(url: str) -> None:
    """Print one line a check; exit code 1 when one of them fails; `make status`."""
    with connect(url, purpose="status") as connection:
        checks = connection.execute(
            "select check_name, state, detail, hint from public.vessel_activity_status()"
        ).fetchall()
    width = max((len(str(name)) for name, *_ in checks), default=0)
    for name, state, detail, hint in checks:
        print(f"{state:<4}  {name:<{width}}  {detail}")
        if hint and state != "ok":
            print(f"{'':<4}  {'':<{width}}  -> {hint}")
    if any(state == "fail" for _, state, *_ in checks):
        sys.exit(1)


def fail(error: Exception, url: str | None = None) -> NoReturn:
    """End the program with exit code 2 and the error in plain words on standard error."""
    text = describe(error)
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None and url is not None:
        text = f"can't connect to {name_of(url)}: {text}\n  hint: check DATABASE_URL"
    if isinstance(error, psycopg.errors.UndefinedFunction | psycopg.errors.InvalidSchemaName):
        text += "\n  hint: vessel activity is not installed there; run `make migrate` first"
    print(f"error: {text}", file=sys.stderr)
    sys.exit(2)


_COMMANDS: dict[str, Callable[[str], None]] = {
    "migrate": migrate.migrate,
    "rollback": migrate.rollback,
    "refresh": refresh,
    "status": status,
}


def main() -> None:
    """Run one command of the four on the database that the environment names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=_COMMANDS)
    command = parser.parse_args().command
    where: str | None = None
    try:
        with attached(Settings.from_env()) as url:
            where = url
            _COMMANDS[command](url)
    except (psycopg.Error, SettingsError, LocalServerError, migrate.MigrationError) as error:
        fail(error, where)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


if __name__ == "__main__":
    main()
