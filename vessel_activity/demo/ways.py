"""The ways of the simulated fleet: the shortest ways between ports on the chart of the demo."""

from __future__ import annotations

import heapq
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

# Waypoint -> the next waypoints, each with the length of the lane; a slow lane counts longer.
Chart = dict[str, list[tuple[str, float]]]


def find_ways(connection: psycopg.Connection) -> None:
    """Write the way of each service of the fleet, unless they are there."""
    services = connection.execute(
        "select r.route, r.origin, r.destination from vessel_activity_demo.route as r"
        " where r.destination is not null"
        " and not exists (select from vessel_activity_demo.way as w where w.route = r.route)"
    ).fetchall()
    if not services:
        return
    chart: Chart = defaultdict(list)
    for waypoint, following, length in connection.execute(
        "select l.waypoint, l.next_waypoint, l.length_nm / l.pace"
        " from vessel_activity_demo.lane as l"
    ):
        chart[waypoint].append((following, length))
    before = {
        origin: shortest_ways(chart, origin) for origin in {origin for _, origin, _ in services}
    }
    rows = [
        (route, place, waypoint)
        for route, origin, destination in services
        for place, waypoint in enumerate(_way(before[origin], destination))
    ]
    routes, places, waypoints = zip(*rows, strict=True)
    connection.execute(
        "insert into vessel_activity_demo.way (route, place, waypoint)"
        " select * from rows from (pg_catalog.unnest(%s::integer[]),"
        " pg_catalog.unnest(%s::integer[]), pg_catalog.unnest(%s::text[]))",
        (list(routes), list(places), list(waypoints)),
    )


def shortest_ways(chart: Chart, origin: str) -> dict[str, str | None]:
    """Return for each waypoint the one before it on the shortest way from the origin (Dijkstra)."""
    before: dict[str, str | None] = {}
    waiting: list[tuple[float, str, str | None]] = [(0.0, origin, None)]
    while waiting:
        sailed, waypoint, previous = heapq.heappop(waiting)
        if waypoint in before:
            continue
        before[waypoint] = previous
        for following, length in chart[waypoint]:
            if following not in before:
                heapq.heappush(waiting, (sailed + length, following, waypoint))
    return before


def _way(before: dict[str, str | None], destination: str) -> list[str]:
    way: list[str] = []
    at: str | None = destination
    while at is not None:
        way.append(at)
        at = before[at]
    return way[::-1]
