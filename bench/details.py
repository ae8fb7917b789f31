"""Time what the document and the areas add to a refresh; see docs/benchmarks.md."""

from __future__ import annotations

import json
import math
import random
from typing import TYPE_CHECKING

from bench.refreshes import HALF_MINUTE_ROWS
from bench.report import Figure, Report

if TYPE_CHECKING:
    from bench.subject import Subject

_AREAS = 500
_CORNERS = 24
_SIDE = 65.0  # degrees; bench/data.sql puts the fleet between 0 and 65.5 degrees north and east
_WAYS = {"without": "1 day", "with": "30 seconds"}


def details(subject: Subject, report: Report, rounds: int) -> None:
    """Time refreshes of 30 s of traffic: without the document, with it, and with 500 areas in it.

    All three take turns, because the machine is not equally fast all the time. The log says how
    long each refresh worked on the document. The fold works for the areas too, so what they add is
    the difference between two whole refreshes of one round.
    """
    areas = _areas()
    try:
        for number in range(rounds + 1):  # the first round is a warm-up
            noted = report if number else Report({})
            for way in sorted(_WAYS, reverse=number % 2 == 0):
                elapsed = _refresh(subject, noted, f"{way} document", _WAYS[way])
                if way == "with":
                    without_areas = elapsed
            _put(subject, areas)
            _refresh(subject, Report({}), "with areas", _WAYS["with"])  # looks up where all were
            elapsed = _refresh(subject, noted, "with areas", _WAYS["with"])
            noted.add("areas: more", elapsed - without_areas)
            _remove_areas(subject)
            _refresh(subject, Report({}), "with document", _WAYS["with"])
    finally:  # the last refresh has set the interval to its default
        _remove_areas(subject)
    report.figures += [
        Figure(
            "document of a refresh, 30 s of rows",
            report.median("with document: document"),
            "ms",
            at_most=60,
        ),
        Figure(
            f"{_AREAS} areas in the document, 30 s of rows",
            report.median("areas: more"),
            "ms",
            at_most=40,
        ),
        Figure(
            "refresh with the document ÷ without",
            report.ratio("refresh with document", "refresh without document"),
        ),
        Figure(
            f"refresh with the document and {_AREAS} areas ÷ without",
            report.ratio("refresh with areas", "refresh without document"),
        ),
    ]


def _refresh(subject: Subject, report: Report, way: str, interval: str) -> float:
    subject.observer.execute(
        "update vessel_activity.settings set detail_interval = %s::interval", (interval,)
    )
    subject.feed(HALF_MINUTE_ROWS, 30)
    elapsed, _ = subject.refresh()
    report.add_refresh(f"refresh {way}", elapsed, subject.mode)
    working = subject.one(
        "select l.details_ms from vessel_activity.refresh_log as l order by l.id desc limit 1"
    )
    if working is not None:
        report.add(f"{way}: document", float(working))
    return elapsed


def _areas() -> list[tuple[str, str]]:
    """Return areas with 24 corners, 0.3 to 3 degrees in radius. They overlap here and there."""
    chance = random.Random(17)
    areas = []
    for number in range(_AREAS):
        x, y = chance.uniform(0, _SIDE), chance.uniform(0, _SIDE)
        radius = chance.uniform(0.3, 3)
        ring = [
            [
                round(x + radius * math.cos(2 * math.pi * corner / _CORNERS), 5),
                round(y + radius * math.sin(2 * math.pi * corner / _CORNERS), 5),
            ]
            for corner in range(_CORNERS)
        ]
        shape = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
        areas.append((f"area {number}", json.dumps(shape)))
    return areas


def _put(subject: Subject, areas: list[tuple[str, str]]) -> None:
    with subject.observer.transaction(), subject.observer.cursor() as cursor:
        cursor.executemany("select public.vessel_activity_area_put(%s, %s)", areas)


def _remove_areas(subject: Subject) -> None:
    subject.observer.execute(
        "select public.vessel_activity_area_remove(a.name) from public.vessel_activity_area as a"
    )
