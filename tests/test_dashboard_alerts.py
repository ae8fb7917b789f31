"""The page lists the open alerts, in the reader's language."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browsing import DASHBOARD, SILENCE, chromium, reader
from tests.support.webserver import WebServer, eventually, write_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

# Each rule is there for what its line shows: a threshold, no threshold, a duration, what is usual,
# an area, and a name that turns text around.
ALERTS = """
  delete from vessel_activity.watch;
  delete from vessel_activity.alert;
  insert into vessel_activity.alert (
    name, figure, comparison, threshold, usual_low, usual_high, area, value, since, raised_at, text
  )
  select a.name, a.figure, a.comparison, a.threshold, a.usual_low, a.usual_high, a.area, a.value,
    now() - interval '5 minutes', now() - a.n * interval '1 second', 'not shown'
  from (values
    (1, 'Few \u202eeveil', 'active_now', 'below', 3000, null, null, null, 2874),
    (2, 'Refresh failing', 'failed_refreshes', 'above', 0, null, null, null, 3),
    (3, 'Feed late', 'feed_overdue_seconds', 'above', 0, null, null, null, 95.2),
    (4, 'Below usual', 'active_now', 'below', null, 3300::numeric, 3700::numeric, null, 2100),
    (5, 'Slow', 'mean_speed', 'below', 4.5, null, null, 'Bay <b>', 3.25)
  ) as a (n, name, figure, comparison, threshold, usual_low, usual_high, area, value);
  update vessel_activity.watching set revision = revision + 1;
"""
NONE = """
  delete from vessel_activity.alert;
  update vessel_activity.watching set revision = revision + 1;
"""
LINES = {
    "en-GB": [
        ("Few \ufffdeveil", "2,874 < 3,000"),
        ("Refresh failing", "3"),
        ("Feed late", "1 min 35 s"),
        ("Below usual", "2,100 < usual 3,300\u20133,700"),
        ("Slow (Bay <b>)", "3.3 < 4.5"),
    ],
    "de": [
        ("Few \ufffdeveil", "2.874 < 3.000"),
        ("Aktualisierung schlägt fehl", "3"),
        ("Meldungen verspätet", "1 min 35 s"),
        ("Weniger als üblich", "2.100 < üblich 3.300\u20133.700"),
        ("Slow (Bay <b>)", "3,3 < 4,5"),
    ],
}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    with psycopg.connect(module_url, autocommit=True) as db:
        db.execute("select public.vessel_activity_schedule('1 hour')")
        db.execute("select public.refresh_vessel_activity()")
    write_row(module_url)
    with WebServer(module_url) as running:
        yield running


def run(web: WebServer, statements: str) -> None:
    with psycopg.connect(web.url, autocommit=True) as db:
        db.execute(statements.encode())
        db.execute("notify vessel_activity")


@pytest.mark.parametrize("language", LINES)
def test_the_open_alerts_are_listed_with_the_newest_first(
    web: WebServer, browser: Browser, language: str
) -> None:
    run(web, NONE)
    with reader(browser) as page:
        page.goto(f"{web.address}{DASHBOARD}?lang={language}")
        panel = page.locator("#alerts")
        # The panel is loaded after the first numbers, and shows what it finds then.
        expect(page.locator("#mode")).to_have_text(re.compile("."), timeout=SILENCE)
        expect(panel).to_be_hidden()
        run(web, ALERTS)
        items = panel.locator("li")
        expect(items).to_have_count(5, timeout=SILENCE)
        found = [
            (item.locator(".name").inner_text(), item.locator(".value").inner_text())
            for item in items.all()
        ]
        assert found == LINES[language]
        expect(items.first.locator("time")).to_have_attribute("datetime", _iso(web))
        # A screen reader is told once, with the names.
        expect(page.locator("#announcer")).to_contain_text(LINES[language][1][0])
        assert Axe().run(page.locator("#alerts").page).response["violations"] == []
        run(web, NONE)
        expect(panel).to_be_hidden(timeout=SILENCE)


def test_alerts_can_be_shown_alone(web: WebServer, browser: Browser) -> None:
    run(web, ALERTS)
    with reader(browser) as page:
        page.goto(f"{web.address}{DASHBOARD}?embed=alerts")
        expect(page.locator("#alerts li")).to_have_count(5, timeout=SILENCE)
        expect(page.locator("#chart")).to_be_hidden()


def _iso(web: WebServer) -> str:
    document = eventually(lambda: web.get("/api/database/vessel-activity").json())
    since: str = document["alerts"][0]["since"]
    return since
