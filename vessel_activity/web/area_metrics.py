"""The metrics of areas, from the document of what is moving."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from prometheus_client.core import GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

    from vessel_activity.web.document import Document

# Each area is five time series. Those with the most vessels come first in the document.
MOST_AREAS = 50
WINDOWS = {"5m": "activeNow", "1h": "activeLastHour", "24h": "activeLast24h"}


def area_metrics(document: Document) -> Iterator[Metric]:
    """Yield the metrics of the areas with the most vessels."""
    areas = json.loads(document.content.body).get("areas", [])[:MOST_AREAS]
    vessels = GaugeMetricFamily(
        "vessel_activity_area_vessels",
        "Vessels in an area that were heard in the window.",
        labels=["area", "window"],
    )
    crossings = GaugeMetricFamily(
        "vessel_activity_area_crossings_last_hour",
        "Vessels that entered or left an area in the last hour.",
        labels=["area", "direction"],
    )
    for area in areas:
        for window, key in WINDOWS.items():
            vessels.add_metric([area["name"], window], area[key])
        for direction in ("entered", "left"):
            crossings.add_metric([area["name"], direction], area[direction])
    yield vessels
    yield crossings
