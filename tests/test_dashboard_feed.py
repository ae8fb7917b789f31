"""What a feed hears is on the dashboard: from a real socket to a real Chromium.

`make bench ONLY=feed` measures how soon, and has the bound.
"""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import psycopg
import pytest
from playwright.sync_api import expect

from tests.support import ais
from tests.support.browsing import DASHBOARD, SILENCE, chromium, reader, state
from tests.support.feeding import Feed, TcpServer, feed_row, free_port, wait_until
from tests.support.webserver import WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

MMSI = 257_000_000


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def shows(page: Page, **numbers: str) -> None:
    for name, number in numbers.items():
        expect(page.locator(f"#{name}")).to_have_text(number, timeout=SILENCE)


def test_reports_over_udp_and_tcp_are_shown_while_the_page_is_open(
    url: str, tmp_path: Path, browser: Browser
) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("select public.vessel_activity_schedule(interval '1 second')")
    port = free_port()
    with (
        TcpServer() as tcp,
        socket.socket(type=socket.SOCK_DGRAM) as sender,
        Feed(url, tmp_path, [f"udp://127.0.0.1:{port}?name=roof", f"tcp://{tcp.address}"]),
        WebServer(url, {"VESSEL_ACTIVITY_FALLBACK": "on"}) as web,
        reader(browser) as page,
    ):
        page.goto(web.address + DASHBOARD)
        shows(page, mode="live updates")
        wait_until(lambda: feed_row(url, "roof").get("state") == "connected", "the port is open")

        lines = [ais.position(MMSI, speed=12.3), *ais.voyage(MMSI, "NORDKAPP", 60)]
        sender.sendto(b"\r\n".join(lines), ("127.0.0.1", port))
        shows(
            page, activeNow="1", activeLastHour="1", activeLast24h="1", totalVessels="1",
            positionsLastHour="1", speedAvg="12.3",
        )  # fmt: skip
        state(page, "live", timeout=SILENCE)
        assert page.locator("#types li").all_text_contents() == ["Passenger1100.0%"]

        tcp.send(*(ais.position(MMSI + number, speed=4.9 * number) for number in (1, 2)))
        shows(
            page, activeNow="3", activeLastHour="3", activeLast24h="3", totalVessels="3",
            positionsLastHour="3", speedAvg="9.0",
        )  # fmt: skip
