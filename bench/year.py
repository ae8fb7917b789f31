"""`make bench-year`: let a year pass in minutes, and measure what grows.

The benchmark starts its own PostgreSQL under .data/bench with a clock of its own (libfaketime), and
moves that clock forward step by step. In each step positions arrive and the refresh runs, as in
production: the same functions, with the clock of the server. It measures every table of vessel
activity at the end of each month. docs/operating.md shows the result. Settings come from the
environment: STEP_SECONDS (3600), MONTHS (12), OUTPUT.

Exit code 1: something grew without bound, or the figures are not exact at the end.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import statistics
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from bench.cluster import DATA, HERE, BenchError, programs, remove_left_over
from vessel_activity.ais.load import load_file
from vessel_activity.database.local_server import LocalServer
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator

MONTH = timedelta(days=30)
FLEET = 5_000
POSITIONS_A_SECOND = 0.1
# A part of the fleet is scrapped and replaced every day.
REPLACED_A_DAY = 20
# What a table may take at the end beyond what it took after the first month, for bloat.
GROWTH = 1.5
SMALL_BYTES = 2_000_000
SHOWN_BYTES = 100_000
_MMSI = 200_000_000

_OPTIONS = {
    "fsync": "off",
    "shared_buffers": "256MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "1d",
    # A hundred refreshes run in a second here, and two a minute in production. Even at the least
    # interval, autovacuum comes less often a refresh here than there.
    "autovacuum_naptime": "1s",
}
_SIZES = """
    select c.oid::regclass::text, s.n_live_tup,
      pg_catalog.pg_table_size(c.oid), pg_catalog.pg_indexes_size(c.oid)
    from pg_catalog.pg_class as c
    join pg_catalog.pg_stat_user_tables as s on s.relid = c.oid
    where c.relkind = 'r'
      and (c.relnamespace = 'vessel_activity'::regnamespace
        or c.oid = 'public.vessel_activity_realtime'::regclass)
    order by 1
"""
_POSITIONS = """
    insert into public.vessel_positions ("vesselId", timestamp, latitude, longitude, speed, course)
    select v.id, clock_timestamp() - n.share * %(step)s::interval, 54, 8, n.speed, 90
    from (
      select (%(oldest)s + floor(random() * %(fleet)s))::bigint::text as mmsi, random() as share,
        round((random() * 20)::numeric, 1) as speed
      from generate_series(1, %(rows)s)
    ) as n
    join public.vessels as v using (mmsi)
"""
_NEW_VESSELS = """
    insert into public.vessels (mmsi, name, "vesselType", flag)
    select (%(mmsi)s + n)::text, 'VESSEL ' || n,
      (array['Cargo', 'Tanker', 'Fishing', 'Passenger'])[1 + n %% 4],
      (array['PA', 'LR', 'NO', 'DE', 'GR'])[1 + n %% 5]
    from generate_series(%(first)s::bigint, %(last)s::bigint) as n
"""
_HEADER = (
    "MMSI,BaseDateTime,LAT,LON,SOG,COG,Heading,VesselName,IMO,CallSign,VesselType,Status,Length"
)


@dataclass(frozen=True)
class Size:
    """What one table takes: rows, and bytes without and with its indexes."""

    rows: int
    table: int
    indexes: int


class Clock:
    """The clock of the server: the real one and an offset, which only grows."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._offset = timedelta()
        self._write()

    def advance(self, step: timedelta) -> None:
        """Move the clock forward."""
        self._offset += step
        self._write()

    def _write(self) -> None:
        beside = self._file.with_suffix(".new")
        beside.write_text(f"+{self._offset.total_seconds():.0f}\n", encoding="ascii")
        beside.chmod(0o644)
        beside.rename(self._file)


@dataclass(frozen=True)
class Options:
    """The settings of one run, as the environment gives them."""

    step: timedelta
    months: int
    output: Path

    @classmethod
    def from_env(cls) -> Options:
        """Read the options from the environment.

        Raises:
            BenchError: a variable has an invalid value; the message names the variable.

        """
        return cls(
            step=timedelta(seconds=_whole("STEP_SECONDS", 3600, 30, 3600)),
            months=_whole("MONTHS", 12, 2, 120),
            output=Path(os.environ.get("OUTPUT") or HERE / "year-latest.json"),
        )


def _whole(name: str, default: int, low: int, high: int) -> int:
    text = os.environ.get(name) or str(default)
    if not text.isdecimal() or not low <= int(text) <= high:
        raise BenchError(f"{name} must be a whole number from {low} to {high}, not {text!r}")
    return int(text)


@contextmanager
def server_with_a_clock(folder: Path) -> Iterator[tuple[LocalServer, Clock]]:
    """Run a server of its own whose clock the block may move forward.

    Raises:
        BenchError: PostgreSQL or libfaketime is missing.

    """
    libraries = sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))
    if not libraries:
        raise BenchError("libfaketime is missing: install the package libfaketime")
    remove_left_over(folder)
    wrapped = folder / "bin"
    wrapped.mkdir(parents=True)
    clock = Clock(folder / "clock")
    for name in ("initdb", "postgres"):
        (wrapped / name).symlink_to(programs() / name)
    # The server inherits the environment of pg_ctl.
    (wrapped / "pg_ctl").write_text(
        "#!/bin/sh\n"
        f"export LD_PRELOAD='{libraries[0]}' FAKETIME_TIMESTAMP_FILE='{folder / 'clock'}'\n"
        "export FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1\n"
        f"exec '{programs() / 'pg_ctl'}' \"$@\"\n",
        encoding="utf-8",
    )
    (wrapped / "pg_ctl").chmod(0o755)
    server = LocalServer(wrapped, folder / "server", dict(_OPTIONS))
    try:
        server.start()
        yield server, clock
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


class Year:
    """The time that passes on one server: positions, refreshes, and what the user deletes."""

    def __init__(
        self, connection: psycopg.Connection, url: str, clock: Clock, folder: Path
    ) -> None:
        self._connection = connection
        self._url = url
        self._clock = clock
        self._folder = folder
        self._newest = 0
        self._random = random.Random(15)  # a workload that can be repeated
        self._durations: list[float] = []

    def begin(self, step: timedelta) -> None:
        """Fill the fleet, and set the interval of the refreshes."""
        self._connection.execute("select public.vessel_activity_schedule(%s::interval)", [step])
        # A verification reads the positions of a whole day, and an hour is only a few steps.
        self._connection.execute("update vessel_activity.settings set verify_interval = '1 day'")
        self._add_vessels(FLEET)

    def month(self, step: timedelta) -> tuple[dict[str, Size], float]:
        """Let a month pass; return the sizes at its end and the median of its refreshes in ms."""
        self._durations.clear()
        for day in range(MONTH // timedelta(days=1)):
            for _ in range(timedelta(days=1) // step):
                self._step(step)
            self._end_of_day()
            if day % 7 == 0:
                self._load()
        # Statistics of the last steps arrive within a second.
        time.sleep(1.5)
        sizes = {
            name: Size(int(rows), int(table), int(indexes))
            for name, rows, table, indexes in self._connection.execute(_SIZES)
        }
        return sizes, statistics.median(self._durations)

    def verify(self) -> bool:
        """Tell whether the figures equal the definition."""
        row = self._connection.execute(
            "select bool_and(equal) from public.vessel_activity_verify()"
        ).fetchone()
        return row is not None and bool(row[0])

    def _step(self, step: timedelta) -> None:
        self._clock.advance(step)
        oldest = _MMSI + self._newest - FLEET + 1
        rows = round(step.total_seconds() * POSITIONS_A_SECOND)
        self._connection.execute(
            _POSITIONS,
            {
                "step": step,
                "rows": rows,
                "oldest": oldest,
                "fleet": FLEET,
            },
        )
        started = time.perf_counter()
        row = self._connection.execute(
            "select refreshed from vessel_activity.refresh_if_due('pg_cron')"
        ).fetchone()
        self._durations.append((time.perf_counter() - started) * 1000)
        if row is None or not row[0]:
            raise BenchError("a refresh was not due after a whole step")
        self._connection.execute("select vessel_activity.maintain()")

    def _end_of_day(self) -> None:
        """Do what the user does: delete old positions, replace a few vessels."""
        self._connection.execute(
            "delete from public.vessel_positions where timestamp < now() - interval '2 days'"
        )
        self._connection.execute(
            "delete from public.vessels where mmsi::bigint <= %s",
            [_MMSI + self._newest + REPLACED_A_DAY - FLEET],
        )
        self._add_vessels(REPLACED_A_DAY)

    def _add_vessels(self, count: int) -> None:
        first = self._newest + 1
        self._newest += count
        self._connection.execute(
            _NEW_VESSELS, {"mmsi": _MMSI, "first": first, "last": self._newest}
        )

    def _load(self) -> None:
        """Load a small file, of which a part is rejected."""
        row = self._connection.execute("select now()").fetchone()
        assert row is not None  # noqa: S101 - a query without a table gives one row
        now: datetime = row[0].astimezone(UTC)
        lines = [_HEADER]
        for number in range(500):
            mmsi = _MMSI + self._random.randint(self._newest - FLEET + 1, self._newest)
            at = (now - timedelta(seconds=number)).strftime("%Y-%m-%dT%H:%M:%S")
            latitude = "95.0" if number % 10 == 0 else "50.5"
            lines.append(f"{mmsi},{at},{latitude},-5.25,10.1,270.0,511,ANNA,,,70,0,")
        file = self._folder / f"ais-{now:%Y-%m-%d}.csv"
        file.write_text("\n".join(lines) + "\n", encoding="ascii")
        load_file(self._url, file)
        file.unlink()


def table(first: dict[str, Size], last: dict[str, Size], months: int) -> str:
    """Return the table of docs/operating.md: the larger tables, the others, and all together."""
    head = ["table"]
    for what in ("rows", "table", "indexes"):
        head += [f"{what}, month 1", f"month {months}"]
    largest = sorted(last, key=lambda name: -last[name].table - last[name].indexes)
    shown = [name for name in largest if last[name].table + last[name].indexes > SHOWN_BYTES]
    others = [sizes.copy() for sizes in (first, last)]
    for sizes in others:
        for name in shown:
            sizes.pop(name, None)
    lines = [
        "| " + " | ".join(head) + " |",
        "|" + "---|" * len(head),
        *(_line(f"`{name}`", first.get(name, Size(0, 0, 0)), last[name]) for name in shown),
        _line("the others", _sum(others[0]), _sum(others[1])),
        _line("all together", _sum(first), _sum(last)),
    ]
    return "\n".join(lines)


def _line(name: str, first: Size, last: Size) -> str:
    cells = [f"{first.rows:,}", f"{last.rows:,}"]
    cells += [_kilobytes(first.table), _kilobytes(last.table)]
    cells += [_kilobytes(first.indexes), _kilobytes(last.indexes)]
    return "| " + " | ".join([name, *cells]) + " |"


def _kilobytes(number: int) -> str:
    return f"{number // 1024:,} kB"


def _sum(sizes: dict[str, Size]) -> Size:
    return Size(
        sum(size.rows for size in sizes.values()),
        sum(size.table for size in sizes.values()),
        sum(size.indexes for size in sizes.values()),
    )


def growing(first: dict[str, Size], last: dict[str, Size]) -> list[str]:
    """Return what takes more at the end than after the first month, beyond a little bloat."""
    found = []
    for name, size in {**last, "all together": _sum(last)}.items():
        before = _sum(first) if name == "all together" else first.get(name, Size(0, 0, 0))
        for part in ("table", "indexes"):
            now, then = getattr(size, part), getattr(before, part)
            if now > GROWTH * then and now - then > SMALL_BYTES:
                found.append(f"{part} of {name}: {then:,} bytes, later {now:,} bytes")
    return found


def run(options: Options) -> tuple[dict[str, Any], list[str]]:
    """Let the time pass; return the results and what falls short."""
    folder = DATA / "year"
    with server_with_a_clock(folder) as (server, clock):
        migrate.migrate(server.url())
        with psycopg.connect(server.url(), autocommit=True, prepare_threshold=1) as connection:
            year = Year(connection, server.url(), clock, folder)
            year.begin(options.step)
            months: list[tuple[dict[str, Size], float]] = []
            for number in range(1, options.months + 1):
                started = time.monotonic()
                months.append(year.month(options.step))
                total = _sum(months[-1][0])
                print(
                    f"month {number}: {(total.table + total.indexes) // 1024:,} kB, refreshes"
                    f" {months[-1][1]:.1f} ms; took {time.monotonic() - started:.0f} s",
                    flush=True,
                )
            is_exact = year.verify()
    first, last = months[0][0], months[-1][0]
    problems = growing(first, last)
    if not is_exact:
        problems.append("the figures differ from the definition at the end")
    results = {
        "date": datetime.now(UTC).date().isoformat(),
        "step_seconds": options.step.total_seconds(),
        "months": options.months,
        "refreshes": options.months * (MONTH // options.step),
        "first": {name: vars_of(size) for name, size in first.items()},
        "last": {name: vars_of(size) for name, size in last.items()},
    }
    return results, problems


def vars_of(size: Size) -> dict[str, int]:
    """Return a size as JSON has it."""
    return {"rows": size.rows, "table": size.table, "indexes": size.indexes}


def table_of(results: dict[str, Any]) -> str:
    """Return the table of the results of a run."""
    first = {name: Size(**size) for name, size in results["first"].items()}
    last = {name: Size(**size) for name, size in results["last"].items()}
    return table(first, last, results["months"])


def main() -> None:
    """Run, print the table, and write the results."""
    try:
        options = Options.from_env()
        results, problems = run(options)
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    options.output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(table_of(results))
    for problem in problems:
        print(f"FALLS SHORT: {problem}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
