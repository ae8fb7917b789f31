"""The metrics of the members of a combining database, as vessel_activity.measures() tells them."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from prometheus_client.core import GaugeMetricFamily

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric


def member_metrics(members: list[dict[str, Any]]) -> Iterator[Metric]:
    """Yield the metrics of each member; none if there are no members."""
    if not members:
        return
    answers = _gauge("up", "Whether the member has answered to the last refresh.")
    answered = _gauge("answer_timestamp_seconds", "When the last answer of the member came.")
    took = _gauge("answer_seconds", "How long the last answer of the member took.")
    clashes = _gauge("shared_vessels", "Vessels of the member that are in another one too.")
    for member in members:
        name = [member["name"]]
        answers.add_metric(name, float(member["answers"]))
        if member["answered_at"] is not None:
            at = datetime.fromisoformat(member["answered_at"]).timestamp()
            answered.add_metric(name, at)
            took.add_metric(name, member["round_trip_ms"] / 1000)
        if member["clashes"] is not None:
            clashes.add_metric(name, float(member["clashes"]))
    yield from (answers, answered, took, clashes)


def _gauge(name: str, described: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"vessel_activity_member_{name}", described, labels=["member"])
