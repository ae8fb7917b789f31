"""The log is one line an event, as text or JSON, and no client can make it long."""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import subprocess
from datetime import UTC, datetime

import pytest

from tests.conftest import COMMAND, PROJECT
from tests.support.webserver import STATS, WebServer, eventually, write_row
from tests.test_server_metrics import samples
from vessel_activity.errors import SettingsError
from vessel_activity.logs import BURST, Json, Limit, Text
from vessel_activity.settings import Settings

JSON = {"VESSEL_ACTIVITY_LOG_FORMAT": "json"}


def record(line: int, message: str = "%s %d", *values: object) -> logging.LogRecord:
    """Make a log record of a line in a file."""
    return logging.LogRecord("part", logging.WARNING, "file.py", line, message, values, None)


def test_a_place_that_logs_too_much_is_cut_and_the_others_are_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 1000.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    limit = Limit()
    assert [limit.filter(record(1)) for _ in range(BURST + 30)] == [True] * BURST + [False] * 30
    assert limit.filter(record(2))
    now += 2.5
    kept = [one for one in (record(1) for _ in range(5)) if limit.filter(one)]
    assert [vars(one)["left_out"] for one in kept] == [30, 0]
    assert limit.left_out == 33
    now += 1000
    assert sum(limit.filter(record(1)) for _ in range(100)) == BURST


def test_a_line_says_how_many_were_left_out() -> None:
    one = record(1, "%s is %d", "it", 7)
    vars(one)["left_out"] = 12
    assert Text().format(one).endswith(" WARNING it is 7 (12 more like this were left out)")
    assert json.loads(Json().format(one))["left_out"] == 12


def test_json_has_the_time_in_utc_and_the_traceback_on_the_same_line() -> None:
    one = record(1, "two\nlines \N{EURO SIGN}")
    one.created = datetime(2026, 1, 31, 12, 0, 0, 5000, UTC).timestamp()
    try:
        int("a defect")
    except ValueError as error:
        one.exc_info = (ValueError, error, error.__traceback__)
    line = Json().format(one)
    assert "\n" not in line
    told = json.loads(line)
    assert re.match(r"Traceback .*ValueError: .*'a defect'$", told.pop("error"), re.DOTALL)
    assert told == {
        "time": "2026-01-31T12:00:00.005Z",
        "level": "warning",
        "logger": "part",
        "message": "two\nlines \N{EURO SIGN}",
    }


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_thousand_bad_requests_are_a_few_lines(module_url: str, form: str) -> None:
    write_row(module_url)
    with WebServer(module_url, {"VESSEL_ACTIVITY_LOG_FORMAT": form}) as web:
        for _ in range(1000):
            with socket.create_connection(("127.0.0.1", web.port)) as client:
                client.sendall(b"nonsense\r\n\r\n")
                client.recv(1000)
        assert web.get(STATS).status_code == 200
        eventually(lambda: samples(web)["log_lines_suppressed_total",] > 500)
        left_out = samples(web)["log_lines_suppressed_total",]
        web.stop()
        lines = [line for line in web.log.splitlines() if "Invalid HTTP request" in line]
        assert BURST <= len(lines) == 1000 - left_out


def test_every_line_of_the_server_is_json_if_asked_for(module_url: str) -> None:
    write_row(module_url)
    with WebServer(module_url, JSON) as web:
        eventually(lambda: web.get("/readyz").json()["database"] == "listening")
        web.stop()
    told = [json.loads(line) for line in web.log.splitlines()]
    assert [one["level"] for one in told] == ["info"] * len(told)
    assert {"vessel_activity.server", "vessel_activity.listener"} <= {one["logger"] for one in told}
    assert "listening for refreshes" in {one["message"] for one in told}


@pytest.mark.parametrize("command", ["serve", "refresh-loop"])
def test_what_keeps_a_program_from_starting_is_json_too(command: str) -> None:
    bad = {**os.environ, **JSON, "DATABASE_URL": "postgresql://h/x", "PORT": "many"}
    done = subprocess.run(
        [*COMMAND, command], cwd=PROJECT, env=bad, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert [json.loads(line)["message"] for line in done.stderr.splitlines()] == [
        "PORT must be a whole number from 0 to 65535, not 'many'"
    ]


def test_an_unknown_format_is_refused() -> None:
    with pytest.raises(SettingsError, match="LOG_FORMAT must be text or json, not 'xml'"):
        Settings.from_env({"VESSEL_ACTIVITY_LOG_FORMAT": "xml"})
