"""Measure how soon a report that a feed hears is on the dashboard, in a real browser.

The database is refreshed every second, by the web server. The reports come over UDP, at moments
that are spread over that second.
"""

from __future__ import annotations

import os
import shutil
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psycopg
from playwright.sync_api import expect

from bench.cluster import DATA
from bench.report import Figure
from tests.support import ais
from tests.support.browsing import CHROMIUM, DASHBOARD, chromium, reader
from tests.support.feeding import Feed, feed_row, free_port, wait_until
from tests.support.webserver import WebServer

if TYPE_CHECKING:
    from bench.report import Report

_SHOWN = "number => document.getElementById('activeNow').textContent === number"
_STEP_SECONDS = 0.37  # no part of a second


def showing(url: str, report: Report, reports: int) -> None:
    """Send reports one after the other, and record the longest time until one is shown.

    Args:
        url: URL of a migrated database with empty source tables.
        report: where the figure goes.
        reports: how many to send.

    """
    if not Path(CHROMIUM).exists():
        print(f"no {CHROMIUM}: the time until a report is on the dashboard is not measured")
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select public.vessel_activity_schedule(interval '1 second')")
    folder = DATA / f"showing-{os.getpid()}"
    port = free_port()
    try:
        with (
            WebServer(url, {"VESSEL_ACTIVITY_FALLBACK": "on"}) as web,
            Feed(url, folder, [f"udp://127.0.0.1:{port}?name=bench"]),
            chromium() as browser,
            reader(browser) as page,
            socket.socket(type=socket.SOCK_DGRAM) as sender,
        ):
            wait_until(lambda: feed_row(url, "bench").get("state") == "connected", "a feed")
            page.goto(web.address + DASHBOARD)
            expect(page.locator("#mode")).to_have_text("live updates", timeout=60_000)
            longest = 0.0
            for number in range(1, reports + 1):
                time.sleep(number * _STEP_SECONDS % 1)
                began = time.perf_counter()
                sender.sendto(ais.position(257_000_000 + number), ("127.0.0.1", port))
                page.wait_for_function(_SHOWN, arg=str(number), timeout=60_000)
                longest = max(longest, time.perf_counter() - began)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    report.figures.append(
        Figure(
            f"feed: arrival to dashboard, refreshed every second, longest of {reports}", longest,
            "s", at_most=3,
        )
    )  # fmt: skip
