"""`make bench`: time a refresh and its alternatives, and measure what the triggers cost a writer.

The benchmark starts its own PostgreSQL server under .data/bench and deletes it at the end. Most
bounds are on ratios within one run, because times depend on the machine. Settings come from the
environment, and docs/benchmarks.md explains them: SIZE=small|dense, IDS=text|bigint, ROUNDS,
SOAK_SECONDS, FEED_SECONDS, IDLE_SECONDS, ONLY=refresh,..., KEEP=1, OUTPUT.
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
from bench.details import details
from bench.feeding import Amount, feeding
from bench.inserts import WAYS, Volume, throughput, wal_per_row
from bench.loading import loading
from bench.members import members
from bench.refreshes import rebuilds, refresh_figures, refreshes
from bench.report import Figure, Report, paired_ratios, table, write
from bench.soak import open_transaction, soak
from bench.subject import Subject, check_equal
from bench.vessels import vessels
from vessel_activity.errors import LocalServerError

PARTS = (
    "refresh",
    "vessels",
    "details",
    "rebuild",
    "soak",
    "api",
    "load",
    "feed",
    "inserts",
    "members",
)


@dataclass(frozen=True)
class Options:
    """The settings of one run, as the environment gives them."""

    size: str
    ids: str
    rounds: int
    soak_seconds: int
    feed_seconds: int
    idle_seconds: int
    parts: tuple[str, ...]
    keep: bool
    output: Path

    @classmethod
    def from_env(cls) -> Options:
        """Read the options from the environment.

        Raises:
            BenchError: a variable has an invalid value; the message names the variable.

        """
        return cls(
            size=_choice("SIZE", "small", tuple(SIZES)),
            ids=_choice("IDS", "text", ("text", "bigint")),
            rounds=_whole("ROUNDS", 9),
            soak_seconds=_whole("SOAK_SECONDS", 20),
            feed_seconds=_whole("FEED_SECONDS", 60),
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


def insert_figures(report: Report) -> None:
    """Add the figures for the samples that `throughput` and `wal_per_row` recorded."""
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
                f"insert rate with triggers ÷ without: {name}",
                report.median(f"{way} with ÷ without"),
                at_least=bounds[way],
            )
        )
    report.figures.append(
        Figure(
            "WAL that the triggers add to an inserted row",
            report.median("WAL a row with, bytes") - report.median("WAL a row without, bytes"),
            "bytes",
        )
    )


def soak_figures(subject: Subject, report: Report, seconds: int) -> None:
    """Run the soak and add its figures: share of a core, slowest refresh, growth of the tables."""
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
        Figure(
            f"refresh every second for {seconds} s: slowest refresh",
            max(report.times["soak refresh"]),
            "ms",
        )
    )
    if seconds > 120:
        minute = next(sample for sample in series if sample["second"] >= 60)
        for part in ("inbox", "state"):
            growth = last[f"{part}_bytes"] / max(1.0, minute[f"{part}_bytes"])
            report.figures.append(
                Figure(
                    f"refresh every second for {seconds} s: "
                    f"size of {part} at the end ÷ after minute 1",
                    growth,
                    at_most=1,
                )
            )


def about(options: Options, subject: Subject) -> dict[str, Any]:
    """Describe the run. Leave out the name and the paths of the machine."""
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


def _time_refreshes(options: Options, subjects: list[Subject], report: Report) -> None:
    """Run the parts that time refreshes one by one."""
    main = subjects[0]
    if "refresh" in options.parts:
        refreshes(subjects, report, options.rounds)
        refresh_figures(report, options.size)
    if "details" in options.parts:
        details(main, report, options.rounds)
    if "rebuild" in options.parts:
        rebuilds(main, report, options.rounds)


def run(options: Options) -> Report:
    """Start a server, run the chosen parts on it, and return the report."""
    names = ["dense", "small"] if options.size == "dense" else [options.size]
    with running([SIZES[name] for name in names], options.ids, keep=options.keep) as server:
        subjects = [Subject(server.url(name), SIZES[name]) for name in names]
        main = subjects[0]
        report = Report(about(options, main))
        volume = Volume(300, 2, 100, 5, 1) if options.size == "tiny" else Volume()
        _time_refreshes(options, subjects, report)
        if "vessels" in options.parts:
            vessels(server, report, options.rounds, tiny=options.size == "tiny")
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
        if "load" in options.parts:
            rows = 2_000 if options.size == "tiny" else 200_000
            loading(server, report, max(1, options.rounds // 3), rows)
        if "feed" in options.parts:
            amount = (
                Amount(1_000, 1, 1, 3)
                if options.size == "tiny"
                else Amount(full_seconds=options.feed_seconds)
            )
            feeding(server, report, max(1, options.rounds // 3), amount)
        if options.idle_seconds:
            open_transaction(main, report, options.idle_seconds)
        if "inserts" in options.parts:
            throughput(main, report, options.rounds, volume)
            wal_per_row(main, report, options.rounds)
            insert_figures(report)
        for subject in subjects:
            subject.close()
        if "members" in options.parts:  # last: it copies a database, which nobody may use
            members(server, SIZES[names[-1]], report, options.rounds)
    return report


def main() -> None:
    """Run the benchmark, print the table and write the JSON.

    The exit code is 1 if a figure misses its bound, and 2 if the run failed.
    """
    started = time.monotonic()
    try:
        options = Options.from_env()
        report = run(options)
    except (BenchError, LocalServerError, psycopg.Error) as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    print(table(report.figures))
    write(options.output, options.size, report)
    print(f"\n{options.size}, ids {options.ids}: {time.monotonic() - started:.0f} s in total")
    if any(figure.ok is False for figure in report.figures):
        sys.exit(1)


if __name__ == "__main__":
    main()
