"""The result of each fault, its verdict, and the table of all of them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chaos.fault import FAULTS, WRITER_WAIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chaos.fault import Fault

COLUMNS = ("fault", "flagged s", "healed s", "wrong", "lost", "writers", "verdict")


@dataclass(frozen=True)
class Result:
    """What one fault did.

    Attributes:
        name: name of the fault.
        flagged: seconds from the fault until somebody was told; None: nobody was.
        flagged_by: who was told, and what.
        healed: seconds from the end of the cause until the figures were fresh; None: they were not.
        watched: seconds that were watched after the end of the cause.
        answers: number of different answers that were compared.
        wrong: the wrong answers.
        lost: acknowledged rows that are not in the table.
        writer_failures: errors of the writers that the control writer did not have.
        writer_wait: longest wait of a writer in seconds.
        writer_excess: the longest wait, less what the control writer waited at the same time.
        problems: what else is beyond its bound.
        notes: remarks.
        not_run: why it was not run; None if it was.
        broken: why the harness failed; None if it did not.

    """

    name: str
    flagged: float | None = None
    flagged_by: str = ""
    healed: float | None = None
    watched: float = 0.0
    answers: int = 0
    wrong: list[str] = field(default_factory=list)
    lost: int = 0
    writer_failures: list[str] = field(default_factory=list)
    writer_wait: float = 0.0
    writer_excess: float = 0.0
    problems: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    not_run: str | None = None
    broken: str | None = None

    @classmethod
    def of(cls, told: dict[str, Any]) -> Result:
        """Make it of the JSON that the process of a fault printed."""
        return cls(**told)


def beyond(fault: Fault, result: Result) -> list[str]:
    """Say in which points a result is beyond the bounds of its fault."""
    if result.not_run is not None:
        return []
    if result.broken is not None:
        return [f"the harness failed: {result.broken}"]
    return [
        *_flag(fault, result),
        *_healing(fault, result),
        *(f"wrong: {wrong}" for wrong in result.wrong[:3]),
        *([f"{result.lost} acknowledged rows lost"] if result.lost else []),
        *_writers(fault, result),
        *result.problems,
    ]


def _flag(fault: Fault, result: Result) -> list[str]:
    if fault.flag == "never" and result.flagged is not None:
        return [f"a false alarm after {result.flagged:.1f} s: {result.flagged_by}"]
    if fault.flag != "must":
        return []
    if result.flagged is None:
        return ["nobody was told"]
    if result.flagged > fault.flagged_within:
        return [f"flagged after {result.flagged:.1f} s, bound {fault.flagged_within:g} s"]
    return []


def _healing(fault: Fault, result: Result) -> list[str]:
    if result.healed is None:
        return [f"not healed in {result.watched:.0f} s, bound {fault.healed_within:g} s"]
    if result.healed > fault.healed_within:
        return [f"healed after {result.healed:.1f} s, bound {fault.healed_within:g} s"]
    return []


def _writers(fault: Fault, result: Result) -> list[str]:
    if fault.writers == "stopped":
        return []
    found = []
    if result.writer_failures:
        kinds = sorted(set(result.writer_failures))
        found.append(f"{len(result.writer_failures)} writes failed: {'; '.join(kinds[:3])}")
    if result.writer_excess > WRITER_WAIT_SECONDS:
        found.append(
            f"a writer waited {result.writer_wait:.2f} s, {result.writer_excess:.2f} s longer than "
            "the one without triggers"
        )
    return found


def row(fault: Fault, result: Result) -> list[str]:
    """Return the cells of one fault."""
    if result.not_run is not None:
        return [fault.name, "", "", "", "", "", f"not run: {result.not_run}"]
    if result.broken is not None:
        return [fault.name, "", "", "", "", "", "the harness failed"]
    writers = f"{len(result.writer_failures)} failed, {result.writer_wait:.2f} s"
    if fault.writers == "stopped":
        writers = "stopped by it"
    return [
        fault.name,
        "-" if result.flagged is None else f"{result.flagged:.1f}",
        f"not in {result.watched:.0f}" if result.healed is None else f"{result.healed:.1f}",
        f"{len(result.wrong)} of {result.answers}",
        str(result.lost),
        writers,
        "BEYOND" if beyond(fault, result) else "ok",
    ]


def as_text(rows: Sequence[Sequence[str]]) -> str:
    """Return a table for the terminal."""
    widths = [max(len(cells[n]) for cells in rows) for n in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
        for cells in rows
    )


def as_markdown(rows: Sequence[Sequence[str]]) -> str:
    """Return a table for a page."""
    head, *rest = [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join([head, "|" + "---|" * len(rows[0]), *rest])


def explanations() -> list[tuple[str, ...]]:
    """Return the table that explains every fault, with its bounds."""
    rows = [
        (
            f"`{fault.name}`",
            fault.title,
            fault.answer,
            _flag_bound(fault),
            f"{fault.healed_within:g} s",
        )
        for fault in FAULTS.values()
    ]
    return [("fault", "what happens", "what vessel activity does", "told", "fresh"), *rows]


def _flag_bound(fault: Fault) -> str:
    if fault.flag == "must":
        return f"{fault.flagged_within:g} s"
    return "never" if fault.flag == "never" else "not needed"


def put_into(page: str, name: str, table: Sequence[Sequence[str]]) -> str:
    """Return the page with one of its tables exchanged.

    Raises:
        ValueError: the page has no place for it.

    """
    begin, end = _marks(name)
    before, found, rest = page.partition(begin)
    if not found or end not in rest:
        raise ValueError(f"the page lacks the lines {begin} and {end}")
    return f"{before}{begin}\n\n{as_markdown(table)}\n\n{end}{rest.partition(end)[2]}"


def rows_of(page: str, name: str) -> list[list[str]]:
    """Return the cells of one table of a page, its heading first."""
    begin, end = _marks(name)
    within = page.partition(begin)[2].partition(end)[0]
    return [
        [cell.strip() for cell in line.strip().strip("|").split("|")]
        for line in within.splitlines()
        if line.startswith("| ")
    ]


def _marks(name: str) -> tuple[str, str]:
    """Return the lines between which `make chaos WRITE=yes` writes a table."""
    return f"<!-- {name}: written by make chaos -->", f"<!-- {name}: end -->"
