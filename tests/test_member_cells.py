"""Cells go dark on a combining database if all databases together miss vessels there."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.fleet import AS_OF, HOUR, MINUTE, refreshed
from tests.support.members import away, databases, document, join

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    import psycopg

    from vessel_activity.database.local_server import LocalServer

WEEK = timedelta(weeks=1)
NAMES = ("combiner", "north", "south")


@pytest.fixture
def joined(server: LocalServer, template: str) -> Iterator[dict[str, psycopg.Connection]]:
    """Give a combining database with two members."""
    with databases(server, template, NAMES) as opened:
        opened["combiner"].execute(
            "update vessel_activity.settings set member_timeout = '20 seconds'"
        )
        for name in NAMES[1:]:
            join(opened["combiner"], name, opened[name])
        yield opened


def hear(session: psycopg.Connection, at: datetime, vessels: int, west: int) -> None:
    """Let some new vessels report from a cell."""
    session.execute(
        "with v as (insert into public.vessels (mmsi)"
        " select gen_random_uuid()::text from generate_series(1, %s) returning id)"
        ' insert into public.vessel_positions ("vesselId", timestamp, longitude, latitude)'
        " select id, %s, %s, 51.5 from v",
        (vessels, at, west + 0.5),
    )


def dark(session: psycopg.Connection) -> Any:  # noqa: ANN401
    return document(session)["dark"]


def test_a_cell_is_dark_if_all_databases_together_miss_vessels(
    joined: dict[str, psycopg.Connection],
) -> None:
    combiner, hour = joined["combiner"], AS_OF.replace(microsecond=0)
    for week in (1, 2):
        combiner.execute(
            "insert into vessel_activity.cell_history (hour, sampled_at, cells, vessels)"
            " select %s, %s, array[w.up + 184, w.up + 185, w.up + 186], array[100, 100, 100]"
            " from (select 141 * 360) as w (up)",
            (hour - week * WEEK, hour - week * WEEK),
        )
    # The fifth cell has enough with the three together, the fourth misses one, the sixth all.
    for name, vessels in (("combiner", 5), ("north", 7), ("south", 8)):
        hear(joined[name], AS_OF, vessels, 5)
        hear(joined[name], AS_OF, vessels - (name == "south"), 4)
    refreshed(combiner)

    expected = {"weeks": 2, "count": 2, "cells": [[6, 51, 0, 100], [4, 51, 19, 100]]}
    assert dark(combiner) == expected
    grid = combiner.execute("select vessel_activity.grid_json(1, null, 'now')::json").fetchone()
    assert grid is not None
    assert grid[0]["dark"] == expected
    sample = "select cells, vessels from vessel_activity.cell_history where hour = %s"
    cells = [141 * 360 + 184, 141 * 360 + 185]
    assert combiner.execute(sample, (hour,)).fetchall() == [(cells, [19, 20])]
    combiner.execute("select vessel_activity.refresh_at(%s, 'manual', true)", (AS_OF + MINUTE,))
    verified = combiner.execute(
        "select verification -> 'places' ->> 'equal' from vessel_activity.refresh_log"
        " order by id desc limit 1"
    )
    assert verified.fetchone() == ("true",)
    assert dark(combiner) == expected

    combiner.execute("update vessel_activity.settings set allow_missing_members = true")
    with away(joined, "south"):
        refreshed(combiner, AS_OF + HOUR)
    assert dark(combiner) is None
    assert combiner.execute(sample, (hour + HOUR,)).fetchall() == []
    refreshed(combiner, AS_OF + HOUR + MINUTE)
    assert combiner.execute(sample, (hour + HOUR,)).fetchall() == [([], [])]
