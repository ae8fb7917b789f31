"""The judge: compares the served answers with the definition, and looks for acknowledged rows."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any

from chaos.reader import instant

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    import psycopg

    from chaos.traffic import Statement, Writer

_DEFINITION = (Path(__file__).parent / "definition.sql").read_text().encode()
_MOST_LATE = 6


@dataclass(frozen=True)
class Judgement:
    """How many answers were compared, which of them were wrong, and how many rows were lost."""

    compared: int
    wrong: list[str]
    lost: int


def judge(
    connection: psycopg.Connection, answers: dict[str, float], writers: Sequence[Writer]
) -> Judgement:
    """Compare every different answer, and look for every acknowledged row."""
    connection.execute("set timezone = 'UTC'; set jit = off")
    main = writers[0]
    late = [done for writer in writers for done in writer.late]
    wrong = []
    for text, first_seen in answers.items():
        difference = _difference(connection, text, main.begun_before(first_seen), late, first_seen)
        if difference:
            wrong.append(difference)
    return Judgement(len(answers), wrong, sum(_lost(connection, writer) for writer in writers))


def _difference(
    connection: psycopg.Connection,
    text: str,
    newest: int,
    late: list[Statement],
    first_seen: float,
) -> str | None:
    """Say how an answer differs from the definition; None if it does not."""
    served = json.loads(text)
    at = instant(served)
    expected: dict[str, Any] = {}
    open_ones = [done.batch for done in late if done.began < first_seen]
    for left_out in _subsets(open_ones):
        # The answer has milliseconds, and its instant had microseconds. All rows are stamped with
        # milliseconds, so any instant within the millisecond gives the same figures.
        for moment in (at + timedelta(microseconds=500), at):
            expected = _expected(connection, moment, newest, left_out)
            if all(served.get(name) == value for name, value in expected.items()):
                return None
    differing = {
        name: (served.get(name), value)
        for name, value in expected.items()
        if served.get(name) != value
    }
    return f"{served['updatedAt']}: served and expected {differing}"


def _expected(
    connection: psycopg.Connection, as_of: datetime, newest: int, left_out: tuple[int, ...]
) -> dict[str, Any]:
    row = connection.execute(
        _DEFINITION, {"as_of": as_of, "newest": newest, "left_out": list(left_out)}
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate returns one row
    figures: dict[str, Any] = row[0]
    return figures


def _subsets(late: list[int]) -> Iterator[tuple[int, ...]]:
    """Yield every set of late statements that a refresh may not have seen, the empty one first."""
    for size in range(min(len(late), _MOST_LATE) + 1):
        yield from combinations(late[-_MOST_LATE:], size)


def _lost(connection: psycopg.Connection, writer: Writer) -> int:
    row = connection.execute(
        """
        select coalesce(sum(greatest(%(rows)s - coalesce(p.number, 0), 0)), 0)::bigint
        from unnest(%(batches)s::bigint[]) as a (batch)
        left join (
          select batch, count(*) as number from public.vessel_positions group by batch
        ) as p using (batch)
        """,
        {"rows": writer.rows, "batches": writer.acknowledged},
    ).fetchone()
    assert row is not None  # noqa: S101 - an aggregate returns one row
    return int(row[0])
