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

    Refreshes with the document and without take turns, before the areas are put and after they
    are removed, because the machine is not equally fast all the time. The log says how long each
    refresh worked on the document. The fold works for the areas too, so what they add is the
    difference between whole refreshes.
    """
    _without_areas(subject, report, rounds)
    _put_areas(subject)
    try:
        _refresh(subject, Report({}), "with areas", _WAYS["with"])  # looks up where vessels were
        for number in range(rounds + 1):
            noted = report if number else Report({})
            _refresh(subject, noted, "with areas", _WAYS["with"])
    finally:
        subject.observer.execute(
            "select public.vessel_activity_area_remove(a.name)"
            " from public.vessel_activity_area as a"
        )
    _without_areas(subject, report, rounds)
    with_areas, without = (report.median(f"refresh with {what}") for what in ("areas", "document"))
    report.figures += [
        Figure(
            "document of a refresh, 30 s of rows",
            report.median("with document: document"),
            "ms",
            at_most=60,
        ),
        Figure(
            f"{_AREAS} areas in the document, 30 s of rows",
            with_areas - without,
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


def _without_areas(subject: Subject, report: Report, rounds: int) -> None:
    for number in range(rounds + 1):  # the first round is a warm-up
        noted = report if number else Report({})
        for way in sorted(_WAYS, reverse=number % 2 == 0):
            _refresh(subject, noted, f"{way} document", _WAYS[way])
    subject.observer.execute("update vessel_activity.settings set detail_interval = default")


def _refresh(subject: Subject, report: Report, way: str, interval: str) -> None:
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


def _put_areas(subject: Subject) -> None:
    """Put areas with 24 corners, 0.3 to 3 degrees in radius. They overlap here and there."""
    chance = random.Random(17)
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
        subject.observer.execute(
            "select public.vessel_activity_area_put(%s, %s)",
            (f"area {number}", json.dumps(shape)),
        )
