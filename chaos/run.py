"""`make chaos`: cause every fault, each on servers of its own, and compare with the bounds.

Settings come from the environment: ONLY=name,name runs some faults; FAST=yes those of the tests;
LIST=yes lists them; JOBS=n runs n at a time; INTERVAL=seconds is the refresh interval; WRITE=yes
writes the table into docs/reliability.md; OUTPUT is the folder of the results and logs. Exit code
1: a fault is beyond a bound. Exit code 2: the run was not possible.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.fault import FAULTS, ChaosError, Fault
from chaos.faults import load_all
from chaos.machine import ISOLATE, can_isolate, missing
from chaos.one import ISOLATED
from chaos.report import (
    COLUMNS,
    Result,
    as_markdown,
    as_text,
    beyond,
    explanations,
    put_into,
    row,
    rows_of,
)
from chaos.site import DATA
from chaos.web import PROJECT

if TYPE_CHECKING:
    from collections.abc import Sequence

PAGE = PROJECT / "docs" / "reliability.md"
_MOST_SECONDS = 1500


@dataclass(frozen=True)
class Options:
    """The settings of one run, as the environment gives them."""

    names: tuple[str, ...]
    jobs: int
    interval: float
    write: bool
    output: Path

    @classmethod
    def from_env(cls) -> Options:
        """Read the options from the environment.

        Raises:
            ChaosError: a variable has an invalid value; the message names the variable.

        """
        return cls(
            names=_names(),
            jobs=int(_number("JOBS", 4)),
            interval=_number("INTERVAL", 30),
            write=_is_on("WRITE"),
            output=Path(os.environ.get("OUTPUT") or PROJECT / ".data" / "chaos"),
        )


def _is_on(name: str) -> bool:
    return os.environ.get(name, "") in {"yes", "1", "on"}


def _number(name: str, default: float) -> float:
    text = os.environ.get(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if value <= 0:
        raise ChaosError(f"{name} must be a number above 0, not {text!r}")
    return value


def _names() -> tuple[str, ...]:
    if _is_on("FAST"):
        return tuple(name for name, fault in FAULTS.items() if fault.fast)
    text = os.environ.get("ONLY", "")
    names = tuple(text.replace(",", " ").split()) or tuple(FAULTS)
    unknown = sorted(set(names) - set(FAULTS))
    if unknown:
        raise ChaosError(f"ONLY names no fault: {', '.join(unknown)}. LIST=yes lists them")
    return names


def run_one(fault: Fault, parent: Path, options: Options) -> Result:
    """Run one fault in a process of its own, and return its result."""
    reason = missing(fault.needs)
    if reason is not None:
        return Result(fault.name, not_run=reason)
    folder = parent / fault.name
    command = [sys.executable, "-m", "chaos.one", fault.name, str(folder), str(options.interval)]
    environment = {k: v for k, v in os.environ.items() if not k.startswith("VESSEL_ACTIVITY_")}
    if can_isolate():
        command = [*ISOLATE, *command]
        environment[ISOLATED] = "yes"
    said = None
    try:
        said = subprocess.run(
            command,
            cwd=PROJECT,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=_MOST_SECONDS,
        )
        result = Result.of(json.loads((folder / "result.json").read_text()))
    except subprocess.TimeoutExpired:
        result = Result(fault.name, broken=f"it did not end in {_MOST_SECONDS} s")
    except OSError as error:
        lines = said.stderr.strip().splitlines()[-3:] if said else [str(error)]
        result = Result(fault.name, broken=f"it ended without a result: {' '.join(lines)}")
    finally:
        kept = options.output / fault.name
        shutil.rmtree(kept, ignore_errors=True)
        if folder.exists():
            shutil.copytree(folder, kept, ignore=shutil.ignore_patterns(*DATA))
    return result


def run_all(options: Options) -> list[Result]:
    """Run the faults, several at a time, and say how each one ended."""
    options.output.mkdir(parents=True, exist_ok=True)
    results: dict[str, Result] = {}
    # Under root PostgreSQL runs as another user, who must be able to enter the folder.
    with tempfile.TemporaryDirectory(prefix="vessel-activity-chaos-") as parent:
        Path(parent).chmod(0o755)
        with ThreadPoolExecutor(options.jobs) as pool:
            running = {
                pool.submit(run_one, FAULTS[name], Path(parent), options): name
                for name in options.names
            }
            for done in as_completed(running):
                result = done.result()
                results[result.name] = result
                _tell(result)
    return [results[name] for name in options.names]


def _tell(result: Result) -> None:
    fault = FAULTS[result.name]
    print("  ".join(cell for cell in row(fault, result) if cell))
    if result.flagged is not None:
        print(f"    flagged by {result.flagged_by}")
    for note in result.notes:
        print(f"    {note}")
    for text in beyond(fault, result):
        print(f"    BEYOND: {text}")
    sys.stdout.flush()


def summary(results: list[Result], options: Options, seconds: float) -> int:
    """Print the table and what is beyond a bound; return the exit code."""
    table: list[Sequence[str]] = [
        COLUMNS,
        *(row(FAULTS[result.name], result) for result in results),
    ]
    print("\n" + as_text(table) + "\n")
    (options.output / "faults.md").write_text(as_markdown(table) + "\n")
    if options.write:
        write_page(table)
    not_run = [result.name for result in results if result.not_run is not None]
    bad = [result.name for result in results if beyond(FAULTS[result.name], result)]
    run = len(results) - len(not_run)
    print(f"{run} faults in {seconds:.0f} s, {len(bad)} beyond a bound", end="")
    print(f": {', '.join(bad)}" if bad else "")
    if not_run:
        print(f"{len(not_run)} faults were not run, because this machine lacks something:")
        for result in results:
            if result.not_run is not None:
                print(f"  {result.name}: {result.not_run}")
    print(f"logs and results: {options.output}")
    return 1 if bad else 0


def write_page(table: list[Sequence[str]]) -> None:
    """Write the tables into the page. Rows of faults that were not run stay as they are."""
    page = PAGE.read_text()
    measured = {cells[0]: cells for cells in rows_of(page, "measured")[1:]}
    measured |= {cells[0]: list(cells) for cells in table[1:]}
    rows = [COLUMNS, *(measured[name] for name in FAULTS if name in measured)]
    page = put_into(page, "measured", rows)
    PAGE.write_text(put_into(page, "faults", explanations()))


def main() -> int:
    """Run what the environment asks for, and return the exit code."""
    load_all()
    if _is_on("LIST"):
        print(as_text([(name, fault.title) for name, fault in FAULTS.items()]))
        return 0
    try:
        options = Options.from_env()
        started = time.monotonic()
        results = run_all(options)
    except ChaosError as error:
        print(f"chaos: {error}", file=sys.stderr)
        return 2
    return summary(results, options, time.monotonic() - started)


if __name__ == "__main__":
    sys.exit(main())
