"""The command `vessel-activity`: its help, its exit codes, and what it says when it can't go on."""

from __future__ import annotations

import os
import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import COMMAND, PROJECT
from vessel_activity.settings import VARIABLES

if TYPE_CHECKING:
    from pathlib import Path

NAMES = [
    *("demo", "migrate", "rollback", "refresh", "status", "serve"),
    *("refresh-loop", "load", "replay", "feed", "sql"),
]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=PROJECT,
        env={**os.environ, "COLUMNS": "200", **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_help_names_every_command_and_every_setting() -> None:
    done = run("--help")
    assert done.returncode == 0
    assert re.findall(r"^    ([a-z-]+)\s+\S", done.stdout, re.MULTILINE) == NAMES
    assert re.findall(r"^  ([A-Z_]+)  +\S", done.stdout, re.MULTILINE) == list(VARIABLES)


@pytest.mark.parametrize("name", NAMES)
def test_every_command_explains_itself(name: str) -> None:
    done = run(name, "--help")
    assert done.returncode == 0
    assert done.stdout.startswith(f"usage: vessel-activity {name} ")
    assert re.search(r"^[A-Z].{15,}\.$", done.stdout, re.MULTILINE)


def test_the_settings_that_are_read_are_those_of_the_help_and_of_the_manual() -> None:
    source = (PROJECT / "vessel_activity" / "settings.py").read_text(encoding="utf-8")
    read = re.findall(r'\(?env(?:\.get)?[(,]\s*(_PREFIX \+ )?"(\w+)"', source)
    names = {("VESSEL_ACTIVITY_" if prefix else "") + name for prefix, name in read}
    assert names == set(VARIABLES)
    manual = (PROJECT / "docs" / "operating.md").read_text(encoding="utf-8")
    table = manual.partition("| variable |")[2].partition("\n\n")[0]
    assert re.findall(r"`([A-Z_]{4,})`", table) == list(VARIABLES)


@pytest.mark.parametrize("arguments", [(), ("nothing",), ("load",), ("demo", "--vessels", "0")])
def test_a_wrong_command_line_is_explained_and_ends_with_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert done.stderr.startswith("usage: vessel-activity")


def test_a_file_that_is_not_there_is_named_and_ends_with_2(tmp_path: Path) -> None:
    done = run("load", str(tmp_path / "none.csv"), DATABASE_URL="postgresql://h/x")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"error: there is no file {tmp_path / 'none.csv'}\n"


@pytest.mark.parametrize(
    "arguments", [("sql",), ("load", str(PROJECT / "tests" / "data" / "nmea_tag_blocks.nm4"))]
)
def test_a_reader_that_has_gone_causes_no_traceback(url: str, arguments: tuple[str, ...]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, b"")
