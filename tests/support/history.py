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


def extremes(answer: dict[str, Any], end: str, key: str) -> list[float | None]:
    """Return the "min" or "max" of each step; a history tells how far these are from the value."""
    sign, distances = {"min": (-1, "toMin"), "max": (1, "toMax")}[end]
    return [
        None if far is None else round((value or 0) + sign * far, 2)
        for value, far in zip(answer[key], answer[distances][key], strict=True)
    ]


def without_extremes(answer: dict[str, Any]) -> dict[str, Any]:
    """Return a history whose steps have no other values than those that the test gave them."""
    none = {key: [None if value is None else 0 for value in answer[key]] for key in answer["toMin"]}
    return answer | {"toMin": none, "toMax": none, "usual": None}
