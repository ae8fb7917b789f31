"""The result of a run: figures with their bounds, shown as a table and stored as JSON."""

from __future__ import annotations

import json
import statistics
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Figure:
    """One figure of the result, which is one line of the table.

    Attributes:
        name: the name of the figure in the table.
        measured: the value. The value is a median unless the name says otherwise.
        unit: "x" for a ratio within this run, "ms", "bytes", "%" and the like.
        at_least: the lower bound, or None.
        at_most: the upper bound, or None.
        note: how the value was measured, if the name does not say so.

    """

    name: str
    measured: float
    unit: str = "x"
    at_least: float | None = None
    at_most: float | None = None
    note: str = ""

    @property
    def ok(self) -> bool | None:
        """Whether the value is within its bound, or None if the figure has no bound."""
        if self.at_least is None and self.at_most is None:
            return None
        return (self.at_least is None or self.measured >= self.at_least) and (
            self.at_most is None or self.measured <= self.at_most
        )

    @property
    def bound(self) -> str:
        """The bound in words, or an empty text if the figure has no bound."""
        if self.at_least is not None:
            return f"at least {_number(self.at_least)}"
        return "" if self.at_most is None else f"at most {_number(self.at_most)}"


@dataclass
class Report:
    """One run on one size of data.

    Attributes:
        about: the machine, the server, its settings and the data.
        figures: the figures in the order of the table.
        times: all samples for each key, in ms unless the key names another unit.
        modes: for each key, how many refreshes of each mode were timed. The modes are those of
            refresh_log.
        series: for each name, the measurements that were taken over time, oldest first.

    """

    about: dict[str, Any]
    figures: list[Figure] = field(default_factory=list)
    times: dict[str, list[float]] = field(default_factory=dict)
    modes: dict[str, dict[str, int]] = field(default_factory=dict)
    series: dict[str, list[dict[str, float]]] = field(default_factory=dict)

    def add(self, key: str, sample: float) -> None:
        """Add one sample."""
        self.times.setdefault(key, []).append(sample)

    def add_refresh(self, key: str, sample: float, mode: str) -> None:
        """Add the time of one refresh, and count its mode."""
        self.add(key, sample)
        counts = self.modes.setdefault(key, {})
        counts[mode] = counts.get(mode, 0) + 1

    def median(self, key: str) -> float:
        """Return the median of the samples under a key."""
        return statistics.median(self.times[key])

    def ratio(self, slow: str, fast: str) -> float:
        """Return the median under the key `slow` divided by the median under the key `fast`."""
        return self.median(slow) / self.median(fast)

    def as_json(self) -> dict[str, Any]:
        """Return the report as plain values, as bench/latest.json holds it for each size."""
        return {
            **self.about,
            "figures": [
                {**asdict(f), "measured": _rounded(f.measured), "ok": f.ok} for f in self.figures
            ],
            "times": {key: spread(samples) for key, samples in sorted(self.times.items())},
            "modes": self.modes,
            "series": self.series,
        }


def spread(samples: Sequence[float]) -> dict[str, float]:
    """Return the median, the quartiles, the extremes and the number of samples."""
    low, middle, high = (
        statistics.quantiles(samples, n=4, method="inclusive")
        if len(samples) > 1
        else [samples[0]] * 3
    )
    return {
        "median": _rounded(middle),
        "lower_quartile": _rounded(low),
        "upper_quartile": _rounded(high),
        "min": _rounded(min(samples)),
        "max": _rounded(max(samples)),
        "n": len(samples),
    }


def paired_ratios(over: Sequence[float], under: Sequence[float]) -> list[float]:
    """Return the ratio of each pair of neighbouring rounds, which slow drift does not affect."""
    return [a / b for a, b in zip(over, under, strict=True)]


def table(figures: Iterable[Figure]) -> str:
    """Return the figures as a table for a terminal."""
    rows = [("figure", "measured", "bound", "")]
    for figure in figures:
        verdict = {True: "ok", False: "FALLS SHORT", None: ""}[figure.ok]
        measured = f"{_number(figure.measured)} {figure.unit}"
        rows.append((figure.name, measured, figure.bound, verdict))
    widths = [max(len(row[i]) for row in rows) for i in range(3)]
    lines = [
        f"{name:<{widths[0]}}  {measured:>{widths[1]}}  {bound:<{widths[2]}}  {verdict}".rstrip()
        for name, measured, bound, verdict in rows
    ]
    lines.insert(1, "-" * max(map(len, lines)))
    return "\n".join(lines)


def write(path: Path, size: str, report: Report) -> None:
    """Write the report into the file under its size, and keep the reports of the other sizes."""
    try:
        known = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        known = {}
    known[size] = report.as_json()
    path.write_text(json.dumps(known, indent=2) + "\n")


def _rounded(value: float) -> float:
    return float(f"{value:.4g}") if abs(value) < 1000 else round(value)


def _number(value: float) -> str:
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"
