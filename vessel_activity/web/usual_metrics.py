"""The metrics of what is usual, from what vessel_activity.measures() tells of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

_METRICS = {
    "usual_weeks": ("weeks", "From how many weeks the usual band of a figure is, 0 to 8."),
    "usual_low": ("low", "Lower edge of the usual band for this hour of the week."),
    "usual_high": ("high", "Upper edge of the usual band for this hour of the week."),
    "below_usual": ("is_below", "Whether a figure has been below its usual band for long."),
}


def usual_metrics(usual: list[dict[str, Any]] | None) -> Iterator[Metric]:
    """Yield the metrics of each figure; what is not known is left out."""
    for name, (key, described) in _METRICS.items():
        family = GaugeMetricFamily(f"vessel_activity_{name}", described, labels=["figure"])
        for figure in usual or []:
            if figure[key] is not None:
                family.add_metric([figure["figure"]], float(figure[key]))
        if family.samples:
            yield family
