# ruff: noqa: E501, S608 - SQL texts, made of constants
"""Databases for random schedules, in four shapes of source tables, and the judge.

The judge compares a refreshed row with `vessel_activity_at` and with the plain queries below. The
plain queries share no code with vessel activity.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from vessel_activity.install import migrate

if TYPE_CHECKING:
    from datetime import datetime

    from vessel_activity.database.local_server import LocalServer

SERVER_OPTIONS = {"autovacuum": "off", "full_page_writes": "off", "jit": "off"}
LANES = 8


class Mismatch(AssertionError):  # noqa: N818 - it is what is looked for, not something gone wrong
    """A refreshed row differs from the definition or from the plain queries."""


@dataclass(frozen=True)
class Shape:
    """One shape that source tables may have.

    Attributes:
        name: the database's name.
        ddl: statements that make the source tables; if empty, migrate makes them.
        text_ids: vessel ids are texts such as v12, and a position may lack one.
        utc: expression for a position's instant.
        cascades: positions belong to vessels by a foreign key.
        partitioned: positions are in partitions, for ids up to a million.

    """

    name: str
    ddl: str = ""
    text_ids: bool = False
    utc: str = 'p."timestamp"'
    cascades: bool = False
    partitioned: bool = False

    def vessel(self, number: int) -> str:
        """Return the id of the vessel with that number as an SQL literal."""
        return f"'v{number}'" if self.text_ids else str(number)


_COLUMNS = 'mmsi text not null unique, name text, "vesselType" text, flag text, active boolean'
_REST = "latitude double precision, longitude double precision, speed {}, course real"
SHAPES = (
    Shape("plain"),
    Shape(
        "zoneless",
        f"""create table public.vessels (id text primary key, {_COLUMNS});
        create table public.vessel_positions (id bigint primary key, "vesselId" text,
            timestamp timestamp, {_REST.format("real")})""",
        text_ids=True,
        utc="(p.\"timestamp\" at time zone 'UTC')",
    ),
    Shape(
        "cascading",
        f"""create table public.vessels (id bigint primary key, {_COLUMNS});
        create table public.vessel_positions (id bigint primary key,
            "vesselId" bigint references public.vessels on delete cascade on update cascade,
            timestamp timestamptz not null, {_REST.format("double precision")})""",
        cascades=True,
    ),
    Shape(
        "partitioned",
        f"""create table public.vessels (id bigint primary key, {_COLUMNS});
        create table public.vessel_positions (id bigint primary key, "vesselId" bigint,
            timestamp timestamptz, {_REST.format("numeric")}) partition by range (id);
        create table public.low_ids partition of public.vessel_positions
            for values from (minvalue) to (100);
        create table public.high_ids partition of public.vessel_positions
            for values from (100) to (1000000)""",
        partitioned=True,
    ),
)

_ROW = """r.active_now, r.active_last_hour, r.active_last_24h, r.total_vessels,
    r.positions_last_hour, r.vessel_types::text, r.top_flags::text, r.speed_avg, r.updated_at"""
_GROUPS = """(
    select coalesce(json_agg(json_build_array(g.name, g.n) order by g.n desc, g.name collate "C"), '[]')
    from (
      select v.name, count(*) as n
      from (
        select case when btrim(s.name, E' \\t\\n\\r\\f\\v') = '' then 'Unknown' else s.name end as name
        from (select substr(coalesce({column}, ''), 1, 100) as name from public.vessels where active) as s
      ) as v
      group by v.name order by count(*) desc, v.name collate "C" limit 10
    ) as g)::text"""


def _plain(shape: Shape) -> str:
    """Write the eight queries of the requirements, bounded above, as one statement."""
    within = shape.utc + " between %(as_of)s - interval '{}' and %(as_of)s"
    seen = (
        '(select count(distinct p."vesselId") from public.vessel_positions as p where '
        + within
        + ")"
    )
    return f"""select {seen.format("5 minutes")}, {seen.format("1 hour")}, {seen.format("24 hours")},
      (select count(*) from public.vessels where active),
      (select count(*) from public.vessel_positions as p where {within.format("1 hour")}),
      {_GROUPS.format(column='"vesselType"')}, {_GROUPS.format(column="flag")},
      (select coalesce(round(avg(p.speed::numeric), 2), 0) from public.vessel_positions as p
        where {within.format("1 hour")} and p.speed > 0 and p.speed < 50),
      %(as_of)s::timestamptz"""


def replace_in_function(db: psycopg.Connection, function: str, replaced: dict[str, str]) -> str:
    """Replace texts in an installed function, each there once; return the original function."""
    row = db.execute(
        "select pg_get_functiondef(p.oid) from pg_proc as p "
        "where p.pronamespace = 'vessel_activity'::regnamespace and p.proname = %s",
        (function,),
    ).fetchone()
    assert row is not None
    original: str = row[0]
    text = original
    for old, new in replaced.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    db.execute(text.encode())
    return original


class Judged(NamedTuple):
    """One refresh that was right."""

    mode: str
    remark: str | None


class Sandbox:
    """One migrated database of a shape. Its tables can be emptied and its state reset."""

    def __init__(self, server: LocalServer, shape: Shape) -> None:
        """Create and migrate the database if the server lacks it."""
        self.server = server
        self.shape = shape
        with psycopg.connect(server.url(), autocommit=True) as admin:
            known = admin.execute("select from pg_database where datname = %s", (shape.name,))
            if known.rowcount:
                return
            admin.execute(f"create database {shape.name}")
        with self.session() as connection:
            if shape.ddl:
                connection.execute(shape.ddl)
        migrate.migrate(server.url(shape.name))
        # One row in three checks the limit of the inbox, so that small limits are noticed.
        with self.session() as connection:
            replace_in_function(connection, "take_inbox_ticket", {"4096": "2"})

    def session(self) -> psycopg.Connection:
        """Open a session in which waiting for a lock is an error."""
        return psycopg.connect(
            self.server.url(self.shape.name),
            autocommit=True,
            options="-c lock_timeout=3s -c statement_timeout=30s",
        )

    def empty(self, db: psycopg.Connection) -> None:
        """Delete all rows so that the engine's state stays in use. No transaction may be open."""
        for (name,) in db.execute(
            "select gid from pg_prepared_xacts where database = current_database()"
        ).fetchall():
            db.execute(f"rollback prepared '{name}'")
        db.execute(
            """
            delete from public.vessel_positions;
            delete from public.vessels;
            update vessel_activity.settings set inbox_limit_bytes = default, state_limit_bytes = default;
            """
        )

    def reset(self, db: psycopg.Connection) -> datetime:
        """Empty everything, and return the server's clock. No transaction may be open."""
        self.empty(db)
        (now,) = (
            db.execute(  # type: ignore[misc]
                """
            truncate public.vessels, public.vessel_positions, vessel_activity.inbox,
              vessel_activity.fleet_inbox;
            delete from public.vessel_activity_realtime;
            delete from vessel_activity.refresh_log;
            delete from vessel_activity.history;
            delete from vessel_activity.state;
            select from vessel_activity.install_triggers();
            select setval('vessel_activity.inbox_guard', 1);
            select clock_timestamp();
            """
            )
            .set_result(-1)
            .fetchone()
        )
        return now  # type: ignore[no-any-return]

    def refresh(
        self, db: psycopg.Connection, as_of: datetime, *, verify: bool = False
    ) -> list[Any]:
        """Refresh as of an instant and return the row."""
        row = db.execute(
            f"select {_ROW} from vessel_activity.refresh_at(%s, 'manual', %s) as r",
            (as_of, verify),
        ).fetchone()
        assert row is not None
        return _comparable(row)

    def stored(self, db: psycopg.Connection) -> list[Any]:
        """Return the cached row."""
        row = db.execute(f"select {_ROW} from public.vessel_activity_realtime as r").fetchone()
        assert row is not None
        return _comparable(row)

    def judge(self, db: psycopg.Connection, row: list[Any], as_of: datetime) -> None:
        """Compare a row with the definition and with the plain queries, in another session.

        Raises:
            Mismatch: they differ.

        """
        found = db.execute(
            f"select {_ROW} from public.vessel_activity_at(%(as_of)s) as r union all "
            + _plain(self.shape),
            {"as_of": as_of},
            prepare=True,
        ).fetchall()
        definition, plain = _comparable(found[0]), _comparable(found[1])
        if not row == definition == plain:
            raise Mismatch(f"refreshed  {row}\ndefinition {definition}\nplain      {plain}")

    def last_refresh(self, db: psycopg.Connection) -> Judged:
        """Return how the last refresh was done."""
        row = db.execute(
            "select mode, message from vessel_activity.refresh_log order by id desc limit 1"
        ).fetchone()
        assert row is not None
        return Judged(*row)


def _comparable(row: tuple[Any, ...]) -> list[Any]:
    """Bring types and flags into one form, lists of [name, count] in stored order."""
    types = [list(pair) for pair in json.loads(row[5], object_pairs_hook=list)]
    flags = [
        [one["flag"], one["count"]] if isinstance(one, dict) else list(one)
        for one in json.loads(row[6])
    ]
    return [*row[:5], types, flags, *row[7:]]
