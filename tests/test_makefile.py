"""The Makefile and the documents: what they name exists, and runs."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT

if TYPE_CHECKING:
    import psycopg

_MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
_PHONY = set(re.findall(r"^\.PHONY: (\S+)$", _MAKEFILE, re.MULTILINE))


def test_make_alone_lists_every_target() -> None:
    done = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"^ +make (\S+) +\S", done.stdout, re.MULTILINE)) == _PHONY


def test_every_command_of_the_readme_is_a_target() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    code = re.findall(r"`([^`\n]+)`", readme) + re.findall(
        r"^ *(.*make .*)$",
        "\n".join(re.findall(r"^```.*?$(.*?)^```", readme, re.MULTILINE | re.DOTALL)),
        re.MULTILINE,
    )
    named = {name for text in code for name in re.findall(r"(?:^|\s)make ([a-z][a-z-]*)", text)}
    assert {"demo", "test", "migrate"} <= named
    assert named <= _PHONY


@pytest.mark.parametrize("name", ["README.md", "docs/loading.md", "docs/operating.md"])
def test_the_sql_of_the_documents_runs(db: psycopg.Connection, name: str) -> None:
    text = (PROJECT / name).read_text(encoding="utf-8")
    blocks = re.findall(r"^```sql$(.*?)^```", text, re.MULTILINE | re.DOTALL)
    statements = [
        statement
        for block in blocks
        for statement in re.sub(r"--.*", "", block).split(";")
        if statement.strip()
    ]
    assert statements
    with db.transaction(force_rollback=True):
        db.execute("create role dashboard")
        for statement in statements:
            db.execute(statement.encode())
