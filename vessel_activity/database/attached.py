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
    """Say what to do about an error whose own text does not say it."""
    missing = psycopg.errors.UndefinedFunction | psycopg.errors.InvalidSchemaName
    refused = isinstance(error, psycopg.errors.InsufficientPrivilege)
    in_question = isinstance(error, missing) or (refused and not error.diag.message_hint)
    is_too_late = isinstance(error, psycopg.errors.FeatureNotSupported) and "CONCURRENTLY" in str(
        error
    )
    if not in_question and not is_too_late and not error.diag.context:
        return None
    with connect(url, purpose="explain") as connection:
        trigger = connection.execute(
            _EVENT_TRIGGER, {"context": error.diag.context or "", "is_too_late": is_too_late}
        ).fetchone()
        if trigger is not None:
            return str(trigger[0])
        row = connection.execute(_WHO).fetchone() if in_question else None
    if row is None:
        return None
    role, literal, owner, is_owner, renamed = row
    if refused:
        return _right(role, literal, owner, is_owner=is_owner)
    if renamed is not None:
        return f"the schema vessel_activity was renamed; run {renamed}"
    absent = "vessel activity is not installed in this database; run `vessel-activity migrate`"
    return absent if owner is None else None


def _right(role: str, literal: str, owner: str | None, *, is_owner: bool | None) -> str:
    """Say what to do about an object that this role may not use."""
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
        f"you are {role}; vessel activity in this database belongs to {owner}. Migrate, roll back"
        f" and replay as {owner}. To let {role} ask for the status and refresh, {owner} runs:"
        f" select public.vessel_activity_grant({literal}, 'operator'); to serve, with 'server'; to"
        " load, with 'feeder'"
    )


_WHO = """
    select current_user, pg_catalog.quote_literal(current_user), r.rolname,
      pg_catalog.pg_has_role(r.oid, 'usage'),
      (
        select pg_catalog.format('alter schema %I rename to vessel_activity', o.nspname)
        from pg_catalog.pg_namespace as o
        join pg_catalog.pg_proc as p
          on p.pronamespace = o.oid and p.proname = 'note_positions_inserted'
        where n.oid is null
        limit 1
      )
    from (select) as one
    left join pg_catalog.pg_namespace as n on n.nspname = 'vessel_activity'
    left join pg_catalog.pg_roles as r on r.oid = n.nspowner
"""

# The context of an error names the functions that were running. DROP INDEX CONCURRENTLY fails if
# an event trigger has written something before it.
_EVENT_TRIGGER = """
    select pg_catalog.format(
      case
        when e.evtevent = 'ddl_command_start' and %(is_too_late)s then
          'the event trigger %%I writes to the database before each command, but DROP INDEX'
          ' CONCURRENTLY must be the first to do so; run alter event trigger %%1$I disable'
          ' meanwhile'
        else
          'the event trigger %%I ran the function %%s, which failed; run alter event trigger %%1$I'
          ' disable meanwhile, or correct the function: a name in it may lack its schema'
      end,
      e.evtname, e.evtfoid::pg_catalog.regprocedure)
    from pg_catalog.pg_event_trigger as e
    join pg_catalog.pg_proc as p on p.oid = e.evtfoid
    where e.evtenabled <> 'D'
      and (
        pg_catalog.strpos(%(context)s, p.proname || '(') > 0
        or e.evtevent = 'ddl_command_start' and %(is_too_late)s
      )
    order by e.evtname
    limit 1
"""
