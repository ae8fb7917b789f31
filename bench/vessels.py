"""Time refreshes of fleets of different sizes; see docs/benchmarks.md."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from bench.cluster import SIZES, filled
from bench.report import Figure, Report
from bench.subject import ROWS_PER_SECOND, Subject, check_equal

if TYPE_CHECKING:
    from vessel_activity.database.local_server import LocalServer

FLEETS = (30_567, 300_000, 1_000_000)
_TINY_FLEETS = (500, 1_000)
_REFRESHES_A_ROUND = 3


def vessels(server: LocalServer, report: Report, rounds: int, *, tiny: bool) -> None:
    """Time refreshes of 510 rows, and of none, for fleets of three sizes in turns.

    Each fleet has the same number of positions a vessel, so most of its vessels are in the state.
    """
    subjects = []
    for fleet in _TINY_FLEETS if tiny else FLEETS:
        size = replace(SIZES["small"], name=f"vessels{fleet}", fleet=fleet, rows=fleet * 5)
        subjects.append(Subject(filled(server, size), size))
    for number in range(rounds + 1):  # the first round is a warm-up
        noted = report if number else Report({})
        for subject in subjects:
            for _ in range(_REFRESHES_A_ROUND):
                key = f"{subject.size.fleet:,} vessels"
                subject.feed(ROWS_PER_SECOND, 1)
                elapsed, _ = subject.refresh()
                noted.add_refresh(f"refresh, 1 s, {key}", elapsed, subject.mode)
                noted.add(f"refresh, nothing new, {key}", subject.refresh()[0])
    for subject in subjects:
        _, row = subject.refresh()
        check_equal({"refresh": row, "definition": subject.definition()[1]})
        subject.close()
    least, *others = (f"{subject.size.fleet:,} vessels" for subject in subjects)
    for label in ("1 s", "nothing new"):
        report.figures += [
            Figure(
                f"refresh, {label}: {other} ÷ {least}",
                report.ratio(f"refresh, {label}, {other}", f"refresh, {label}, {least}"),
                at_most=2 if label == "1 s" and not tiny else None,
            )
            for other in others
        ]
