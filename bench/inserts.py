"""Measure what the triggers cost a writer: throughput with and without triggers, in pairs."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from psycopg import sql

from bench.cluster import BenchError, programs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bench.report import Report
    from bench.subject import Subject

WAYS = {
    "copy": "COPY",
    "batch": "1,000-row INSERT",
    "single": "single-row INSERT, synchronous_commit off",
    "eight_single": "eight sessions, single rows, same vessels",
    "eight_multi": "eight sessions, 100 rows each, same vessels",
}
_SAME_VESSELS = 100


@dataclass(frozen=True)
class Volume:
    """What one round inserts: rows for `copy`, transactions of each session for the other ways."""

    copy: int = 30_000
    batches: int = 30
    single: int = 6_000
    eight: int = 800
    multi: int = 30


def throughput(subject: Subject, report: Report, rounds: int, volume: Volume) -> None:
    """Record rows per second with and without triggers, as one pair for each way and round.

    The two measurements of a pair swap their order from round to round. The inbox is emptied and
    vacuumed after each measurement, as refreshes and autovacuum would do. The inbox therefore
    never reaches its size limit.
    """
    for way in WAYS:
        for number in range(rounds + 1):  # the first pair is a warm-up
            for enabled in (True, False) if number % 2 else (False, True):
                insert = _prepared(way, subject, volume)
                with _triggers(subject, enabled=enabled):
                    rate = insert()
                _empty_inboxes(subject)
                if number:
                    report.add(f"{way} {'with' if enabled else 'without'}, rows/s", rate)
    subject.observer.execute("vacuum (analyze) public.vessel_positions")
    subject.refresh()


def wal_per_row(subject: Subject, report: Report, rounds: int, rows: int = 10_000) -> None:
    """Record the WAL of an inserted row in bytes, with and without triggers.

    Full page images are left out, because their number depends on checkpoints.
    """
    for _ in range(rounds):
        for enabled in (True, False):
            insert = _copy(subject, rows)
            with _triggers(subject, enabled=enabled):
                start = subject.one("select pg_current_wal_insert_lsn()::text")
                insert()
                records, _images = subject.wal_of(start)
            _empty_inboxes(subject)
            report.add(f"WAL a row {'with' if enabled else 'without'}, bytes", records / rows)
    subject.refresh()


@contextmanager
def _triggers(subject: Subject, *, enabled: bool) -> Iterator[None]:
    """Disable the triggers of vessel activity during the block if `enabled` is false."""
    names = subject.one(
        """
        select coalesce(array_agg(t.tgname), '{}')
        from pg_trigger as t
        join pg_proc as p on p.oid = t.tgfoid
        where t.tgrelid = 'public.vessel_positions'::regclass
          and p.pronamespace = 'vessel_activity'::regnamespace
        """
    )
    form = sql.SQL("alter table public.vessel_positions {} trigger {}")
    if not enabled:
        for name in names:
            subject.observer.execute(form.format(sql.SQL("disable"), sql.Identifier(name)))
    try:
        yield
    finally:
        if not enabled:
            for name in names:
                how = "enable replica" if name == "vessel_activity_applied" else "enable"
                subject.observer.execute(form.format(sql.SQL(how), sql.Identifier(name)))


def _empty_inboxes(subject: Subject) -> None:
    """Delete all rows of the inbox.

    The state misses these rows. The refresh after the last round rebuilds the state, because the
    triggers were disabled and enabled again.
    """
    for name in subject.sizes():
        if name.endswith("inbox"):
            table = sql.Identifier("vessel_activity", name)
            subject.observer.execute(sql.SQL("delete from {}").format(table))
            subject.observer.execute(sql.SQL("vacuum {}").format(table))


def _prepared(way: str, subject: Subject, volume: Volume) -> Callable[[], float]:
    """Do the untimed preparations. Return a function that inserts the rows and returns rows/s."""
    if way == "copy":
        return _copy(subject, volume.copy)
    if way == "batch":
        return _batches(subject, volume.batches)
    if way == "single":
        return _pgbench(subject, _ONE, rows=1, clients=1, transactions=volume.single, commit="off")
    if way == "eight_single":
        return _pgbench(subject, _ONE, rows=1, clients=8, transactions=volume.eight, commit="on")
    return _pgbench(subject, _HUNDRED, rows=100, clients=8, transactions=volume.multi, commit="on")


_NEXT = "(select setval('bench.position_number', nextval('bench.position_number') + %s) - %s)"


def _copy(subject: Subject, rows: int) -> Callable[[], float]:
    """Prepare one COPY. The server writes the lines out first, so that this work is not timed."""
    first = subject.one("select " + _NEXT, rows, rows)
    positions = _positions(subject, rows, first)
    query = f"copy (select * from {positions}) to stdout"  # noqa: S608 - only numbers are inserted
    with subject.writer.cursor().copy(query.encode()) as out:
        lines = b"".join(bytes(piece) for piece in out)

    def insert() -> float:
        started = time.perf_counter()
        with subject.writer.cursor().copy(b"copy public.vessel_positions from stdin") as into:
            into.write(lines)
        return rows / (time.perf_counter() - started)

    return insert


def _batches(subject: Subject, batches: int) -> Callable[[], float]:
    """Prepare transactions of one 1,000-row INSERT each, with one array for each column."""
    columns = subject.observer.execute(
        """
        select attname, format_type(atttypid, atttypmod) from pg_attribute
        where attrelid = 'public.vessel_positions'::regclass and attnum > 0 and not attisdropped
        order by attnum
        """
    ).fetchall()
    first = subject.one("select " + _NEXT, batches * 1_000, batches * 1_000)
    positions = _positions(subject, batches * 1_000, first)
    arrays = ", ".join(f'array_agg(p."{name}" order by p.id)::text' for name, _ in columns)
    rows = subject.observer.execute(
        f"""
        select {arrays} from (
          select p.*, ntile({batches}) over (order by p.id) as batch
          from {positions} as p
        ) as p group by p.batch
        """.encode()  # noqa: S608 - the names come from the catalog
    ).fetchall()
    placeholders = ", ".join(f"%s::text::{kind}[]" for _, kind in columns)
    statement = f"insert into public.vessel_positions select * from unnest({placeholders})".encode()  # noqa: S608

    def insert() -> float:
        started = time.perf_counter()
        for row in rows:
            subject.writer.execute(statement, row, prepare=True)
        return batches * 1_000 / (time.perf_counter() - started)

    return insert


def _positions(subject: Subject, rows: int, first: int) -> str:
    """Return the SQL call that makes rows for the last 30 s of the clock."""
    since = subject.as_of - timedelta(seconds=30)
    return (
        f"bench.positions('{since.isoformat()}', '{subject.as_of.isoformat()}', "
        f"{rows}, {first}, {subject.size.fleet})"
    )


_ONE = """
\\set vessel random(0, {fleet} - 1)
insert into public.vessel_positions
  (id, "vesselId", timestamp, latitude, longitude, speed, course)
values
  (bench.position_id(nextval('bench.position_number')), bench.vessel_id(:vessel),
    bench.stamp(now()), 54.1, 12.1, 9.7, 181);
"""
_HUNDRED = """
\\set vessel random(0, {fleet} - 1)
insert into public.vessel_positions
  (id, "vesselId", timestamp, latitude, longitude, speed, course)
select bench.position_id(nextval('bench.position_number')),
  bench.vessel_id((:vessel + i * 7919) % {fleet}), bench.stamp(now()), 54.1, 12.1, 9.7, 181
from generate_series(1, 100) as i;
"""


def _pgbench(
    subject: Subject, script: str, *, rows: int, clients: int, transactions: int, commit: str
) -> Callable[[], float]:
    """Prepare a run of pgbench. Its rate is the one that pgbench reports, without connecting."""
    fleet = min(subject.size.fleet, _SAME_VESSELS if clients > 1 else subject.size.fleet)
    info = subject.writer.info
    environment = {
        **os.environ,
        "PGHOST": info.host,
        "PGPORT": str(info.port),
        "PGUSER": info.user,
        "PGDATABASE": info.dbname,
        "PGOPTIONS": f"-c synchronous_commit={commit}",
    }

    def insert() -> float:
        with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
            file.write(script.format(fleet=fleet))
            file.flush()
            command = [str(programs() / "pgbench"), "--no-vacuum", "--protocol=prepared"]
            command += [
                f"--file={file.name}",
                f"--client={clients}",
                f"--transactions={transactions}",
            ]
            command += [f"--jobs={min(2, clients)}"]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
        told = re.search(r"tps = ([\d.]+) \(without initial connection time\)", done.stdout)
        if done.returncode != 0 or told is None:
            raise BenchError(f"pgbench failed: {done.stderr.strip()}")
        return float(told.group(1)) * rows

    return insert
