"""Runs one fault in this process. chaos.run starts it, in namespaces of its own if possible.

Usage: python -m chaos.one NAME FOLDER INTERVAL. The result is written to FOLDER/result.json.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

from chaos.fault import FAULTS, ChaosError
from chaos.faults import load_all
from chaos.lab import Lab
from chaos.report import Result
from chaos.site import remove_data

ISOLATED = "CHAOS_ISOLATED"


def main(name: str, folder: Path, interval: float) -> None:
    """Run the fault and write its result."""
    if os.environ.get(ISOLATED):
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    load_all()
    try:
        with Lab(FAULTS[name], folder, interval) as lab:
            result = lab.run()
    except ChaosError as error:
        result = Result(name, broken=str(error))
    except Exception as error:  # noqa: BLE001 - a bug of one fault must not end the others
        (folder / "traceback").write_text(traceback.format_exc())
        result = Result(name, broken=f"{type(error).__name__}: {error}")
    finally:
        remove_data(folder)
    (folder / "result.json").write_text(json.dumps(asdict(result), indent=1) + "\n")


def as_first_process() -> None:
    """Let a child do the work, and wait for every process that loses its parent.

    The first process of a namespace must do so, or ended processes would seem to run on.
    """
    work = os.fork()
    if work == 0:
        return
    while True:
        ended, status = os.wait()
        if ended == work:
            sys.exit(os.waitstatus_to_exitcode(status) != 0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if os.getpid() == 1:
        as_first_process()
    main(sys.argv[1], Path(sys.argv[2]), float(sys.argv[3]))
