"""What the tests of live feeds share: rows of a batch as text, and a feed that sends batches."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg.rows import dict_row

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Report:
    """A message of a feed, with the fields of vessel_activity.report."""

    mmsi: int | None = 219000001
    at: datetime | None = datetime(2026, 5, 1, 12, tzinfo=UTC)
    source: int = 1
    kind: int | None = 1
    latitude: float | None = 50.5
    longitude: float | None = -5.25
    speed: object = "10.1"
    course: object = "270.0"
    name: str | None = None
    code: int | None = None
    reason: str | None = None
    raw: str | None = None

    def row(self) -> str:
        """Return the report as a line of COPY's text format."""
        return "\t".join(
            r"\N" if value is None else escaped(str(value))
            for value in (
                self.source, self.reason, self.kind, self.mmsi, self.at, self.latitude,
                self.longitude, self.speed, self.course, self.name, self.code, self.raw,
            )
        )  # fmt: skip


def escaped(text: str) -> str:
    for plain, written in (("\\", r"\\"), ("\t", r"\t"), ("\r", r"\r"), ("\n", r"\n")):
        text = text.replace(plain, written)
    return text


def static(mmsi: int, at: datetime, name: str, code: int, source: int = 1) -> Report:
    """Return a message of type 5."""
    return Report(mmsi, at, source, 5, None, None, None, None, name=name, code=code)


BATCH = "select * from vessel_activity.feed_batch(%s, %s, %s, %s, %s)"


@dataclass(slots=True)
class Feed:
    """A process that feeds from one source or several."""

    db: psycopg.Connection
    names: tuple[str, ...] = ("harbour",)
    feeder: uuid.UUID = field(default_factory=uuid.uuid4)
    batch: int = 0

    def __post_init__(self) -> None:
        """Register, as a process does after each connect."""
        self.start()

    def start(self) -> int:
        """Register, and return the number of the last batch that was filed."""
        row = self.db.execute(
            "select vessel_activity.feed_start(%s, 'lighthouse', 4711, '1.0')", (self.feeder,)
        ).fetchone()
        assert row is not None
        return int(row[0])

    def send(self, *reports: Report, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Send the next batch, and return the answer."""
        self.batch += 1
        return self.send_again(*reports, **given)

    def send_again(self, *reports: Report, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Send a batch under the number of the last one."""
        with self.db.cursor(row_factory=dict_row) as cursor:
            answer = cursor.execute(BATCH, self.arguments(*reports, **given)).fetchone()
        assert answer is not None
        return answer

    def arguments(
        self,
        *reports: Report,
        now: dict[str, Any] | None = None,
        sources: list[dict[str, Any]] | None = None,
        **of_source: Any,  # noqa: ANN401 - JSON
    ) -> tuple[object, ...]:
        """Return the arguments of feed_batch. `of_source` belongs to the first source."""
        told = sources or [{"name": name} for name in self.names]
        told[0] |= of_source
        state = {"sent_at": str(datetime.now(UTC)), "waiting": 0, **(now or {})}
        state.setdefault(
            "sources",
            [{"name": n, "state": "connected", "address": f"tcp://{n}:1"} for n in self.names],
        )
        rows = "\n".join(report.row() for report in reports)
        return self.feeder, self.batch, rows, json.dumps(told), json.dumps(state, default=str)
