"""Make dashboard/coastline.json from the npm package world-atlas, which holds Natural Earth's land.

    npm ci && python scripts/coastline.py

The package has the land of the world at a scale of 1:50 million in the format TopoJSON. The page
needs less: each line is thinned, and islands too small to be seen are left out. The file holds a
list of numbers for each closed line: x and y of its points on a grid of a twentieth of a degree,
the first as it is, each further one as its distance from the one before.
"""

from __future__ import annotations

import itertools
import json
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
SOURCE = PROJECT / "node_modules" / "world-atlas" / "land-50m.json"
TARGET = PROJECT / "dashboard" / "coastline.json"

WORLD = 360  # degrees
STEPS = 20  # to a degree
TOLERANCE = 0.06  # degrees that a thinned line may be off
SMALLEST = 0.08  # square degrees of the smallest island
SHORTEST = 8  # numbers of a line: a triangle that is closed
Point = tuple[float, float]


def arcs_of(topology: dict[str, object]) -> list[list[Point]]:
    """Decode the arcs of a topology into degrees."""
    transform = topology["transform"]
    (sx, sy), (tx, ty) = transform["scale"], transform["translate"]  # type: ignore[index]
    arcs = []
    for arc in topology["arcs"]:  # type: ignore[attr-defined]
        x = y = 0
        points = []
        for dx, dy in arc:
            x, y = x + dx, y + dy
            points.append((x * sx + tx, y * sy + ty))
        arcs.append(points)
    return arcs


def rings_of(topology: dict[str, object]) -> list[list[Point]]:
    """List every closed line of the land; lakes in it are left out."""
    arcs = arcs_of(topology)
    rings = []
    for geometry in topology["objects"]["land"]["geometries"]:  # type: ignore[index]
        for polygon in geometry["arcs"]:
            ring: list[Point] = []
            for number in polygon[0]:
                arc = arcs[number] if number >= 0 else arcs[~number][::-1]
                ring += arc if not ring else arc[1:]
            rings.append(whole(ring))
    return rings


def whole(ring: list[Point]) -> list[Point]:
    """Let the longitudes of a ring go on beyond 180, where it crosses the antimeridian."""
    turns = 0
    points = ring[:1]
    for (before, _), (x, y) in itertools.pairwise(ring):
        turns -= round((x - before) / WORLD)
        points.append((x + WORLD * turns, y))
    back = WORLD * ((min(x for x, _ in points) + WORLD / 2) // WORLD)
    return [(x - back, y) for x, y in points]


def area(ring: list[Point]) -> float:
    """Return the area of a ring in square degrees."""
    pairs = itertools.pairwise(ring)
    return abs(sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs)) / 2


def thinned(line: list[Point]) -> list[Point]:
    """Leave out points that are no further from the line than the tolerance (Douglas-Peucker)."""
    keep = {0, len(line) - 1}
    spans = [(0, len(line) - 1)]
    while spans:
        first, last = spans.pop()
        (x1, y1), (x2, y2) = line[first], line[last]
        length = ((x2 - x1) ** 2 + (y2 - y1) ** 2) ** 0.5
        farthest, most = -1, TOLERANCE
        for number in range(first + 1, last):
            x, y = line[number]
            if length == 0:
                off = ((x - x1) ** 2 + (y - y1) ** 2) ** 0.5
            else:
                off = abs((x2 - x1) * (y - y1) - (y2 - y1) * (x - x1)) / length
            if off > most:
                farthest, most = number, off
        if farthest >= 0:
            keep.add(farthest)
            spans += [(first, farthest), (farthest, last)]
    return [line[number] for number in sorted(keep)]


def written(ring: list[Point]) -> list[int]:
    """Return the points on the grid as differences: x, y of the first, then of each step."""
    numbers: list[int] = []
    before = (0, 0)
    for x, y in ring:
        point = (round(x * STEPS), round(y * STEPS))
        if numbers and point == before:
            continue
        numbers += [point[0] - before[0], point[1] - before[1]]
        before = point
    return numbers


def main() -> None:
    """Write the file."""
    topology = json.loads(SOURCE.read_text(encoding="utf-8"))
    rings = [ring for ring in rings_of(topology) if area(ring) >= SMALLEST]
    lines = [written(thinned(ring)) for ring in sorted(rings, key=area, reverse=True)]
    land = {"stepsPerDegree": STEPS, "lines": [line for line in lines if len(line) >= SHORTEST]}
    TARGET.write_text(json.dumps(land, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
