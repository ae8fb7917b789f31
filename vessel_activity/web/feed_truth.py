"""What the server tells of the feed: how old the newest report is, and whether that is late.

The database has the rule, vessel_activity.feed_state. The newest report is looked up at each
reading, and again at the moment at which the feed would count as late. So a feed that has stopped
is told within seconds, whatever the refresh interval is.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from datetime import UTC
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from datetime import datetime

_READ = """
  set transaction isolation level read committed;
  set local statement_timeout = {limit}; set local lock_timeout = {limit};
  select * from vessel_activity.feed_now({known}, {looks})
"""


@dataclass(frozen=True, slots=True)
class FeedTruth:
    """What vessel_activity.feed_now() returned, and when.

    Attributes:
        newest_report: time of the newest report that is not ahead of the clock; None if there is
            none.
        age_seconds: its age by the database's clock when it was read.
        state: "live", "late" or "quiet"; None if there is no report.
        looked: whether the report was looked up at the reading. Otherwise it is the newest that
            was known.
        late_after_seconds: the age of the newest report at which the feed counts as late.
        quiet_after_seconds: the age at which it counts as quiet.
        as_of: the instant of the numbers below, which come with each refresh; None without one.
        reports_last_minute: reports in the minute before.
        late_share_last_hour: share of the reports of the hour before that came more than a minute
            late, 0 to 1; None if it is not known of any.
        positions_ahead: reports stamped later than as_of.
        read_at: this process's monotonic clock at the reading.

    """

    newest_report: datetime | None
    age_seconds: float | None
    state: str | None
    looked: bool
    late_after_seconds: float
    quiet_after_seconds: float
    as_of: datetime | None
    reports_last_minute: int | None
    late_share_last_hour: float | None
    positions_ahead: int | None
    read_at: float

    @property
    def news(self) -> tuple[object, ...]:
        """What clients are told."""
        return (
            self.newest_report,
            self.state,
            self.late_after_seconds,
            self.reports_last_minute,
            self.late_share_last_hour,
            self.positions_ahead,
        )

    def changes_in(self, now: float) -> float:
        """Return in how many seconds the state may change if no report comes; inf: it does not."""
        if not self.looked or self.age_seconds is None:
            return math.inf
        age = self.age_seconds + now - self.read_at
        ahead = (after - age for after in (self.late_after_seconds, self.quiet_after_seconds))
        return min((seconds for seconds in ahead if seconds > 0), default=math.inf)


def read_statement(known: FeedTruth | None, *, looks: bool, limit_ms: int) -> str:
    """Return the statements that read what feed_now() says.

    known: what was read last. looks: whether to look up the newest report. limit_ms: how long the
    database may take.
    """
    newest = known.newest_report if known else None
    literal = "null" if newest is None else f"'{newest.astimezone(UTC).isoformat()}'"
    return _READ.format(limit=limit_ms, known=literal, looks=str(looks).lower())


def state_of(truth: FeedTruth | None, figures: str) -> str:
    """Return the state of the feed: live, late or quiet.

    Without any known report the figures, the JSON with the nine keys, tell whether a vessel is
    active now.
    """
    if truth is not None and truth.state is not None:
        return truth.state
    return "live" if json.loads(figures)["activeNow"] > 0 else "quiet"


def told_of(truth: FeedTruth | None, figures: str | None) -> dict[str, Any] | None:
    """Return what a page is told of the feed, in the stream and at its start; None: not known."""
    if figures is None:
        return None
    told: dict[str, Any] = {"state": state_of(truth, figures)}
    if truth is not None:
        told |= {
            "newestReport": iso_instant(truth.newest_report),
            "reportsLastMinute": truth.reports_last_minute,
            "lateShareLastHour": truth.late_share_last_hour,
            "positionsAhead": truth.positions_ahead,
            "lateAfterSeconds": truth.late_after_seconds,
        }
    return told


def header_of(truth: FeedTruth | None, figures: str) -> bytes:
    """Return the value of the one header that tells of the feed: each header costs time."""
    parts = [state_of(truth, figures)]
    if truth is not None and truth.newest_report is not None:
        parts.append(f'newest="{iso_instant(truth.newest_report)}"')
    if truth is not None and truth.reports_last_minute is not None:
        parts.append(f"last-minute={truth.reports_last_minute}")
    return "; ".join(parts).encode()


def iso_instant(at: datetime | None) -> str | None:
    """Write an instant in ISO 8601, in UTC with milliseconds."""
    if at is None:
        return None
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
