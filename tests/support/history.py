"""Helpers of the tests of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

NUMBERS = (
    "active_now, active_last_hour, active_last_24h, total_vessels, positions_last_hour, speed_avg"
)


def one(connection: psycopg.Connection, query: str, *values: object) -> Any:  # noqa: ANN401
    row = connection.execute(query, values).fetchone()
    return row[0] if row else None
