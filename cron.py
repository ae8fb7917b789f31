"""pg_cron: puts our jobs where it lives, which is often another database of the same server."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import make_conninfo

from connections import connect, describe


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
    """Take the jobs out again, wherever pg_cron lives; none there is no error."""
    if connection.execute(
        "select to_regprocedure('vessel_activity.cron_database()')"
    ).fetchone() == (None,):
        return  # nothing was ever scheduled
    row = connection.execute(
        "select vessel_activity.cron_database(), current_database()"
    ).fetchone()
    if row is None or row[0] is None:
        return
    home, database = row
    try:
        with connect(make_conninfo(url, dbname=home), purpose="unschedule") as there:
            if there.execute("select to_regclass('cron.job')").fetchone() == (None,):
                return
            there.execute(
                "select cron.unschedule(jobid) from cron.job where jobname in (%s, %s)",
                (f"vessel_activity refresh {database}", f"vessel_activity purge {database}"),
            )
    except psycopg.Error as error:
        print(f"the pg_cron jobs of {database} may still stand in {home}: {describe(error)}")


def _home_elsewhere(connection: psycopg.Connection) -> str | None:
    row = connection.execute(
        "select nullif(vessel_activity.cron_database(), current_database())"
    ).fetchone()
    return None if row is None or row[0] is None else str(row[0])
