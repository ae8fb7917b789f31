"""The web server of a laboratory: a process of its own that can be killed, frozen and restarted."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from chaos.fault import ChaosError

# The soft limit of open files that services usually begin with.
_USUAL_LIMIT = ("sh", "-c", 'ulimit -S -n 1024 && exec "$@"', "sh")
PROJECT = Path(__file__).resolve().parent.parent


@dataclass
class Web:
    """Runs server.py for one database role.

    Attributes:
        role: the database role that it connects as.
        url: its DATABASE_URL.
        log: the file of its log.
        environment: further settings.

    """

    role: str
    url: str
    log: Path
    environment: dict[str, str] = field(default_factory=dict)
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it and wait until it listens. A restart listens on the same port.

        Raises:
            ChaosError: it does not listen after 60 s.

        """
        beginning = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*_USUAL_LIMIT, sys.executable, str(PROJECT / "server.py")],
                cwd=PROJECT,
                env={
                    **os.environ,
                    "DATABASE_URL": self.url,
                    "PORT": str(self.port),
                    **self.environment,
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            told = self.log.read_text(errors="replace")[beginning:]
            found = re.search(r"http://127\.0\.0\.1:(\d+)/dashboard/vessels", told)
            if found:
                self.port = int(found[1])
                return
            time.sleep(0.1)
        raise ChaosError(f"the web server did not start:\n{self.log.read_text(errors='replace')}")

    @property
    def pid(self) -> int:
        """Its process id."""
        if self.process is None:
            raise ChaosError("the web server was not started")
        return self.process.pid

    def kill(self) -> None:
        """Kill it, as the kernel does when memory is short."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def freeze(self) -> None:
        """Stop its processor time."""
        os.kill(self.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it run again."""
        os.kill(self.pid, signal.SIGCONT)

    def stop(self) -> None:
        """End it, whatever state it is in."""
        if self.process is None or self.process.poll() is not None:
            return
        self.thaw()
        self.process.terminate()
        try:
            self.process.wait(12)
        except subprocess.TimeoutExpired:
            self.kill()

    def memory_mb(self) -> float:
        """Return the most memory that it has had so far, in MB."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
        raise ChaosError("the kernel does not say how much memory the web server had")
