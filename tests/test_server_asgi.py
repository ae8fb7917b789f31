"""`app` of server.py under ASGI servers that the project does not start itself."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.conftest import PROJECT
from tests.support.webserver import STATS, STREAM, eventually, fetch, row_as_json, write_row

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVERS = {
    "uvicorn": ["uvicorn", "server:app", "--host", "127.0.0.1", "--port", "{port}"],
    "hypercorn": ["hypercorn", "server:app", "--bind", "127.0.0.1:{port}"],
}


@contextmanager
def serving(program: str, url: str, **settings: str) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run an ASGI server, and give its address and process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with subprocess.Popen(
        [sys.executable, "-m", *(word.format(port=port) for word in SERVERS[program])],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url, "VESSEL_ACTIVITY_FALLBACK": "off", **settings},
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield f"http://127.0.0.1:{port}", process
        finally:
            process.kill()


@pytest.mark.parametrize("program", SERVERS)
def test_the_figures_the_page_and_the_events_are_served(program: str, module_url: str) -> None:
    write_row(module_url)
    with serving(program, module_url) as (address, process):
        eventually(lambda: fetch(f"{address}/readyz").status_code == 200, within_seconds=30)
        assert fetch(address + STATS).json() == row_as_json(module_url)
        for path in (STATS, "/dashboard/vessels", "/nothing"):
            assert fetch(address + path).headers["x-content-type-options"] == "nosniff"
        assert "Vessel activity" in fetch(f"{address}/dashboard/vessels").text

        with httpx.stream("GET", address + STREAM, timeout=10) as stream:
            data = (json.loads(line[6:]) for line in stream.iter_lines() if line[:6] == "data: ")
            assert next(data) == row_as_json(module_url)
            write_row(module_url, active_now=4813)
            row = next(one for one in data if one.get("activeNow") == 4813)
            assert row == row_as_json(module_url)
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) in {0, -signal.SIGTERM}


def test_a_setting_that_can_not_be_used_is_named_and_ends_the_server(module_url: str) -> None:
    with serving("uvicorn", module_url, VESSEL_ACTIVITY_FALLBACK="maybe") as (_, process):
        _, said = process.communicate(timeout=30)
    assert "VESSEL_ACTIVITY_FALLBACK must be on or off, not 'maybe'" in said
    assert process.returncode == 3
