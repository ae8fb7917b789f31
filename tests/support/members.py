"""Databases that are members of a combining database, all on one server, joined by dblink."""

from __future__ import annotations

import json
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from tests.conftest import cloned
from tests.support.fleet import Figures

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from vessel_activity.database.local_server import LocalServer


UNION = """
    create temp table ship
      (place integer, id integer, mmsi text, kind text, flag text, active boolean);
    create temp table report (place integer, id integer, at timestamptz, speed numeric)
"""
_FIGURES = """
    with heard as (
      select coalesce(nullif(s.mmsi, ''), r.id::text) as vessel, max(r.at) as at
      from report as r left join ship as s using (place, id)
      where r.at <= %(as_of)s and r.at >= %(as_of)s - interval '24 hours'
      group by 1
    ), fleet as (
      select distinct on (coalesce(nullif(mmsi, ''), id::text)) kind, flag
      from ship where active order by coalesce(nullif(mmsi, ''), id::text), place
    )
    select
      (select count(*) from heard where at >= %(as_of)s - interval '5 minutes'),
      (select count(*) from heard where at >= %(as_of)s - interval '1 hour'),
      (select count(*) from heard),
      (select count(*) from fleet),
      (select count(*) from report where at between %(as_of)s - interval '1 hour' and %(as_of)s),
      (select coalesce(json_agg(array[k, n::text] order by n desc, k), '[]')::text
        from (select kind as k, count(*) as n from fleet group by 1 order by 2 desc, 1 limit 10) t),
      (select coalesce(json_agg(array[k, n::text] order by n desc, k), '[]')::text
        from (select flag as k, count(*) as n from fleet group by 1 order by 2 desc, 1 limit 10) t),
      (select coalesce(round(avg(speed), 2), 0) from report
        where at between %(as_of)s - interval '1 hour' and %(as_of)s and speed > 0 and speed < 50),
      %(as_of)s::timestamptz
"""


@contextmanager
def databases(
    server: LocalServer, template: str, names: Sequence[str]
) -> Iterator[dict[str, psycopg.Connection]]:
    """Give a session on a fresh database for each name; the first one combines the others."""
    opened: dict[str, psycopg.Connection] = {}
    cleanups = []
    try:
        for name in names:
            copy = cloned(server, template)
            url = copy.__enter__()
            cleanups.append(copy)
            opened[name] = psycopg.connect(url, autocommit=True)
        opened[names[0]].execute("create extension dblink")
        yield opened
    finally:
        for session in opened.values():
            session.close()
        for copy in reversed(cleanups):
            copy.__exit__(None, None, None)


def address(session: psycopg.Connection, **options: str) -> str:
    """Return the address of a database as keywords and values."""
    info = session.info
    known = {
        "host": info.host,
        "port": str(info.port),
        "dbname": info.dbname,
        "user": info.user,
        "connect_timeout": "60",
        **options,
    }
    return " ".join(f"{key}='{value}'" for key, value in known.items() if value)


def join(
    combiner: psycopg.Connection, name: str, member: psycopg.Connection, **options: str
) -> None:
    """Add a member under a name."""
    combiner.execute(
        "select public.vessel_activity_member_add(%s::text, %s::text)",
        (name, address(member, **options)),
    )


def document(session: psycopg.Connection) -> dict[str, Any]:
    """Return the document of what is moving."""
    row = session.execute("select body::text from vessel_activity.activity").fetchone()
    assert row is not None
    return dict(json.loads(row[0]))


def check(session: psycopg.Connection, name: str) -> tuple[str, str, str | None]:
    """Return state, detail and hint of one check."""
    row = session.execute(
        "select state, detail, hint from public.vessel_activity_status() where check_name = %s",
        (f"member {name}",),
    ).fetchone()
    assert row is not None
    return row


def end_connections(member: psycopg.Connection) -> None:
    """End the sessions of the combining database on a member, and wait until they are gone."""
    of_combiner = (
        "from pg_stat_activity where application_name = 'vessel_activity combiner'"
        " and datname = current_database()"
    )
    # False for a session that ended by itself in the meantime, so what remains is looked at.
    member.execute(f"select pg_terminate_backend(pid, 60000) {of_combiner}")
    assert member.execute(f"select count(*) {of_combiner}").fetchone() == (0,)


@contextmanager
def away(joined: dict[str, psycopg.Connection], name: str) -> Iterator[None]:
    """Let no new session into a member meanwhile, and end those of the combining database."""
    database = joined[name].info.dbname
    joined["combiner"].execute(f"alter database {database} with allow_connections false")
    try:
        end_connections(joined[name])
        yield
    finally:
        joined["combiner"].execute(f"alter database {database} with allow_connections true")


def figures_of_union(session: psycopg.Connection, as_of: datetime) -> Figures:
    """Compute the figures by plain SQL over the rows in the tables of UNION."""
    row = session.execute(_FIGURES, {"as_of": as_of}).fetchone()
    assert row is not None
    types, flags = ([(name, int(n)) for name, n in json.loads(text)] for text in row[5:7])
    return Figures._make([*row[:5], types, flags, *row[7:]])
