"""The page in a real Chromium says how new the reports are, and when they stop."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect

from tests.support.browsing import DASHBOARD, NO_STREAM, QUIET, SOON, chromium, reader, state
from tests.support.webserver import STATS, WebServer, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg
    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def report(db: psycopg.Connection, age: str = "0 seconds", number: int = 1) -> None:
    """Insert reports of that age, one of each vessel."""
    db.execute(
        'insert into public.vessel_positions ("vesselId", timestamp, speed)'
        " select n, clock_timestamp() - %s::interval, 7 from generate_series(1, %s) as n",
        (age, number),
    )


def prepared(db: psycopg.Connection, late_after: str) -> None:
    """Refresh once, and then for an hour no more."""
    db.execute("insert into public.vessels (mmsi, active) values ('219000001', true)")
    db.execute("select public.vessel_activity_schedule(interval '1 hour')")
    db.execute("update vessel_activity.settings set feed_late_after = %s", (late_after,))
    db.execute("select public.refresh_vessel_activity()")


# Keeps what the page says of the newest report at the moment at which it calls the feed late.
WATCH = """() => new MutationObserver(() => {
  if (document.body.dataset.state === "late") {
    window.ageWhenLate ??= document.getElementById("newest").textContent;
  }
}).observe(document.body, { attributeFilter: ["data-state"] })"""


@pytest.mark.parametrize("environment", [{}, NO_STREAM], ids=["stream", "polling"])
def test_a_frozen_feed_is_told_within_five_seconds_whatever_the_interval_is(
    db: psycopg.Connection, url: str, browser: Browser, environment: dict[str, str]
) -> None:
    report(db, number=90)
    prepared(db, "1 hour")
    with WebServer(url, environment) as web, reader(browser) as page:
        page.goto(web.address + DASHBOARD)
        state(page, "live", SOON)
        expect(page.locator("#positionsPerSecond")).to_have_text("1.5", timeout=SOON)
        expect(page.locator(".age")).to_have_text(
            re.compile(r"^row (\d+ min )?\d+ s . newest report \d+ s$"), timeout=SOON
        )
        page.evaluate(WATCH)
        # One more report comes, and then no more.
        report(db)
        db.execute("update vessel_activity.settings set feed_late_after = '12 seconds'")
        state(page, "late", 30_000)
        shown = page.evaluate("window.ageWhenLate")
        assert shown in {f"{seconds} s" for seconds in range(12, 12 + 6)}
        expect(page.locator("#state")).to_have_text("Feed late")
        expect(page.locator("#banner")).to_contain_text(
            re.compile(r"No new positions come in: the newest is \d+ s old\.")
        )
        expect(page).to_have_title("Feed late \N{EN DASH} Vessel activity")
        expect(page.locator("#activeNow")).to_have_text("90")
        report(db)
        state(page, "live", SOON)
        expect(page.locator("#banner")).to_be_hidden()


def test_a_feed_without_reports_for_five_minutes_is_quiet_though_the_row_is_older(
    db: psycopg.Connection, url: str, browser: Browser
) -> None:
    report(db, "299 seconds")
    prepared(db, "60 seconds")
    with WebServer(url) as web, reader(browser) as page:
        page.goto(web.address + DASHBOARD)
        state(page, "quiet", SOON)
        expect(page.locator("#banner")).to_contain_text(QUIET)
        # The last refresh has counted the vessel.
        expect(page.locator("#activeNow")).to_have_text("1")


def test_the_page_comes_with_the_state_of_the_feed_in_its_text(
    db: psycopg.Connection, url: str, browser: Browser
) -> None:
    report(db, "90 seconds")
    prepared(db, "60 seconds")
    report(db, "80 seconds")
    with WebServer(url) as web:
        eventually(lambda: web.get(STATS).headers["x-vessel-activity-feed"].startswith("late"))
        html = web.get(DASHBOARD, {"accept-language": "en"}).text
        assert 'data-state="late"' in html
        (banner,) = re.findall(r'id="banner-text">([^<]*)<', html)
        assert re.fullmatch(
            r"No new positions come in: the newest is 1 min \d+ s old\. So fewer vessels count as"
            r" active, whatever they do\.",
            banner,
        )
        german = web.get(DASHBOARD, {"accept-language": "de"}).text
        assert "Meldungen versp\N{LATIN SMALL LETTER A WITH DIAERESIS}tet" in german
        with reader(browser) as page:  # and the script says the same
            page.goto(web.address + DASHBOARD)
            state(page, "late", SOON)
            said = page.locator("#banner-text").inner_text()
            assert re.sub(r"\d+ s", "N s", said) == re.sub(r"\d+ s", "N s", banner)


def test_a_source_without_reports_leaves_the_state_to_the_figures(
    db: psycopg.Connection, url: str, browser: Browser
) -> None:
    prepared(db, "60 seconds")
    with WebServer(url) as web, reader(browser) as page:
        page.goto(web.address + DASHBOARD)
        state(page, "quiet", SOON)
        expect(page.locator("#newest")).to_have_text("\N{EN DASH}")
        expect(page.locator("#positionsPerSecond")).to_have_text("0.0")
