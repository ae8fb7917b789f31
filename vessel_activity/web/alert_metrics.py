"""The metrics of the alerts, from what vessel_activity.measures() tells of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

_COUNTERS = {
    "alert_deliveries": ("delivered", "Messages of alerts that the webhook has accepted."),
    "alert_delivery_failures": ("failed", "Attempts to deliver a message that have failed."),
    "alert_deliveries_given_up": ("given_up", "Messages given up because they were a day old."),
}
_GAUGES = {
    "alert_deliveries_waiting": ("waiting", "Messages that are neither delivered nor given up."),
    "alert_rules_evaluated": ("can_evaluate", "Whether the rules of alerts can be evaluated."),
}


def alert_metrics(alerts: dict[str, Any]) -> Iterator[Metric]:
    """Yield the metrics of the rules and of the deliveries."""
    is_open = GaugeMetricFamily(
        "vessel_activity_alert_open", "Whether an alert of the rule is open.", labels=["rule"]
    )
    for rule, value in (alerts["open"] or {}).items():
        is_open.add_metric([rule], float(value))
    yield is_open
    for name, (key, described) in _COUNTERS.items():
        yield CounterMetricFamily(f"vessel_activity_{name}", described, value=float(alerts[key]))
    for name, (key, described) in _GAUGES.items():
        yield GaugeMetricFamily(f"vessel_activity_{name}", described, value=float(alerts[key]))
