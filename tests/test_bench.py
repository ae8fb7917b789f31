"""The benchmark runs, compares only equal answers, and measures what docs/benchmarks.md shows."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias

import pytest

Result: TypeAlias = dict[str, Any]

PROJECT = Path(__file__).resolve().parent.parent


def run_bench(output: Path, **options: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{k: v for k, v in os.environ.items() if k != "DATABASE_URL"},
        "OUTPUT": str(output),
        **options,
    }
    return subprocess.run(
        [sys.executable, "-m", "bench.engine"],
        cwd=PROJECT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


def measured(folder: Path, **options: str) -> Result:
    """Run measurements once on a thousand vessels and give the result."""
    output = folder / "latest.json"
    done = run_bench(output, SIZE="tiny", ROUNDS="1", **options)
    # Status 1 means that a figure missed its target, as it may at this size.
    assert done.returncode in (0, 1), done.stderr
    assert "disagree" not in done.stderr
    text = output.read_text()
    assert str(PROJECT) not in text
    assert socket.gethostname() not in text
    loaded: Result = json.loads(text)["tiny"]
    return loaded


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> Result:
    """Give the result of every measurement."""
    return measured(tmp_path_factory.mktemp("bench"), SOAK_SECONDS="2", IDLE_SECONDS="2")


@pytest.mark.slow
def test_every_figure_of_the_table_is_measured(result: Result) -> None:
    names = [figure["name"] for figure in result["figures"]]
    assert len(names) == len(set(names))
    for expected in (
        "direct queries ÷ refresh, 30 s of rows (15,284)",
        "direct queries ÷ refresh, 1 s of rows (510)",
        "vessel_activity_at ÷ refresh, 30 s of rows",
        "refresh, 1 s: 1,000 vessels ÷ 500 vessels",
        "refresh in a new session ÷ refresh, 1 s of rows (510)",
        "refresh in a new session, 1 s",
        "document of a refresh, 30 s of rows",
        "500 areas in the document, 30 s of rows",
        "refresh with the document ÷ without",
        "refresh with the document and 500 areas ÷ without",
        "insert rate with triggers ÷ without: COPY",
        "insert rate with triggers ÷ without: single-row INSERT, synchronous_commit off",
        "rebuild",
        "API p99 at 16 connections, refreshes back to back",
        "make load: rows/s",
        "make load: peak memory",
        "refresh with 4 members, 1 s of rows each (510)",
        "refresh with 1 member ÷ of that member alone, 30 s of rows (15,284)",
        "refresh with 4 members ÷ with 1, 30 s of rows each (15,284)",
        "row of the part of one node",
        "WAL of a refresh",
        "WAL that the triggers add to an inserted row",
    ):
        assert expected in names
    assert all(isinstance(figure["measured"], float | int) for figure in result["figures"])
    assert all(figure["ok"] in (True, False, None) for figure in result["figures"])


@pytest.mark.slow
def test_the_measured_refreshes_of_new_rows_were_incremental(result: Result) -> None:
    for key in (
        "refresh, 30 s",
        "refresh, 1 s",
        "refresh in a new session, 1 s",
        "refresh without document",
        "refresh with document",
        "refresh with areas",
        "4 members, 1 s",
    ):
        assert set(result["modes"][key]) == {"incremental"}
    assert set(result["modes"]["rebuild"]) == {"rebuild"}


@pytest.mark.slow
def test_the_tables_that_migrate_creates_are_measured_too(tmp_path: Path) -> None:
    result = measured(tmp_path, IDS="bigint", ONLY="refresh,inserts")
    assert set(result["modes"]["refresh, 30 s"]) == {"incremental"}
    assert "insert rate with triggers ÷ without: COPY" in {
        figure["name"] for figure in result["figures"]
    }


@pytest.mark.slow
def test_machine_server_and_data_are_described(result: Result) -> None:
    assert result["machine"]["cores"] >= 1
    assert result["postgresql"]
    assert result["settings"]["shared_buffers"]
    assert result["data"]["vessels"] == 1_000
    for name in ("soak", "open"):
        assert {"second", "inbox_bytes", "state_bytes", "refresh_ms_max"} <= set(
            result["series"][name][-1]
        )


def test_an_unusable_option_is_named(tmp_path: Path) -> None:
    done = run_bench(tmp_path / "latest.json", SIZE="huge")
    assert done.returncode == 2
    assert "SIZE must be one of" in done.stderr
