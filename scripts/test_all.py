"""Runs `make test-engine` on every supported version of PostgreSQL: `make test-all`.

The last lines tell the result for each version. A version that can't be installed is named with the
reason. The exit status is 1 if a test failed.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

VERSIONS = ("15", "16", "17", "18")
PROJECT = Path(__file__).resolve().parent.parent


def main() -> int:
    """Test on each version, print the results, and return the exit status."""
    results = {version: tested(version) for version in VERSIONS}
    print()
    for version, (_, result) in results.items():
        print(f"PostgreSQL {version}: {result}")
    return 0 if all(passed for passed, _ in results.values()) else 1


def tested(version: str) -> tuple[bool, str]:
    """Test on one version; return whether no test failed, and the result in words."""
    subprocess.run([PROJECT / "scripts" / "install-packages", "test", version], check=True)
    installed = subprocess.run(
        [PROJECT / "scripts" / "install-postgresql", version],
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if installed.returncode != 0:
        return True, f"not tested: {installed.stderr.strip()}"
    lines = []
    with subprocess.Popen(
        ["make", "--no-print-directory", "test-engine", f"PG={version}"],
        cwd=PROJECT,
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None  # noqa: S101 - it is a pipe
        for line in run.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    build = next(filter(None, (re.match(r"PostgreSQL: (.*)", line) for line in lines)), None)
    result = lines[-1].strip("= \n") if lines else "no output"
    return run.returncode == 0, f"{result} ({build[1] if build else 'unknown build'})"


if __name__ == "__main__":
    sys.exit(main())
