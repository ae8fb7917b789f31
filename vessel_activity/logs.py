"""The log on standard error: one line an event, as text or as JSON, and never without end.

One place in the code writes a burst of lines at most, then one a second. So bad requests or a
broken network can't fill a disk. The next line that is written says how many were left out.
"""

from __future__ import annotations

import json
import logging
import os
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime

FORMATS = ("text", "json")
VARIABLE = "VESSEL_ACTIVITY_LOG_FORMAT"
BURST = 20
LINES_PER_SECOND = 1.0


@dataclass(slots=True)
class _Place:
    """One place in the code that logs."""

    at: float
    allowance: float = BURST
    left_out: int = 0


class Limit(logging.Filter):
    """Leaves out lines of a place that writes too many.

    Attributes:
        left_out: lines left out since the start.

    """

    def __init__(self) -> None:
        super().__init__()
        self.left_out = 0
        self._places: dict[tuple[str, int, int], _Place] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Tell whether a record is to be written; note on it how many were left out before."""
        now = time.monotonic()
        # The places are as many as the code has, whatever clients send.
        key = (record.pathname, record.lineno, record.levelno)
        place = self._places.setdefault(key, _Place(now))
        earned = (now - place.at) * LINES_PER_SECOND
        place.allowance, place.at = min(BURST, place.allowance + earned), now
        if place.allowance < 1:
            place.left_out += 1
            self.left_out += 1
            return False
        place.allowance -= 1
        record.__dict__["left_out"], place.left_out = place.left_out, 0
        return True


limit = Limit()
"""The limit of this process's log."""


class Text(logging.Formatter):
    """A line for people. The traceback of an error follows on lines of its own."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name of logging
        """Return the line."""
        line = super().formatMessage(record)
        left_out = getattr(record, "left_out", 0)
        return f"{line} ({left_out} more like this were left out)" if left_out else line


class Json(logging.Formatter):
    """A JSON object for programs, on one line.

    time: UTC, ISO 8601. level: debug, info, warning, error or critical. logger: which part.
    message: what happened. error: the traceback, if there is one. left_out: how many lines of this
    place were left out before, if any.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        told: dict[str, object] = {
            "time": at.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            told["error"] = self.formatException(record.exc_info)
        if left_out := getattr(record, "left_out", 0):
            told["left_out"] = left_out
        return json.dumps(told, ensure_ascii=False)


def to_standard_error() -> None:
    """Send the log of this process to standard error, in the format that the environment names."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(Json() if is_json() else Text())
    handler.addFilter(limit)
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def is_json() -> bool:
    """Tell whether the environment asks for JSON. Settings.from_env refuses an unknown format."""
    return os.environ.get(VARIABLE, "").strip().lower() == "json"
