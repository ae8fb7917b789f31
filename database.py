"""Which database the product works on, and the commands migrate, rollback, refresh and status.

Without DATABASE_URL it is the embedded server under .data/, run for as long as it is needed.
Usage: python database.py migrate|rollback|refresh|status
"""

from __future__ import annotations

import argparse
import sys
from contextlib import contextmanager, suppress
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
        with _explained(settings.database_url):
            yield settings.database_url
        return
    with embedded_database(settings.data_dir) as url, _explained(url):
        yield url


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Note with an error what the database itself leaves out, while it is there to be asked."""
    try:
        yield
    except psycopg.Error as error:
        with suppress(psycopg.Error):  # where it can't be asked there is nothing to add
            if (hint := _way_out(error, url)) is not None:
                error.add_note(f"hint: {hint}")
        raise


def _way_out(error: psycopg.Error, url: str) -> str | None:
    """Say what to do about something that is not there, or not for us."""
    missing = psycopg.errors.UndefinedFunction | psycopg.errors.InvalidSchemaName
    refused = isinstance(error, psycopg.errors.InsufficientPrivilege)
    if not isinstance(error, missing) and (not refused or error.diag.message_hint):
        return None
    with connect(url, purpose="explain") as connection:
        row = connection.execute(_WHO).fetchone()
    assert row is not None  # noqa: S101 - one row, always
    role, literal, owner, is_owner = row
    if not refused:
        installed = owner is not None
        return None if installed else "vessel activity is not installed there; run `make migrate`"
    if owner is None:
        return (
            f"you are {role}; `make migrate` needs the owner of the tables, with the right to "
            "create in the database and in schema public"
        )
    if is_owner:
        return f"you are {role}, who owns vessel activity there, but not what the message names"
    return (
        f"you are {role}, and vessel activity there belongs to {owner}, who alone may migrate, "
        f"load and replay; to read or to refresh let {owner} run: "
        f"select public.vessel_activity_grant({literal}, 'reader'), or 'operator'"
    )


_WHO = """
    select current_user, pg_catalog.quote_literal(current_user), r.rolname,
      pg_catalog.pg_has_role(r.oid, 'usage')
    from (select) as one
    left join pg_catalog.pg_namespace as n on n.nspname = 'vessel_activity'
    left join pg_catalog.pg_roles as r on r.oid = n.nspowner
"""


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
    text += "".join(f"\n  {note}" for note in getattr(error, "__notes__", []))
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
