"""The clock of the database server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chaos.fault import Setup, fault

if TYPE_CHECKING:
    from chaos.lab import Lab

_NEEDS = ("faketime",)
_ANSWER = "A row from the future is told and replaced by the next refresh."


@fault(
    "the clock jumps 8 h ahead",
    "The row is late at once, and is refreshed.",
    needs=_NEEDS,
    setup=Setup(clock=True),
)
def clock_ahead(lab: Lab) -> None:
    lab.begin()
    lab.set_clock("+8h")
    lab.end()


@fault("the clock jumps 8 h back", _ANSWER, needs=_NEEDS, setup=Setup(clock=True))
def clock_back(lab: Lab) -> None:
    lab.begin()
    lab.set_clock("-8h")
    lab.end()


@fault(
    "the clock jumps 8 h ahead, and back after 60 s", _ANSWER, needs=_NEEDS, setup=Setup(clock=True)
)
def clock_ahead_and_back(lab: Lab) -> None:
    lab.set_clock("+8h")
    lab.hold(60)
    lab.begin()
    lab.set_clock("+0")
    lab.end()
