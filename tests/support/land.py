"""Where land is, from the coastline that the page ships."""

from __future__ import annotations

import itertools
import json
from bisect import bisect
from collections import defaultdict

from tests.conftest import PROJECT

# How far the shipped line may be from the coast, in degrees: it is thinned, and drawn on a grid.
TOLERANCE = 0.1


class Land:
    """The land between the coastlines: for each parallel on the grid, where it crosses them."""

    def __init__(self) -> None:
        """Read the file."""
        land = json.loads((PROJECT / "dashboard" / "coastline.json").read_text(encoding="utf-8"))
        self._steps: int = land["stepsPerDegree"]
        crossings: defaultdict[int, list[float]] = defaultdict(list)
        for line in land["lines"]:
            points = list(
                zip(itertools.accumulate(line[0::2]), itertools.accumulate(line[1::2]), strict=True)
            )
            turn = 360 * self._steps
            shift = 0
            for (x1, y1), (x2, y2) in itertools.pairwise([*points, points[0]]):
                # A line that leaves the grid at the antimeridian goes on beyond it, and lies there
                # a second and a third time, so that both sides have it.
                ahead = shift + turn * round((x1 - x2) / turn)
                ends = sorted([(y1, x1 + shift), (y2, x2 + ahead)])
                shift = ahead
                (low, x_low), (high, x_high) = ends
                # Parallels run between the grid's lines, so that none meets a corner.
                for y in range(low, high):
                    x = x_low + (x_high - x_low) * (y + 0.5 - low) / (high - low)
                    crossings[y] += [x - turn, x, x + turn]
        self._crossings = {y: sorted(xs) for y, xs in crossings.items()}

    def has(self, latitude: float, longitude: float) -> bool:
        """Tell whether there is land, at most half a step of the grid to the north or south."""
        row = self._crossings.get(int(latitude * self._steps // 1), [])
        longitude = (longitude + 180) % 360 - 180
        return bisect(row, longitude * self._steps) % 2 == 1

    def lies_inland(self, latitude: float, longitude: float) -> bool:
        """Tell whether there is land here and all around, further than the line may be off."""
        return self.has(latitude, longitude) and all(
            self.has(latitude + north * TOLERANCE, longitude + east * TOLERANCE)
            for north, east in itertools.product((-1, 0, 1), repeat=2)
        )
