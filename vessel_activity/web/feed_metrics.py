"""The metrics of the live feeds, from what vessel_activity.feed_measures() tells."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

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
    yield _by_source(
        GaugeMetricFamily,
        "up",
        "Whether the feed runs and the source brings messages; unknown if it has ended in order.",
        feeds,
        _is_up,
    )
    yield _by_source_and(
        "outcome",
        "messages",
        "Messages received, by what became of them.",
        feeds,
        lambda feed: {outcome: feed[key] for outcome, key in _OUTCOMES.items()},
    )
    yield _by_source_and(
        "reason",
        "rejected",
        "Messages rejected, by reason.",
        feeds,
        lambda feed: feed["rejected_by_reason"],
    )
    yield _by_source_and(
        "direction",
        "clock_wrong",
        "Messages stamped more than a minute ahead of their arrival, or more than a day behind it.",
        feeds,
        lambda feed: {side: feed[f"clock_{side}"] for side in ("ahead", "behind")},
    )
    for key, described in _COUNTERS.items():
        yield _by_source(CounterMetricFamily, key, described, feeds, itemgetter(key))
    for key, (name, described) in _GAUGES.items():
        yield _by_source(GaugeMetricFamily, name, described, feeds, itemgetter(key))


def _is_up(feed: dict[str, Any]) -> bool | None:
    if feed["state"] == "ended":
        return None
    return bool(feed["state"] == "connected" and feed["heard_seconds"] <= _HEARD_SECONDS)


def _by_source(
    family: type[GaugeMetricFamily | CounterMetricFamily],
    name: str,
    described: str,
    feeds: list[dict[str, Any]],
    value: Callable[[dict[str, Any]], float | None],
) -> Metric:
    metric = family(_name(name), described, labels=["source"])
    for feed in feeds:
        found = value(feed)
        if found is not None:
            metric.add_metric([feed["source"]], float(found))
    return metric


def _by_source_and(
    label: str,
    name: str,
    described: str,
    feeds: list[dict[str, Any]],
    values: Callable[[dict[str, Any]], dict[str, float]],
) -> Metric:
    metric = CounterMetricFamily(_name(name), described, labels=["source", label])
    for feed in feeds:
        for key, count in sorted(values(feed).items()):
            metric.add_metric([feed["source"], key], count)
    return metric


def _name(name: str) -> str:
    return f"vessel_activity_feed_{name}"
