"""The code is checked without running it.

ruff and mypy check Python, squawk the migrations, plpgsql_check PL/pgSQL, and Biome JavaScript.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT

if TYPE_CHECKING:
    import psycopg


# Errors in branches that this database does not reach: pg_cron, ids of type uuid, and Citus.
_ELSEWHERE = (
    'schema "cron" does not exist',
    'relation "cron.job" does not exist',
    'column "id" is of type bigint but expression is of type uuid',
    'relation "pg_dist_',
    "function master_run_on_worker(text[], integer[], text[], boolean) does not exist",
)


def passes(*command: str) -> str:
    """Run a checker and return its output; a complaint is a failure."""
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "arguments", [["ruff", "check", "."], ["ruff", "format", "--check", "."], ["mypy"]]
)
def test_python_passes(arguments: list[str]) -> None:
    passes(sys.executable, "-m", *arguments)


def test_migrations_pass() -> None:
    files = sorted(str(file) for file in (PROJECT / "migrations").glob("*.sql"))
    told = passes(str(Path(sys.executable).parent / "squawk"), *files)
    assert "Found 0 issues" in told


def test_javascript_passes() -> None:
    if not (PROJECT / "node_modules" / ".installed").exists():
        pytest.skip("the JavaScript linter is not installed (make test installs it if npm is here)")
    passes("npm", "run", "--silent", "lint")


def test_pre_commit_runs_make_lint_and_nothing_from_elsewhere() -> None:
    text = (PROJECT / ".pre-commit-config.yaml").read_text(encoding="utf-8")
    assert re.findall(r"repo: (\S+)", text) == ["local"]
    assert re.findall(r"entry: (.+)", text) == ["make lint"]


@pytest.mark.needs("plpgsql_check")
def test_plpgsql_passes(db: psycopg.Connection) -> None:
    db.execute("create extension plpgsql_check")
    found = db.execute(
        """
        select p.oid::regprocedure::text, c.*
        from pg_proc p
        join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
        join vessel_activity.routines() o on o.routine = p.oid
        cross join lateral plpgsql_check_function(o.routine) c
        where not o.is_trigger
        union all
        select t.tgfoid::regprocedure::text, c.*
        from pg_trigger t
        join vessel_activity.routines() o on o.routine = t.tgfoid
        cross join lateral plpgsql_check_function(
          o.routine, t.tgrelid, oldtable => t.tgoldtable, newtable => t.tgnewtable) c
        """
    ).fetchall()
    problems = [
        row
        for row in found
        if str(row[1]).startswith("error") and not any(known in str(row[1]) for known in _ELSEWHERE)
    ]
    assert problems == []
