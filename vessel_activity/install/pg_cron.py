"""pg_cron: puts our jobs where it lives, which is often another database of the same server."""

from __future__ import annotations

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from vessel_activity.database.connections import connect
from vessel_activity.database.errors import describe


def schedule(connection: psycopg.Connection, url: str) -> str:
    """Schedule the jobs and say who refreshes.

    Having no pg_cron, or no right to use it, is no error: the fallback loop takes over.

    Args:
        connection: to the database that is refreshed.
        url: the URL it was opened with; pg_cron's database is reached the same way.

    """
    row = connection.execute("select public.vessel_activity_schedule()").fetchone()
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
        return (
            f"by the fallback loop; the job can't be put into {home}, where pg_cron lives: "
            f"{describe(error)}"
        )
    return said


def unschedule(connection: psycopg.Connection, url: str) -> None:
    """Take the jobs out again, wherever pg_cron lives; print what may be left and how to end it.

    A role that is no superuser sees its own jobs only, and may not be told where they are.
    """
    if connection.execute(
        "select to_regprocedure('vessel_activity.cron_database()')"
    ).fetchone() == (None,):
        return  # nothing was ever scheduled
    row = connection.execute(
        "select vessel_activity.cron_database(), current_database(),"
        " pg_has_role('pg_read_all_settings', 'usage')"
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
        left = "it may not be known here where pg_cron lives"
    if left is not None:
        where = f"database {home}" if home is not None else "the database where pg_cron lives"
        print(
            f"pg_cron may still have jobs of {database}: {left}\n"
            f"  hint: as superuser in {where}: {removal.as_string(connection)};"
        )


def _remove(url: str, removal: sql.Composed, most: int) -> str | None:
    """Remove the jobs that can be seen; return why there may be more, None where there are none."""
    try:
        with connect(url, purpose="unschedule") as there:
            if there.execute("select to_regclass('cron.job')").fetchone() == (None,):
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
    return f"{removed} of {most} were removed, and those of other roles can't be seen"


def _home_elsewhere(connection: psycopg.Connection) -> str | None:
    row = connection.execute(
        "select nullif(vessel_activity.cron_database(), current_database())"
    ).fetchone()
    return None if row is None or row[0] is None else str(row[0])
