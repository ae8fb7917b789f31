"""The metrics of the live feeds, from what vessel_activity.feed_measures() tells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from prometheus_client.core import Metric

# A feed tells of its sources every five seconds. The check of the status has the same limit.
_HEARD_SECONDS = 35
_OUTCOMES = {
    "position": "positions",
    "duplicate": "duplicates",
    "static": "statics",
    "ignored": "ignored",
    "rejected": "rejected",
}
_COUNTERS = {
    "reconnects": "How often the source was connected again.",
    "dropped": "Messages lost because the spool was full.",
}
_GAUGES = {
    "heard_seconds": ("heard_seconds", "Time since the feed told of the source."),
    "newest_report": (
        "newest_report_timestamp_seconds",
        "Newest time of a report that is not from the future.",
    ),
    "newest_arrival": (
        "newest_arrival_timestamp_seconds",
        "When the newest message arrived, by the clock of the feed.",
    ),
    "waiting": ("waiting", "Reports of the feed that are received but not filed yet."),
    "waiting_bytes": ("waiting_bytes", "Size of these reports."),
    "waiting_seconds": ("waiting_seconds", "Age of the oldest of these reports."),
}


def feed_metrics(feeds: Iterable[dict[str, Any]]) -> Iterator[Metric]:
    """Yield the metrics of all feeds.

    Args:
        feeds: the objects of vessel_activity.feed_measures().

    """
    feeds = list(feeds)
    if not feeds:
        return
    up = GaugeMetricFamily(
        _name("up"), "Whether the source is connected and brings messages.", labels=["source"]
    )
    messages = CounterMetricFamily(
        _name("messages"),
        "Messages received, by what became of them.",
        labels=["source", "outcome"],
    )
    rejected = CounterMetricFamily(
        _name("rejected"), "Messages rejected, by reason.", labels=["source", "reason"]
    )
    clock = CounterMetricFamily(
        _name("clock_wrong"),
        "Messages stamped more than a minute ahead of their arrival, or more than a day behind it.",
        labels=["source", "direction"],
    )
    for feed in feeds:
        source = feed["source"]
        is_up = feed["state"] == "connected" and feed["heard_seconds"] <= _HEARD_SECONDS
        up.add_metric([source], float(is_up))
        for outcome, key in _OUTCOMES.items():
            messages.add_metric([source, outcome], feed[key])
        for reason, count in sorted(feed["rejected_by_reason"].items()):
            rejected.add_metric([source, reason], count)
        for direction in ("ahead", "behind"):
            clock.add_metric([source, direction], feed[f"clock_{direction}"])
    yield from (up, messages, rejected, clock)
    for key, described in _COUNTERS.items():
        counter = CounterMetricFamily(_name(key), described, labels=["source"])
        for feed in feeds:
            counter.add_metric([feed["source"]], feed[key])
        yield counter
    for key, (name, described) in _GAUGES.items():
        gauge = GaugeMetricFamily(_name(name), described, labels=["source"])
        for feed in feeds:
            if feed[key] is not None:
                gauge.add_metric([feed["source"]], float(feed[key]))
        yield gauge


def _name(name: str) -> str:
    return f"vessel_activity_feed_{name}"
