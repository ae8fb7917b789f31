"""The quick faults, the harness of all faults, and the page about them.

`make chaos` runs every fault.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from chaos.fault import FAULTS
from chaos.faults import load_all
from chaos.judge import judge
from chaos.report import Result, beyond, explanations, put_into, rows_of
from chaos.traffic import Statement, Writer, excess_waits, own_failures
from tests.conftest import PROJECT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

load_all()
PAGE = (PROJECT / "docs" / "reliability.md").read_text(encoding="utf-8")
FAST = [name for name, fault in FAULTS.items() if fault.fast]

SCHEMA = (PROJECT / "chaos" / "schema.sql").read_text(encoding="utf-8")
BATCH = """
  insert into public.vessel_positions ("vesselId", timestamp, speed, batch)
  select vessel, timestamptz '2030-03-10 12:00Z' - ago * interval '1 second', speed, %s
  from unnest(%s::int[], %s::int[], %s::numeric[]) as p (vessel, ago, speed)
"""
# By hand: of 2,000 vessels 1,800 are active, and so many of each hundred have each type and flag.
ANSWER: dict[str, Any] = {
    "activeNow": 2,
    "activeLastHour": 3,
    "activeLast24h": 4,
    "totalVessels": 1800,
    "positionsLastHour": 4,
    "vesselTypes": {"Cargo": 720, "Tanker": 440, "Fishing": 280, "Tug": 200, "Unknown": 160},
    "topFlags": [
        {"flag": "PA", "count": 620},
        {"flag": "LR", "count": 460},
        {"flag": "NO", "count": 320},
        {"flag": "US", "count": 220},
        {"flag": "Unknown", "count": 180},
    ],
    "speedAvg": 11.0,
    "updatedAt": "2030-03-10T12:00:00.000Z",
}


@pytest.fixture
def sea(empty_url: str) -> Iterator[psycopg.Connection]:
    """Give a database with two statements of a writer, the second of which took long."""
    with psycopg.connect(empty_url, autocommit=True) as db:
        if db.execute("select from pg_roles where rolname = 'writer'").rowcount == 0:
            db.execute("create role writer")
        db.execute(SCHEMA.encode())
        db.execute(
            BATCH.encode(), (1, [1, 1, 2, 3, 4], [0, 300, 299, 3600, 3601], [10, 12, 11, 11, 49])
        )
        db.execute(BATCH.encode(), (2, [5], [10], [20]))
        yield db
        db.execute("drop owned by writer; drop role writer")


def written(*statements: Statement, rows: int = 5) -> Writer:
    writer = Writer("", rows=rows)
    writer.statements = list(statements)
    return writer


PROMPT = written(Statement(1, 0.0, 0.1, None))


def wrong(sea: psycopg.Connection, writer: Writer, **changes: object) -> int:
    return len(judge(sea, {json.dumps({**ANSWER, **changes}): 1.0}, [writer]).wrong)


def test_a_right_answer_is_right_and_a_changed_one_is_wrong(sea: psycopg.Connection) -> None:
    assert wrong(sea, PROMPT) == 0
    assert wrong(sea, PROMPT, activeNow=3) == 1
    assert wrong(sea, PROMPT, speedAvg=11.01) == 1
    assert wrong(sea, PROMPT, topFlags=ANSWER["topFlags"][::-1]) == 1
    assert wrong(sea, PROMPT, updatedAt="2030-03-10T11:59:59.999Z") == 1


def test_a_statement_that_began_after_the_answer_does_not_count(sea: psycopg.Connection) -> None:
    later = Statement(2, 1.1, 1.2, None)
    assert wrong(sea, written(Statement(1, 0.0, 0.1, None), later)) == 0
    earlier = Statement(2, 0.5, 0.6, None)
    assert wrong(sea, written(Statement(1, 0.0, 0.1, None), earlier)) == 1


def test_a_late_statement_may_count_or_not(sea: psycopg.Connection) -> None:
    writer = written(Statement(1, 0.0, 0.1, None), Statement(2, 0.5, 9.5, None))
    assert wrong(sea, writer) == 0
    counted = {"activeNow": 3, "activeLastHour": 4, "activeLast24h": 5, "positionsLastHour": 5}
    assert wrong(sea, writer, **counted, speedAvg=12.8) == 0
    assert wrong(sea, writer, **counted) == 1


def test_an_acknowledged_row_that_is_missing_is_lost(sea: psycopg.Connection) -> None:
    assert judge(sea, {}, [PROMPT]).lost == 0
    writer = written(Statement(1, 0, 0, None), Statement(7, 0, 0, None), Statement(8, 0, 0, "x"))
    assert judge(sea, {}, [writer]).lost == 5
    sea.execute("delete from public.vessel_positions where batch = 1 and speed > 11")
    assert judge(sea, {}, [PROMPT]).lost == 2


def test_only_what_the_control_writer_did_not_suffer_counts() -> None:
    control = written(Statement(1, 10.5, 12.5, None), Statement(2, 20.0, 20.1, "down"))
    writer = written(
        Statement(1, 0.0, 9.0, None),
        Statement(2, 10.0, 12.3, None),
        Statement(3, 20.5, 20.6, "down"),
        Statement(4, 30.0, 30.1, "trigger failed"),
    )
    assert excess_waits(writer, control, 9.5) == pytest.approx((2.3, 0.3))
    assert excess_waits(writer, control, 0.0) == pytest.approx((9.0, 9.0))
    starved = written(Statement(1, 40.0, 42.0, None, starved=1.9))
    assert excess_waits(starved, control, 0.0) == pytest.approx((2.0, 0.1))
    assert own_failures(writer, control) == ["trigger failed"]
    assert own_failures(writer, None) == ["down", "trigger failed"]


@pytest.mark.parametrize(
    ("name", "changes", "found"),
    [
        ("server-killed", {}, None),
        ("server-killed", {"flagged": None}, "nobody was told"),
        ("server-killed", {"flagged": 35.1}, "flagged after 35.1 s, bound 35 s"),
        ("server-killed", {"healed": None, "watched": 75.0}, "not healed in 75 s, bound 35 s"),
        ("server-killed", {"healed": 35.2}, "healed after 35.2 s, bound 35 s"),
        ("server-killed", {"wrong": ["x"]}, "wrong: x"),
        ("server-killed", {"lost": 1}, "1 acknowledged rows lost"),
        ("server-killed", {"writer_failures": ["x"]}, "1 writes failed: x"),
        ("server-killed", {"writer_excess": 0.51}, "a writer waited"),
        ("server-killed", {"problems": ["x"]}, "x"),
        ("server-killed", {"broken": "x"}, "the harness failed: x"),
        ("notify-flood", {"flagged": None}, None),
        ("notify-flood", {}, "a false alarm after 1.0 s: x"),
        ("database-killed", {"writer_failures": ["x"], "writer_excess": 9.0}, None),
        ("database-killed", {"not_run": "x", "healed": None}, None),
    ],
)
def test_what_is_beyond_a_bound_is_said(
    name: str, changes: dict[str, Any], found: str | None
) -> None:
    good: dict[str, Any] = {"name": name, "flagged": 1.0, "flagged_by": "x", "healed": 1.0}
    said = beyond(FAULTS[name], Result(**{**good, **changes}))
    assert [text[: len(found or "")] for text in said] == ([] if found is None else [found])


def chaos(output: Path, **options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "chaos.run"],
        cwd=PROJECT,
        env={**os.environ, "OUTPUT": str(output), **options},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_the_quick_faults_are_within_their_bounds(tmp_path: Path) -> None:
    done = chaos(tmp_path, FAST="yes", INTERVAL="10", JOBS="4")
    assert done.returncode == 0, done.stdout + done.stderr
    rows = re.findall(
        r"^\| ([a-z0-9-]+) \| .* \| ok \|$", (tmp_path / "faults.md").read_text(), re.MULTILINE
    )
    assert rows == FAST


def test_every_fault_is_listed_and_an_unknown_one_is_refused(tmp_path: Path) -> None:
    done = chaos(tmp_path, LIST="yes")
    assert re.findall(r"^(\S+)  ", done.stdout, re.MULTILINE) == list(FAULTS)
    done = chaos(tmp_path, ONLY="earthquake")
    assert (done.returncode, done.stderr) == (
        2,
        "chaos: ONLY names no fault: earthquake. LIST=yes lists them\n",
    )


def test_the_page_explains_every_fault_and_has_its_result() -> None:
    assert rows_of(PAGE, "faults") == [list(row) for row in explanations()]
    assert [cells[0] for cells in rows_of(PAGE, "measured")[1:]] == list(FAULTS)


def test_a_new_result_takes_the_place_of_the_old_table() -> None:
    page = put_into(PAGE, "measured", [("fault", "verdict"), ("a", "ok")])
    assert rows_of(page, "measured") == [["fault", "verdict"], ["a", "ok"]]
    assert rows_of(page, "faults") == rows_of(PAGE, "faults")
    assert put_into(page, "measured", rows_of(PAGE, "measured")) == PAGE
