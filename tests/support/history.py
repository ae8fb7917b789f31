"""Helpers of the tests of the history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

FIGURES = [
    "active_now",
    "active_last_hour",
    "active_last_24h",
    "total_vessels",
    "positions_last_hour",
    "speed_avg",
]
NUMBERS = ", ".join(FIGURES)


def one(connection: psycopg.Connection, query: str, *values: object) -> Any:  # noqa: ANN401
    row = connection.execute(query, values).fetchone()
    return row[0] if row else None


def record(connection: psycopg.Connection, at: str, active_now: int) -> bool:
    """Record a row of an instant in the history; tell whether its minute had none yet."""
    return bool(
        one(
            connection,
            "select vessel_activity.record_history(row('singleton', %s::int, 2, 3, 4, 5, '{}',"
            " '[]', 6.5, %s::timestamptz)::public.vessel_activity_realtime)",
            active_now,
            at,
        )
    )
