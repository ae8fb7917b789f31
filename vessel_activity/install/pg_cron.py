"""Schedules the jobs with pg_cron, which is often in another database of the same server."""

from __future__ import annotations

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from vessel_activity.database.connections import connect
from vessel_activity.database.errors import describe


def schedule(connection: psycopg.Connection, url: str) -> str:
    """Schedule the jobs, and say who refreshes.

    A missing pg_cron, or a missing right to use it, is no error: the refresh loop takes over.

    Args:
        connection: a connection to the database that is refreshed.
        url: the URL of that connection. The database of pg_cron is reached in the same way.

    """
    row = connection.execute("select vessel_activity.set_schedule(null)").fetchone()
    said = str(row[0]) if row is not None else ""
    home = _home_elsewhere(connection)
    if home is None:
        return said
    jobs = connection.execute(
        "select job_name, schedule, command, job_database from vessel_activity.cron_jobs()"
    ).fetchall()
    try:
        with connect(make_conninfo(url, dbname=home), purpose="schedule") as there:
            there.execute("create extension if not exists pg_cron")
            for job in jobs:
                there.execute("select cron.schedule_in_database(%s, %s, %s, %s)", job)
    except psycopg.Error as error:
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            error.add_note(f"hint: {_right_to_schedule(connection, home)}")
        return (
            f"refreshed by the refresh loop; the jobs can't be scheduled in database {home}, where "
            f"pg_cron is: "
            f"{describe(error)}"
        )
    return said


def _right_to_schedule(connection: psycopg.Connection, home: str) -> str:
    """Say what a superuser must grant so that this role may schedule jobs for another database."""
    row = connection.execute("select pg_catalog.quote_ident(current_user)").fetchone()
    role = row[0] if row else connection.info.user
    return (
        f"run as superuser in database {home}: grant usage on schema cron to {role}; grant execute"
        f" on function cron.schedule_in_database(text, text, text, text, text, boolean) to {role}."
        " Then run `vessel-activity migrate`."
    )


def unschedule(connection: psycopg.Connection, url: str) -> None:
    """Remove the jobs from the database of pg_cron; print which may remain, and how to remove them.

    A role that is no superuser sees only its own jobs. It may not see where pg_cron is.
    """
    if connection.execute(
        "select pg_catalog.to_regprocedure('vessel_activity.cron_database()')"
    ).fetchone() == (None,):
        return  # nothing was ever scheduled
    row = connection.execute(
        "select vessel_activity.cron_database(), pg_catalog.current_database(),"
        " pg_catalog.pg_has_role('pg_read_all_settings', 'usage')"
    ).fetchone()
    assert row is not None  # noqa: S101 - one row, always
    home, database, may_know = row
    names = [f"vessel_activity {what} {database}" for what in ("refresh", "purge")]
    removal = sql.SQL(
        "select cron.unschedule(jobid) from cron.job where jobname in ({}, {})"
    ).format(*names)
    left: str | None = None
    if home is not None:
        left = _remove(make_conninfo(url, dbname=home), removal, len(names))
    elif not may_know:
        left = "this role may not see the setting cron.database_name"
    if left is not None:
        where = f"database {home}" if home is not None else "the database of pg_cron"
        print(
            f"pg_cron may still have jobs of {database}: {left}\n"
            f"  hint: run as superuser in {where}: {removal.as_string(connection)};"
        )


def _remove(url: str, removal: sql.Composed, most: int) -> str | None:
    """Remove the visible jobs; return why there may be more, or None if there are no more."""
    try:
        with connect(url, purpose="unschedule") as there:
            if there.execute("select pg_catalog.to_regclass('cron.job')").fetchone() == (None,):
                return None
            removed = there.execute(removal).rowcount
            sees_all = there.execute(
                "select r.rolsuper or r.rolbypassrls from pg_roles as r"
                " where r.rolname = current_user"
            ).fetchone()
    except psycopg.Error as error:
        return describe(error)
    if removed >= most or sees_all == (True,):
        return None
    return f"{removed} of {most} jobs were removed; this role can't see the jobs of other roles"


def _home_elsewhere(connection: psycopg.Connection) -> str | None:
    row = connection.execute(
        "select nullif(vessel_activity.cron_database(), pg_catalog.current_database())"
    ).fetchone()
    return None if row is None or row[0] is None else str(row[0])
