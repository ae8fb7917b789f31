"""`make bench`: what a refresh costs beside the alternatives, and what the engine costs a writer.

Everything runs on a PostgreSQL server of its own under .data/bench, deleted at the end. Bounds are
on ratios within one run. Settings come from the environment; docs/benchmarks.md explains them:
SIZE=small|dense, IDS=text|bigint, ROUNDS, SOAK_SECONDS, IDLE_SECONDS, ONLY=refresh,..., KEEP=1
"""

from __future__ import annotations

import os
import platform
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from bench.api import api
from bench.cluster import HERE, MEASURED, SIZES, BenchError, running
from bench.inserts import WAYS, Volume, throughput, wal_per_row
from bench.report import Figure, Report, paired_ratios, table, write
from bench.soak import open_transaction, soak
from bench.subject import Subject, check_equal
from local_server import LocalServerError

HALF_MINUTE_ROWS = 15_284  # 30 s of traffic on dense
SECOND_ROWS = 510  # 1 s of it
PARTS = ("refresh", "rebuild", "soak", "api", "inserts")
_REFRESHES_A_ROUND = 3
_VIEW_ROUNDS_ON_DENSE = 3  # a minute each, and only for comparison: no figure is judged by them


@dataclass(frozen=True)
class Options:
    """What to run, from the environment."""

    size: str
    ids: str
    rounds: int
    soak_seconds: int
    idle_seconds: int
    parts: tuple[str, ...]
    keep: bool
    output: Path

    @classmethod
    def from_env(cls) -> Options:
        """Read the options; what can't be used is named.

        Raises:
            BenchError: a variable holds something else than it may.

        """
        return cls(
            size=_choice("SIZE", "small", tuple(SIZES)),
            ids=_choice("IDS", "text", ("text", "bigint")),
            rounds=_whole("ROUNDS", 9),
            soak_seconds=_whole("SOAK_SECONDS", 20),
            idle_seconds=_whole("IDLE_SECONDS", 0),
            parts=tuple(
                part for part in PARTS if part in os.environ.get("ONLY", ",".join(PARTS)).split(",")
            ),
            keep=os.environ.get("KEEP", "") == "1",
            output=Path(os.environ.get("OUTPUT") or HERE / "latest.json"),
        )


def _choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    value = os.environ.get(name) or default
    if value not in allowed:
        raise BenchError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")
    return value


def _whole(name: str, default: int) -> int:
    value = os.environ.get(name) or str(default)
    if not value.isdecimal():
        raise BenchError(f"{name} must be a whole number, not {value!r}")
    return int(value)


def refreshes(subjects: list[Subject], report: Report, rounds: int) -> None:
    """Time the four approaches and the refresh of new rows, turn by turn.

    The first subject is the one reported on; a second, smaller one gives the ratio of the sizes.
    """
    main = subjects[0]
    main.create_materialized_view()
    for number in range(rounds + 1):  # the first round only warms up
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
                subject.feed(SECOND_ROWS, 1)
                elapsed, _ = subject.refresh()
                noted.add_refresh(f"{kept}refresh, 1 s", elapsed, subject.mode)
                noted.add(f"{kept}refresh, nothing new", subject.refresh()[0])
        print(".", end="", flush=True)
    print()


def _alternatives(subject: Subject, report: Report, number: int) -> None:
    """Time what there is beside the refresh, and see that all agree."""
    dense = subject.size.name == "dense"
    answers = {}
    _, answers["refresh"] = subject.refresh()
    if number or not dense:  # on dense, making the view has just warmed the table
        elapsed, answers["direct"] = subject.direct()
        report.add("direct", elapsed)
    if not dense or 1 <= number <= _VIEW_ROUNDS_ON_DENSE:
        elapsed, answers["view"] = subject.materialized_view()
        report.add("materialized view", elapsed)
    elapsed, answers["definition"] = subject.definition()
    report.add("vessel_activity_at", elapsed)
    check_equal(answers)


def refresh_figures(report: Report, size: str) -> None:
    """Judge what `refreshes` has noted."""
    dense = size == "dense"
    bounds = {"30 s": 500.0, "1 s": 2_000.0} if dense else {"1 s": 50.0}
    for label, rows in (("30 s", HALF_MINUTE_ROWS), ("1 s", SECOND_ROWS)):
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
        report.figures.append(Figure(key, report.median(key), "ms"))
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
    for key in ("WAL of a refresh, bytes", "page images of a refresh, bytes"):
        report.figures.append(Figure(key.removesuffix(", bytes"), report.median(key), "bytes"))


def insert_figures(report: Report) -> None:
    """Judge what `throughput` and `wal_per_row` have noted."""
    bounds = {
        "copy": 0.93,
        "batch": 0.93,
        "single": 0.80,
        "eight_single": 0.90,
        "eight_multi": 0.90,
    }
    for way, name in WAYS.items():
        pairs = paired_ratios(
            report.times[f"{way} with, rows/s"], report.times[f"{way} without, rows/s"]
        )
        for ratio in pairs:
            report.add(f"{way} with ÷ without", ratio)
        report.figures.append(
            Figure(
                f"inserts with the engine ÷ without: {name}",
                report.median(f"{way} with ÷ without"),
                at_least=bounds[way],
            )
        )
    report.figures.append(
        Figure(
            "WAL an inserted row beyond the row's own",
            report.median("WAL a row with, bytes") - report.median("WAL a row without, bytes"),
            "bytes",
        )
    )


def rebuilds(subject: Subject, report: Report, rounds: int) -> None:
    """Time rebuilds of the state, and the verification; check that they changed nothing."""
    for number in range(rounds + 1):
        subject.observer.execute("select public.vessel_activity_rebuild()")
        elapsed, rebuilt = subject.refresh()
        if number:
            report.add_refresh("rebuild", elapsed, subject.mode)
    check_equal({"rebuild": rebuilt, "definition": subject.definition()[1]})
    bound = 3_000 if subject.size.name == "dense" else None
    report.figures.append(Figure("rebuild", report.median("rebuild"), "ms", at_most=bound))


def soak_figures(subject: Subject, report: Report, seconds: int) -> None:
    """Judge the soak: share of a core, growth after the first minute, slowest refresh."""
    soak(subject, report, seconds)
    _, refreshed = subject.refresh()
    check_equal({"refresh": refreshed, "definition": subject.definition()[1]})
    series = report.series["soak"]
    last = series[-1]
    report.figures.append(
        Figure(
            f"refresh every second for {seconds} s at 510 rows/s: share of one core",
            last["core_percent"],
            "%",
            at_most=5,
        )
    )
    report.figures.append(
        Figure("the same: slowest refresh", max(report.times["soak refresh"]), "ms")
    )
    if seconds > 120:
        minute = next(sample for sample in series if sample["second"] >= 60)
        for part in ("inbox", "state"):
            growth = last[f"{part}_bytes"] / max(1.0, minute[f"{part}_bytes"])
            report.figures.append(
                Figure(f"the same: size of {part} at the end ÷ after minute 1", growth, at_most=1)
            )


def about(options: Options, subject: Subject) -> dict[str, Any]:
    """Describe the run, without the machine's name or paths."""
    with Path("/proc/meminfo").open() as lines:
        memory_kb = int(next(lines).split()[1])
    return {
        "run_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {
            "architecture": platform.machine(),
            "cores": os.cpu_count(),
            "memory_gb": round(memory_kb / 1024**2),
        },
        "postgresql": subject.one("show server_version"),
        "settings": MEASURED,
        "data": {
            "vessels": subject.size.fleet,
            "positions": subject.size.rows,
            "hours": subject.size.hours,
            "ids": options.ids,
            "table_bytes": subject.one("select pg_table_size('public.vessel_positions')"),
            "index_bytes": subject.one("select pg_indexes_size('public.vessel_positions')"),
        },
    }


def run(options: Options) -> Report:
    """Run the parts that were asked for on a server of their own."""
    names = ["dense", "small"] if options.size == "dense" else [options.size]
    with running([SIZES[name] for name in names], options.ids, keep=options.keep) as server:
        subjects = [Subject(server.url(name), SIZES[name]) for name in names]
        main = subjects[0]
        report = Report(about(options, main))
        volume = Volume(300, 2, 100, 5, 1) if options.size == "tiny" else Volume()
        if "refresh" in options.parts:
            refreshes(subjects, report, options.rounds)
            refresh_figures(report, options.size)
        if "rebuild" in options.parts:
            rebuilds(main, report, options.rounds)
        if "soak" in options.parts and options.soak_seconds:
            soak_figures(main, report, options.soak_seconds)
        if "api" in options.parts:
            api(main, report, options.rounds, seconds=1)
            report.figures.append(
                Figure(
                    "API p99 at 16 connections, refreshes back to back",
                    report.median("API p99"),
                    "ms",
                    at_most=100,
                )
            )
        if options.idle_seconds:
            open_transaction(main, report, options.idle_seconds)
        if "inserts" in options.parts:
            throughput(main, report, options.rounds, volume)
            wal_per_row(main, report, options.rounds)
            insert_figures(report)
        for subject in subjects:
            subject.close()
    return report


def main() -> None:
    """Run, print the table, write the JSON; exit code 1 when a figure falls short."""
    started = time.monotonic()
    try:
        options = Options.from_env()
        report = run(options)
    except (BenchError, LocalServerError, psycopg.Error) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(table(report.figures))
    write(options.output, options.size, report)
    print(f"\n{options.size}, ids {options.ids}: {time.monotonic() - started:.0f} s in all")
    if any(figure.ok is False for figure in report.figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
