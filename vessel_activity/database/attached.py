"""The database that a command works on: DATABASE_URL, or the embedded server."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import psycopg

from vessel_activity.database.connections import connect
from vessel_activity.database.embedded import embedded_database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vessel_activity.settings import Settings


@contextmanager
def attached(settings: Settings) -> Iterator[str]:
    """Give the libpq URL of the database to work on while the block lasts.

    That is DATABASE_URL if it is set. Otherwise it is the embedded server, which is started or
    joined, and which its last user stops.

    Raises:
        LocalServerError: the embedded server can't be run.

    """
    if settings.database_url is not None:
        with _explained(settings.database_url):
            yield settings.database_url
        return
    with embedded_database(settings.data_dir) as url, _explained(url):
        yield url


@contextmanager
def _explained(url: str) -> Iterator[None]:
    """Add a hint to an error whose own text has none, while the database can be asked."""
    try:
        yield
    except psycopg.Error as error:
        with suppress(psycopg.Error):  # without an answer there is nothing to add
            if (hint := _way_out(error, url)) is not None:
                error.add_note(f"hint: {hint}")
        raise


def _way_out(error: psycopg.Error, url: str) -> str | None:
    """Say what to do about an object that is missing, or that this role may not use."""
    missing = psycopg.errors.UndefinedFunction | psycopg.errors.InvalidSchemaName
    refused = isinstance(error, psycopg.errors.InsufficientPrivilege)
    if not isinstance(error, missing) and (not refused or error.diag.message_hint):
        return None
    with connect(url, purpose="explain") as connection:
        row = connection.execute(_WHO).fetchone()
    assert row is not None  # noqa: S101 - one row, always
    role, literal, owner, is_owner = row
    if not refused:
        if owner is not None:
            return None
        return "vessel activity is not installed in this database; run `vessel-activity migrate`"
    if owner is None:
        return (
            f"you are {role}; run `vessel-activity migrate` as the owner of the source tables, with"
            " the right to create in the database and in schema public"
        )
    if is_owner:
        return (
            f"you are {role}, who owns vessel activity in this database; the owner of the object"
            " that the message names must grant you the right"
        )
    return (
        f"you are {role}; vessel activity in this database belongs to {owner}. Migrate, load and"
        f" replay as {owner}. To let {role} read, {owner} runs:"
        f" select public.vessel_activity_grant({literal}, 'reader'); with 'operator' {role} may"
        " refresh too"
    )


_WHO = """
    select current_user, pg_catalog.quote_literal(current_user), r.rolname,
      pg_catalog.pg_has_role(r.oid, 'usage')
    from (select) as one
    left join pg_catalog.pg_namespace as n on n.nspname = 'vessel_activity'
    left join pg_catalog.pg_roles as r on r.oid = n.nspowner
"""
