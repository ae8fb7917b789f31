"""Time refreshes of a combining database with one, two and four members; see docs/scaling.md.

The members are copies of the database on the same server, so they share its cores. On machines of
their own they would work side by side. As copies they also have all vessels in common, so the same
refreshes are timed with each vessel counted once.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg
from psycopg import sql

from bench.cluster import BenchError
from bench.refreshes import HALF_MINUTE_ROWS
from bench.report import Figure, Report
from bench.subject import ROWS_PER_SECOND, Subject
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from bench.cluster import Size
    from vessel_activity.database.local_server import LocalServer

_COUNTS = (1, 2, 4)
_TRAFFIC = {"1 s": (ROWS_PER_SECOND, 1.0), "30 s": (HALF_MINUTE_ROWS, 30.0)}
_BOUND_MS = 60
_ROW_BOUND_MS = 2
_ROW = """
    select vessel_activity.row_of_parts(g.part || vessel_activity.member_parts((g.part).as_of))
    from vessel_activity.given_part as g
"""
# The documents and the comparison of ids are due in other refreshes. A busy machine is only slow.
_REFRESH_ALONE = """
    update vessel_activity.settings
    set detail_interval = '1 day', verify_interval = '10 years', member_timeout = '20 seconds'
"""


def members(server: LocalServer, size: Size, report: Report, rounds: int) -> None:
    """Make four copies of the database and a combining one, and time its refreshes.

    No session may be connected to the database that is copied.
    """
    names = [f"member_{number}" for number in range(1, max(_COUNTS) + 1)]
    with psycopg.connect(server.url(), autocommit=True) as session:
        for name in names:
            session.execute(
                sql.SQL("create database {} template {}").format(
                    sql.Identifier(name), sql.Identifier(size.name)
                )
            )
        session.execute("create database combiner")
    migrate.migrate(server.url("combiner"))
    subjects = [Subject(server.url(name), size) for name in names]
    try:
        with psycopg.connect(server.url("combiner"), autocommit=True) as combiner:
            combiner.execute("create extension dblink")
            for session in (combiner, *(subject.observer for subject in subjects)):
                session.execute(_REFRESH_ALONE)
            _time(combiner, subjects, report, rounds)
            _time_row(subjects[0], report, rounds)
    finally:
        for subject in subjects:
            subject.close()
        with psycopg.connect(server.url(), autocommit=True) as session:
            for name in (*names, "combiner"):
                session.execute(
                    sql.SQL("drop database {} with (force)").format(sql.Identifier(name))
                )
    _figures(report)


def _time(
    combiner: psycopg.Connection, subjects: list[Subject], report: Report, rounds: int
) -> None:
    for position, subject in enumerate(subjects, 1):
        combiner.execute(
            "select public.vessel_activity_member_add(%s::text, %s::text)",
            (f"m{position}", subject.url),
        )
        if position not in _COUNTS:
            continue
        joined = subjects[:position]
        for seconds, traffic in _TRAFFIC.items():
            for number in range(rounds + 1):  # the first round is a warm-up
                noted = report if number else Report({})
                _refresh(combiner, joined, noted, f"{position} members, {seconds}", traffic)
                if position == 1:
                    subject.feed(*traffic)
                    elapsed, _ = subject.refresh()
                    noted.add_refresh(f"a member alone, {seconds}", elapsed, subject.mode)
        _overlap(combiner, joined, report, rounds)


def _overlap(
    combiner: psycopg.Connection, joined: list[Subject], report: Report, rounds: int
) -> None:
    """Time refreshes that count each vessel once, and check that they do."""
    combiner.execute("update vessel_activity.settings set overlapping_members = true")
    traffic = _TRAFFIC["1 s"]
    for number in range(rounds + 1):
        noted = report if number else Report({})
        _refresh(combiner, joined, noted, f"{len(joined)} members that overlap", traffic)
    query = "select active_last_24h, total_vessels from public.vessel_activity_realtime"
    once = combiner.execute(query).fetchone()
    alone = joined[0].observer.execute(query).fetchone()
    if once != alone:
        raise BenchError(f"{len(joined)} copies have {once} vessels, but one has {alone}")
    combiner.execute("update vessel_activity.settings set overlapping_members = false")


def _refresh(
    combiner: psycopg.Connection,
    joined: list[Subject],
    report: Report,
    key: str,
    traffic: tuple[int, float],
) -> None:
    """Give each member new rows, and time one refresh that asks all of them."""
    begins = max(subject.as_of for subject in joined)
    for subject in joined:
        subject.as_of = begins
        subject.feed(*traffic)
    as_of = joined[0].as_of
    started = time.perf_counter()
    row = combiner.execute(
        "select updated_at, positions_last_hour from vessel_activity.refresh_at(%s, 'bench')",
        (as_of,),
    ).fetchone()
    elapsed = (time.perf_counter() - started) * 1000
    positions = sum(
        subject.one("select positions_last_hour from public.vessel_activity_realtime")
        for subject in joined
    )
    if row != (as_of, positions):
        raise BenchError(f"the members sum up to {positions} positions, but the row is {row}")
    modes = {
        subject.one("select mode from vessel_activity.refresh_log order by id desc limit 1")
        for subject in joined
    }
    report.add_refresh(key, elapsed, ", ".join(sorted(modes)))


def _time_row(subject: Subject, report: Report, rounds: int) -> None:
    """Time how a node makes the row of its part, which is what a refresh does more for parts.

    The part is the one that the node gave last. The time contains the way to the server and back.
    """
    for number in range(rounds + 2):  # the first two plan and compile
        started = time.perf_counter()
        subject.refresher.execute(_ROW, prepare=True)
        elapsed = (time.perf_counter() - started) * 1000
        if number > 1:
            report.add("row of one part", elapsed)


def _figures(report: Report) -> None:
    report.figures.append(
        Figure(
            "row of the part of one node",
            report.median("row of one part"),
            "ms",
            at_most=_ROW_BOUND_MS,
        )
    )
    for seconds, (rows, _) in _TRAFFIC.items():
        for count in _COUNTS:
            is_bound = (count, seconds) == (max(_COUNTS), "1 s")
            report.figures.append(
                Figure(
                    f"refresh with {count} members, {seconds} of rows each ({rows:,})",
                    report.median(f"{count} members, {seconds}"),
                    "ms",
                    at_most=_BOUND_MS if is_bound else None,
                )
            )
        report.figures.append(
            Figure(
                f"refresh with 1 member ÷ of that member alone, {seconds} of rows ({rows:,})",
                report.ratio(f"1 members, {seconds}", f"a member alone, {seconds}"),
            )
        )
        report.figures.extend(
            Figure(
                f"refresh with {count} members ÷ with 1, {seconds} of rows each ({rows:,})",
                report.ratio(f"{count} members, {seconds}", f"1 members, {seconds}"),
                note="the members share the cores of one machine",
            )
            for count in _COUNTS[1:]
        )
    for count in _COUNTS:
        report.figures.append(
            Figure(
                f"refresh with {count} members that overlap, 1 s of rows each",
                report.median(f"{count} members that overlap"),
                "ms",
            )
        )
