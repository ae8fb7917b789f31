"""Time the refresh, its alternatives and the rebuild; see docs/benchmarks.md."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.report import Figure, Report
from bench.subject import ROWS_PER_SECOND, check_equal

if TYPE_CHECKING:
    from bench.subject import Subject

HALF_MINUTE_ROWS = 15_284  # 30 s of the traffic of the dense database
_REFRESHES_A_ROUND = 3
_VIEW_ROUNDS_ON_DENSE = 3  # a round takes a minute, and no bound depends on the view


def refreshes(subjects: list[Subject], report: Report, rounds: int) -> None:
    """Time the four approaches and the refresh of new rows, in turns.

    The report is about the first subject. A second, smaller subject is refreshed as well, for the
    ratio between the two sizes.
    """
    main = subjects[0]
    main.create_materialized_view()
    for number in range(rounds + 1):  # the first round is a warm-up
        noted = report if number else Report({})
        _alternatives(main, noted, number)
        for subject in subjects:
            kept = "" if subject is main else f"{subject.size.name} "
            subject.refresh()
            for _ in range(_REFRESHES_A_ROUND):
                subject.feed(HALF_MINUTE_ROWS, 30)
                start = subject.one("select pg_current_wal_insert_lsn()::text")
                elapsed, _ = subject.refresh()
                noted.add_refresh(f"{kept}refresh, 30 s", elapsed, subject.mode)
                records, images = subject.wal_of(start)
                noted.add(f"{kept}WAL of a refresh, bytes", records)
                noted.add(f"{kept}page images of a refresh, bytes", images)
                subject.feed(ROWS_PER_SECOND, 1)
                elapsed, _ = subject.refresh()
                noted.add_refresh(f"{kept}refresh, 1 s", elapsed, subject.mode)
                noted.add(f"{kept}refresh, nothing new", subject.refresh()[0])
                subject.feed(ROWS_PER_SECOND, 1)
                elapsed = subject.refresh_in_new_session()
                noted.add_refresh(f"{kept}refresh in a new session, 1 s", elapsed, subject.mode)
        print(".", end="", flush=True)
    print()


def _alternatives(subject: Subject, report: Report, number: int) -> None:
    """Time the alternatives to the refresh, and check that all approaches give the same figures."""
    dense = subject.size.name == "dense"
    answers = {}
    _, answers["refresh"] = subject.refresh()
    # On dense the first round can skip this: creating the view has warmed the cache already.
    if number or not dense:
        elapsed, answers["direct"] = subject.direct()
        report.add("direct", elapsed)
    if not dense or 1 <= number <= _VIEW_ROUNDS_ON_DENSE:
        elapsed, answers["view"] = subject.materialized_view()
        report.add("materialized view", elapsed)
    elapsed, answers["definition"] = subject.definition()
    report.add("vessel_activity_at", elapsed)
    check_equal(answers)


def refresh_figures(report: Report, size: str) -> None:
    """Add the figures for the samples that `refreshes` recorded."""
    dense = size == "dense"
    bounds = {"30 s": 500.0, "1 s": 2_000.0} if dense else {"1 s": 50.0}
    for label, rows in (("30 s", HALF_MINUTE_ROWS), ("1 s", ROWS_PER_SECOND)):
        report.figures.append(
            Figure(
                f"direct queries ÷ refresh, {label} of rows ({rows:,})",
                report.ratio("direct", f"refresh, {label}"),
                at_least=bounds.get(label),
            )
        )
    report.figures += [
        Figure(
            "vessel_activity_at ÷ refresh, 30 s of rows",
            report.ratio("vessel_activity_at", "refresh, 30 s"),
            at_least=8 if dense else None,
        ),
        Figure(
            "direct queries ÷ vessel_activity_at",
            report.ratio("direct", "vessel_activity_at"),
            at_least=None if dense else 4,
        ),
        Figure("materialized view ÷ direct queries", report.ratio("materialized view", "direct")),
    ]
    for key in ("direct", "materialized view", "vessel_activity_at"):
        name = "direct queries" if key == "direct" else key
        report.figures.append(Figure(name, report.median(key), "ms"))
    for label in ("30 s", "1 s", "nothing new"):
        report.figures.append(Figure(f"refresh, {label}", report.median(f"refresh, {label}"), "ms"))
        if dense:
            report.figures.append(
                Figure(
                    f"refresh, {label}: dense ÷ small",
                    report.ratio(f"refresh, {label}", f"small refresh, {label}"),
                    at_most=None if label == "nothing new" else 1.3,
                )
            )
    report.figures += [
        Figure(
            f"refresh in a new session ÷ refresh, 1 s of rows ({ROWS_PER_SECOND:,})",
            report.ratio("refresh in a new session, 1 s", "refresh, 1 s"),
            at_most=1.5,
        ),
        Figure(
            "refresh in a new session, 1 s", report.median("refresh in a new session, 1 s"), "ms"
        ),
    ]
    for key in ("WAL of a refresh, bytes", "page images of a refresh, bytes"):
        report.figures.append(Figure(key.removesuffix(", bytes"), report.median(key), "bytes"))


def rebuilds(subject: Subject, report: Report, rounds: int) -> None:
    """Time rebuilds of the state, and check the figures after the last one."""
    for number in range(rounds + 1):
        subject.observer.execute("select public.vessel_activity_rebuild()")
        elapsed, rebuilt = subject.refresh()
        if number:
            report.add_refresh("rebuild", elapsed, subject.mode)
    check_equal({"rebuild": rebuilt, "definition": subject.definition()[1]})
    bound = 3_000 if subject.size.name == "dense" else None
    report.figures.append(Figure("rebuild", report.median("rebuild"), "ms", at_most=bound))
