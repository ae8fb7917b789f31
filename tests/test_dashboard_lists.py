"""The lists show active vessels, the registry on request, and every number leads to its vessels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from playwright.sync_api import expect

from tests.support.browsing import DASHBOARD, SOON, chromium, reader
from tests.support.webserver import WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    """Serve 60 vessels that are active: three tugs, one evil name, the others of type Cargo."""
    with psycopg.connect(module_url, autocommit=True) as db:
        db.execute(
            """
            insert into vessels (mmsi, name, "vesselType", flag)
            select 1000 + n,
              case n when 4 then '<img src=x onerror=alert(1)>' else 'VESSEL ' || n end,
              case when n <= 3 then 'Tug' else 'Cargo' end,
              case when n % 2 = 0 then 'NO' else 'PA' end
            from generate_series(1, 80) as n;
            insert into vessel_positions ("vesselId", timestamp, speed, latitude, longitude)
            select id, now() - mmsi::integer % 100 * interval '1 second', 10, -33.5, 151.25
            from vessels where mmsi::integer <= 1060;
            delete from vessel_activity.activity; -- else a new one is not due yet
            select public.refresh_vessel_activity()
            """
        )
    with WebServer(module_url) as running:
        yield running


def opened(page: Page, web: WebServer) -> None:
    """Open the page at its lists. Their file is loaded when a reader comes near them."""
    page.goto(web.address + DASHBOARD)
    page.locator("#lists").scroll_into_view_if_needed()


def test_the_lists_show_active_vessels_and_the_registry_on_request(
    web: WebServer, browser: Browser
) -> None:
    with reader(browser) as page:
        opened(page, web)
        active = page.locator("#types-active li")
        expect(active).to_have_count(2, timeout=SOON)
        expect(active.nth(0).locator(".count")).to_have_text("57")
        expect(active.nth(0).locator(".share")).to_have_text("95.0%")
        expect(active.nth(0).locator("svg")).to_have_attribute("width", "95.0%")
        expect(page.locator("#types")).to_be_hidden()
        panel = page.locator('section[data-panel="types"]')
        panel.get_by_role("button", name="Registry").click()
        expect(page.locator("#types li").nth(0).locator(".count")).to_have_text("77")
        expect(page.locator("#types-active")).to_be_hidden()
        panel.get_by_role("button", name="Active now").click()
        expect(active.nth(0)).to_be_visible()


def test_a_type_leads_to_its_vessels_page_by_page(web: WebServer, browser: Browser) -> None:
    with reader(browser) as page:
        opened(page, web)
        link = page.locator("#types-active").get_by_role("button", name="Cargo")
        link.click()
        dialog = page.get_by_role("dialog", name="Active now: Cargo")
        rows = dialog.locator("tbody tr")
        expect(rows).to_have_count(50, timeout=SOON)
        expect(dialog.get_by_role("status")).to_have_text("50 of 57 vessels")
        # The newest report comes first. A name is text, whatever it holds.
        expect(rows.nth(0).locator("th")).to_have_text("<img src=x onerror=alert(1)>")
        expect(rows.nth(0).locator("td").nth(5)).to_have_text("33.500° S 151.250° E")
        dialog.get_by_role("button", name="Show more").click()
        expect(rows).to_have_count(57)
        expect(dialog.get_by_role("button", name="Show more")).to_be_hidden()
        dialog.get_by_role("button", name="MMSI").click()
        expect(rows.nth(0).locator("td").nth(0)).to_have_text("1004")
        expect(dialog.locator('th[data-key="mmsi"]')).to_have_attribute("aria-sort", "ascending")
        dialog.get_by_role("button", name="MMSI").click()
        expect(rows.nth(0).locator("td").nth(0)).to_have_text("1060")
        with page.expect_download() as download:
            dialog.get_by_role("link", name="CSV").click()
        lines = download.value.path().read_text().splitlines()
        assert lines[0].startswith("mmsi,name,type")
        assert len(lines) == 58
        # The keyboard: Escape closes, and the focus is where it was.
        page.keyboard.press("Escape")
        expect(dialog).to_be_hidden()
        expect(link).to_be_focused()


def test_what_is_moving_leads_to_its_vessels(web: WebServer, browser: Browser) -> None:
    with reader(browser) as page:
        opened(page, web)
        under_way = page.locator('#moving [data-key="underWay"]')
        expect(under_way).to_have_text("60", timeout=SOON)
        under_way.focus()
        page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Under way, last hour")
        expect(dialog.get_by_role("status")).to_have_text("50 of 60 vessels", timeout=SOON)
        dialog.get_by_role("button", name="Close").click()
        expect(page.locator('#moving [data-key="goneSilent"]')).to_have_text("0")


def test_a_list_that_can_not_be_loaded_says_so_and_tries_again(
    web: WebServer, browser: Browser
) -> None:
    with reader(browser) as page:
        page.goto(web.address + DASHBOARD)
        page.route("**/vessel-activity/vessels?*", lambda route: route.abort())
        page.get_by_title("Show vessels: Active now").click(timeout=SOON)
        dialog = page.get_by_role("dialog")
        expect(dialog.get_by_role("status")).to_have_text(
            "The list could not be loaded. Try again.", timeout=SOON
        )
        page.unroute_all()
        dialog.get_by_role("button", name="Try again").click()
        expect(dialog.locator("tbody tr")).to_have_count(50, timeout=SOON)
