"""dashboard/api.d.ts has the types of the whole API, as openapi.json describes them."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

PROGRAMS = PROJECT / "node_modules" / ".bin"
SCRIPTS = json.loads((PROJECT / "package.json").read_text(encoding="utf-8"))["scripts"]
CONSUMER = PROJECT / "tests" / "data" / "consumer.ts"


@pytest.fixture(autouse=True)
def _installed() -> None:
    if not (PROJECT / "node_modules" / ".installed").exists():
        pytest.skip("TypeScript is not installed (make test installs it if npm is here)")


def run(program: str, *arguments: str) -> str:
    done = subprocess.run(
        [PROGRAMS / program, *arguments], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_types_are_up_to_date(tmp_path: Path) -> None:
    program, *arguments = shlex.split(SCRIPTS["types"])
    assert arguments[-1] == "dashboard/api.d.ts"
    run(program, *arguments[:-1], str(tmp_path / "api.d.ts"))
    fresh = (tmp_path / "api.d.ts").read_text(encoding="utf-8")
    kept = (PROJECT / "dashboard" / "api.d.ts").read_text(encoding="utf-8")
    assert kept == fresh, "dashboard/api.d.ts is old: run make types"


def test_a_front_end_compiles_with_them_and_a_wrong_one_does_not() -> None:
    # A line under @ts-expect-error that is right fails the compilation.
    assert CONSUMER.read_text(encoding="utf-8").count("// @ts-expect-error - ") == 13
    run("tsc", *shlex.split(SCRIPTS["compile-consumer"])[1:])


def test_the_consumer_uses_every_path_with_an_answer_in_json() -> None:
    described = json.loads((PROJECT / "openapi.json").read_text(encoding="utf-8"))["paths"]
    used = set(re.findall(r'"(/api/[\w/-]+)"', CONSUMER.read_text(encoding="utf-8")))
    assert used == {path for path in described if path.startswith("/api/") and "." not in path}
