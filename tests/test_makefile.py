"""The targets and commands that the Makefile and the documents name exist and run."""

from __future__ import annotations

import json
import os
import re
import shlex
import signal
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import COMMAND, PROJECT, folder_for_servers
from tests.support.webserver import STATS, eventually, fetch
from tests.test_load import OLD, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

_MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
_PHONY = set(re.findall(r"^\.PHONY: (\S+)$", _MAKEFILE, re.MULTILINE))


def test_make_without_a_target_lists_every_target() -> None:
    done = subprocess.run(["make"], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert set(re.findall(r"^ +make (\S+) +\S", done.stdout, re.MULTILINE)) == _PHONY


@pytest.fixture(scope="module")
def commands() -> set[str]:
    """Give the commands that `vessel-activity --help` lists."""
    said = subprocess.run(
        [*COMMAND, "--help"], cwd=PROJECT, capture_output=True, text=True, check=True
    )
    return set(re.findall(r"^    ([a-z-]+)(?: |$)", said.stdout, re.MULTILINE))


def test_every_command_of_vessel_activity_is_a_target(commands: set[str]) -> None:
    assert {"demo", "migrate", "serve", "refresh-loop"} <= commands
    assert commands <= _PHONY


def test_make_migrate_passes_its_options() -> None:
    given = [
        "CREATE=yes",
        "NODES=yes",
        """VESSELS=ais."Vessel\"""",
        "POSITIONS=ais.fixes",
        "MAP=speed=sog/10,flag=state",
    ]
    done = subprocess.run(
        ["make", "--dry-run", "--no-print-directory", "migrate", "RUN=vessel-activity", *given],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shlex.split(done.stdout.replace("\\\n", " "))[-9:] == [
        "migrate",
        "--create",
        "--nodes",
        "--vessels",
        'ais."Vessel"',
        "--positions",
        "ais.fixes",
        "--map",
        "speed=sog/10,flag=state",
    ]


def test_every_make_command_of_the_documents_is_a_target() -> None:
    named = named_after("make")
    assert {"demo", "test", "migrate"} <= named
    assert named <= _PHONY


def test_every_command_of_vessel_activity_in_the_documents_exists(commands: set[str]) -> None:
    named = named_after("vessel-activity")
    assert {"demo", "migrate", "sql"} <= named
    assert named <= commands


def named_after(program: str) -> set[str]:
    """Return the words that follow a program in the code of the documents."""
    documents = "\n".join(
        path.read_text(encoding="utf-8")
        for path in [*PROJECT.glob("*.md"), *PROJECT.glob("docs/*.md")]
    )
    code = re.findall(r"^```.*?$(.*?)^```", documents, re.MULTILINE | re.DOTALL)
    code += re.findall(r"`([^`\n]+)`", documents)
    found = re.findall(rf"(?:^|\s){program} ([a-z][a-z-]*)", "\n".join(code), re.MULTILINE)
    return set(found)


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


@pytest.fixture
def embedded() -> Iterator[dict[str, str]]:
    """Give an environment without DATABASE_URL, with an embedded server for this test alone."""
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    with folder_for_servers() as folder:
        yield environment | {"VESSEL_ACTIVITY_DATA_DIR": str(folder / "data")}


@pytest.mark.slow
def test_every_target_works_on_the_embedded_server_one_after_another(
    embedded: dict[str, str],
) -> None:
    def make(*arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            ["make", "--silent", *arguments],
            cwd=PROJECT,
            env=embedded,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def total() -> Any:  # noqa: ANN401 - a number of the JSON
        return json.loads(make("refresh"))["totalVessels"]

    folder = Path(embedded["VESSEL_ACTIVITY_DATA_DIR"])
    file = folder.parent / "ais.csv"
    file.write_text("\n".join([OLD, line("219000001"), line("219000002")]) + "\n")
    make("migrate")
    assert "loaded                  2" in make("load", f"FILE={file}")
    assert total() == 2
    assert re.findall(r"^fail", make("status"), re.MULTILINE) == []

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # In its own session, as under a terminal.
    with subprocess.Popen(
        ["make", "--silent", "run"],
        cwd=PROJECT,
        env=embedded | {"PORT": str(port)},
        start_new_session=True,
        stderr=subprocess.DEVNULL,
    ) as run:
        served = eventually(
            lambda: fetch(f"http://127.0.0.1:{port}{STATS}"), within_seconds=30
        ).json()
        assert served["totalVessels"] == 2
        os.killpg(run.pid, signal.SIGINT)

    make("rollback")
    make("status", code=2)
    make("migrate")
    assert total() == 2
    assert list(folder.glob("postgresql-*/PG_VERSION"))
    assert not list(folder.glob("postgresql-*/postmaster.pid"))
