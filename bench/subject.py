"""One database under test: its clock, its traffic, and the four ways to get the figures.

The benchmark keeps its own clock. The clock starts at the time of the machine. When 30 s of
traffic are inserted, the clock moves by 30 s, and so do the time windows of the figures.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
from psycopg import sql

from bench.cluster import HERE, BenchError, Size

if TYPE_CHECKING:
    from collections.abc import Iterator

ROWS_PER_SECOND = 510  # the traffic of the dense database
Row = dict[str, Any]
_DIRECT = [s.strip() for s in (HERE / "direct.sql").read_text().split(";") if s.strip()]
_FIGURES = (
    "active_now, active_last_hour, active_last_24h, total_vessels, positions_last_hour, "
    "vessel_types::json, top_flags::json, speed_avg"
)
_REFRESH = f"select {_FIGURES} from vessel_activity.refresh_at(%s, 'bench')".encode()  # noqa: S608
_DEFINITION = f"select {_FIGURES} from public.vessel_activity_at(%s)".encode()  # noqa: S608
_VIEW = f"select {_FIGURES} from bench.activity".encode()  # noqa: S608


class Subject:
    """A database that holds positions and vessel activity.

    Attributes:
        size: the amount of data in the database.
        as_of: the clock of the benchmark.
        mode: the mode of the latest refresh in refresh_log: incremental, rebuild or definition.

    """

    def __init__(self, url: str, size: Size) -> None:
        self.url = url
        self.size = size
        self.writer = psycopg.connect(url, autocommit=True)
        self.refresher = psycopg.connect(url, autocommit=True)
        self.reader = psycopg.connect(url, autocommit=True)
        self.observer = psycopg.connect(url, autocommit=True)
        # The original product reads timestamps without time zone as UTC, so its queries need UTC.
        self.reader.execute("set timezone = 'UTC'")
        self.mode = ""
        # With KEEP=1 the clock continues from the end of the last run.
        self.as_of: datetime = self.one(
            """
            select date_bin('1 ms', greatest(max(vessel_activity.utc_instant(p.timestamp)),
              (select max(r.updated_at) from public.vessel_activity_realtime as r)), 'epoch')
            from public.vessel_positions as p
            """
        )
        self._catch_up()

    def one(self, query: str, *params: object) -> Any:  # noqa: ANN401 - any type
        """Run a query in a session that is never timed. Return the first value of its first row."""
        row = self.observer.execute(query.encode(), params).fetchone()
        return None if row is None else row[0]

    def _catch_up(self) -> None:
        """Insert traffic for the time since the data was made, at the rate of the data."""
        gap = datetime.now(UTC) + timedelta(seconds=1) - self.as_of
        if gap > timedelta(0):
            rate = self.size.rows / (self.size.hours * 3600)
            self.feed(max(1, round(rate * gap.total_seconds())), gap.total_seconds())
        self.refresh()
        self.observer.execute("vacuum (analyze) public.vessel_positions")

    def feed(self, rows: int, seconds: float) -> None:
        """Insert rows for the next seconds, with the triggers on, and move the clock.

        There is one INSERT for each second, as from a program that writes a feed in batches.
        """
        # The column keeps milliseconds. A finer time could be rounded to a time after the clock.
        until = self.as_of + timedelta(milliseconds=round(seconds * 1000))
        self.writer.execute(
            "call bench.feed(%s, %s, %s, %s)", (self.as_of, until, rows, self.size.fleet)
        )
        self.as_of = until

    def refresh(self) -> tuple[float, Row]:
        """Refresh as of the clock. Return the time with the commit in ms, and the row."""
        return self._refresh_in(self.refresher)

    def refresh_in_new_session(self) -> float:
        """Refresh in a session that has done nothing yet. Return the time with the commit in ms.

        pg_cron opens a session for each run. The time of the connection itself does not count.
        """
        with psycopg.connect(self.url, autocommit=True) as session:
            return self._refresh_in(session)[0]

    def _refresh_in(self, session: psycopg.Connection) -> tuple[float, Row]:
        started = time.perf_counter()
        cursor = session.execute(_REFRESH, (self.as_of,))
        row = _named(cursor)
        elapsed = _ms_since(started)
        self.mode = self.one(
            "select mode from vessel_activity.refresh_log order by id desc limit 1"
        )
        return elapsed, row

    def definition(self) -> tuple[float, Row]:
        """Call vessel_activity_at. Return the time in ms, and the row."""
        started = time.perf_counter()
        cursor = self.reader.execute(_DEFINITION, (self.as_of,))
        row = _named(cursor)
        return _ms_since(started), row

    def direct(self) -> tuple[float, Row]:
        """Run the eight direct queries. Return their total time in ms, and the figures."""
        now = f"'{self.as_of.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'::timestamptz"
        statements = [s.format(now=now).encode() for s in _DIRECT]
        results = []
        with self._without_vessel_index():
            started = time.perf_counter()
            for statement in statements:
                results.append(self.reader.execute(statement).fetchall())  # noqa: PERF401 - timed
            elapsed = _ms_since(started)
        active_now, hour, day, total, positions, types, flags, speed = results
        row = {
            "active_now": active_now[0][0],
            "active_last_hour": hour[0][0],
            "active_last_24h": day[0][0],
            "total_vessels": total[0][0],
            "positions_last_hour": positions[0][0],
            "vessel_types": dict(types),
            "top_flags": [{"flag": flag, "count": count} for flag, count in flags],
            "speed_avg": speed[0][0],
        }
        return elapsed, row

    def create_materialized_view(self) -> None:
        """Create the materialized view of the eight direct queries for `materialized_view`."""
        queries = [s.format(now="current_setting('bench.now')::timestamptz") for s in _DIRECT]
        self.reader.execute(f"set bench.now = '{self.as_of.isoformat()}'".encode())
        self.reader.execute("drop materialized view if exists bench.activity")
        self.reader.execute(
            f"""
            create materialized view bench.activity as
            select 'singleton'::text as id, ({queries[0]}) as active_now,
              ({queries[1]}) as active_last_hour, ({queries[2]}) as active_last_24h,
              ({queries[3]}) as total_vessels, ({queries[4]}) as positions_last_hour,
              (select json_object_agg(t."vesselType", t.count) from ({queries[5]}) as t)::text
                as vessel_types,
              (select json_agg(f) from ({queries[6]}) as f)::text as top_flags,
              ({queries[7]}) as speed_avg
            """.encode()  # noqa: S608 - the queries are in bench/direct.sql
        )
        self.reader.execute("create unique index on bench.activity (id)")

    def materialized_view(self) -> tuple[float, Row]:
        """Refresh the materialized view concurrently. Return the time in ms, and the figures."""
        self.reader.execute(f"set bench.now = '{self.as_of.isoformat()}'".encode())
        with self._without_vessel_index():
            started = time.perf_counter()
            self.reader.execute("refresh materialized view concurrently bench.activity")
            elapsed = _ms_since(started)
            row = _named(self.reader.execute(_VIEW))
        return elapsed, row

    @contextmanager
    def _without_vessel_index(self) -> Iterator[None]:
        """Hide the index on ("vesselId", timestamp) during the block.

        The original product has no such index. The index is dropped in a transaction that is
        rolled back.
        """
        names = self.one(
            """
            select array_agg(c.oid::regclass::text) from pg_index as i
            join pg_class as c on c.oid = i.indexrelid
            join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
            where i.indrelid = 'public.vessel_positions'::regclass and a.attname = 'vesselId'
            """
        )
        with self.reader.transaction(force_rollback=True):
            for name in names:
                self.reader.execute(sql.SQL("drop index {}").format(sql.SQL(name)))
            yield

    def wal_of(self, start: str) -> tuple[int, int]:
        """Return the bytes of WAL since a position: those of records, and those of page images.

        The bytes of records do not include full page images.
        """
        end = self.one("select pg_current_wal_insert_lsn()::text")
        while not self.one("select pg_current_wal_flush_lsn() >= %s::pg_lsn", end):
            time.sleep(0.05)
        row = self.observer.execute(
            """
            select coalesce(sum(record_length - fpi_length), 0)::bigint,
              coalesce(sum(fpi_length), 0)::bigint
            from pg_get_wal_records_info(%s, %s)
            """,
            (start, end),
        ).fetchone()
        if row is None:
            raise BenchError("pg_get_wal_records_info returned no row")
        return int(row[0]), int(row[1])

    def sizes(self) -> dict[str, int]:
        """Return the size of the inbox and of each state table in bytes, indexes included."""
        return dict(
            self.observer.execute(
                """
                select relname, pg_total_relation_size(oid) from pg_class
                where relnamespace = 'vessel_activity'::regnamespace
                  and relkind = 'r' and relpersistence = 'u'
                order by relname
                """
            ).fetchall()
        )

    def close(self) -> None:
        """Close all sessions."""
        for connection in (self.writer, self.refresher, self.reader, self.observer):
            connection.close()


def check_equal(rows: dict[str, Row]) -> None:
    """Check that all approaches gave the same figures.

    Raises:
        BenchError: the figures differ, so the measured times can't be compared.

    """
    seen = {name: _comparable(row) for name, row in rows.items()}
    first = next(iter(seen.values()))
    if any(row != first for row in seen.values()):
        lines = [f"  {name}: {row}" for name, row in seen.items()]
        raise BenchError("the approaches disagree:\n" + "\n".join(lines))


def _comparable(row: Row) -> Row:
    """Ignore the order of groups with equal counts. The direct queries do not define this order."""
    flags = {entry["flag"]: entry["count"] for entry in row["top_flags"]}
    return {**row, "vessel_types": _settled(row["vessel_types"]), "top_flags": _settled(flags)}


def _settled(counts: dict[str, int]) -> list[tuple[int, str]]:
    """Sort the counts of a top ten, without the names of the groups that have the lowest count.

    Several groups may have this count, and any of them may be the last of the ten.
    """
    least = min(counts.values(), default=0)
    return sorted((count, name if count > least else "") for name, count in counts.items())


def _named(cursor: psycopg.Cursor[Any]) -> Row:
    row = cursor.fetchone()
    if row is None or cursor.description is None:
        raise BenchError("a query of the benchmark returned no row")
    return dict(zip([column.name for column in cursor.description], row, strict=True))


def _ms_since(started: float) -> float:
    return (time.perf_counter() - started) * 1000
