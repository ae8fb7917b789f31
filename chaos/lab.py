"""The laboratory: causes a fault at a site, watches until all is well again, and judges."""

from __future__ import annotations

import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg

from chaos.fault import ChaosError
from chaos.judge import judge
from chaos.reader import check_of
from chaos.report import Result
from chaos.site import Site
from chaos.traffic import excess_waits, own_failures

if TYPE_CHECKING:
    from pathlib import Path

    from chaos.fault import Fault
    from chaos.web import Web

# How much longer than its bound a fault is watched, so that a late healing gets a number.
_PATIENCE_SECONDS = 40.0
_AFTERWARDS_SECONDS = 2.0
_CLOCKS_DIFFER_SECONDS = 2.0


class Lab(Site):
    """The site of one fault, and what happens there."""

    def __init__(self, fault: Fault, folder: Path, interval: float) -> None:
        super().__init__(fault.setup, folder, interval)
        self.fault = fault
        self._began: float | None = None
        self._ended: float | None = None
        self._fresh_from = datetime.now(UTC)
        self._problems: list[str] = []
        self._notes: list[str] = []

    def begin(self) -> None:
        """Note that the fault begins now."""
        self._began = time.monotonic()

    def end(self) -> None:
        """Note that its cause is gone now. What is refreshed from now on is fresh."""
        with suppress(psycopg.Error):
            self._fresh_from = self.now()
        self._ended = time.monotonic()

    @staticmethod
    def hold(seconds: float) -> None:
        """Let the fault last."""
        time.sleep(seconds)

    def note(self, text: str) -> None:
        """Add a remark to the report."""
        self._notes.append(text)

    def problem(self, text: str) -> None:
        """Say that something else is beyond its bound."""
        self._problems.append(text)

    def watch_another(self, than: Web) -> None:
        """Let the reader ask a web server that the fault does not touch."""
        self.reader.web = next(web for web in self.webs if web is not than)

    def run(self) -> Result:
        """Cause the fault, watch until the figures are fresh again, and judge."""
        self.wait_for(lambda: self.status.rounds > 0, "the status was read")
        self.after_a_refresh()
        # What the status complains about without a fault is no news.
        known = {check_of(text) for _, text in self.status.samples}
        self.fault.run(self)
        if self._began is None:
            raise ChaosError("the fault did not say when it began")
        if self._ended is None:
            self.end()
        self._watch()
        return self._judge(known)

    def _healed_at(self) -> float | None:
        assert self._ended is not None  # noqa: S101 - set before it is asked
        for sample in list(self.reader.samples):
            if (
                sample.moment >= self._ended
                and sample.warning is None
                and sample.updated_at is not None
                and timedelta() <= sample.updated_at - self._fresh_from
                # Figures of the future are not fresh.
                and sample.updated_at - self._fresh_from
                < timedelta(seconds=sample.said - self._ended + _CLOCKS_DIFFER_SECONDS)
            ):
                return sample.said
        return None

    def _watch(self) -> None:
        assert self._ended is not None  # noqa: S101 - set before it is asked
        deadline = self._ended + self.fault.healed_within + _PATIENCE_SECONDS
        while self._healed_at() is None and time.monotonic() < deadline:
            time.sleep(0.2)
        time.sleep(_AFTERWARDS_SECONDS)

    def _flagged(self, known: set[str]) -> tuple[float | None, str]:
        """Return after how many seconds somebody was told, and what."""
        assert self._began is not None  # noqa: S101 - checked by run
        told = [
            (sample.said, sample.warning)
            for sample in self.reader.samples
            if sample.moment >= self._began and sample.warning is not None
        ]
        told += [
            (moment, text)
            for moment, text in self.status.samples
            if moment >= self._began and check_of(text) not in known
        ]
        if not told:
            return None, ""
        moment, text = min(told)
        return moment - self._began, text

    def _judge(self, known: set[str]) -> Result:
        assert self._began is not None  # noqa: S101 - checked by run
        assert self._ended is not None  # noqa: S101 - checked by run
        for thread in self._threads:
            thread.finish()
        flagged, why = self._flagged(known)
        healed_at = self._healed_at()
        writers = [self.writer, *self.more_writers]
        with self.pg.connect() as db:
            judged = judge(db, self.reader.answers, writers)
        control = None if self.setup.reconnecting else self.control
        failures = [error for writer in writers for error in own_failures(writer, control)]
        waits = [excess_waits(writer, self.control, self._began) for writer in writers]
        return Result(
            name=self.fault.name,
            flagged=flagged,
            flagged_by=why,
            healed=None if healed_at is None else healed_at - self._ended,
            watched=time.monotonic() - self._ended,
            answers=judged.compared,
            wrong=judged.wrong,
            lost=judged.lost,
            writer_failures=failures,
            writer_wait=max(longest for longest, _ in waits),
            writer_excess=max(excess for _, excess in waits),
            problems=self._problems,
            notes=[*self._notes, *(f"a writer waited for {text}" for text in self.status.waits)],
        )
