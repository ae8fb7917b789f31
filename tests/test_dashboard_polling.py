"""The dashboard where the event stream is blocked: it asks, perhaps through a shared cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from playwright.sync_api import expect

from tests.support.browsing import DASHBOARD, NO_STREAM, SOON, chromium, reader, state
from tests.support.webserver import STATS, WebServer, eventually, put_row, write_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Route

    from vessel_activity.database.local_server import LocalServer


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def through_a_cache(route: Route) -> None:
    """Pass a request on, and its answer back as a shared cache does that kept it for a second."""
    answer = route.fetch()
    route.fulfill(response=answer, headers={**answer.headers, "age": "1"})


def test_the_age_that_a_shared_cache_adds_is_no_trouble_of_the_database(
    module_url: str, browser: Browser
) -> None:
    write_row(module_url)
    with WebServer(module_url, NO_STREAM) as web, reader(browser) as page:
        page.route("**" + STATS, through_a_cache)
        put_row(web, active_now=1)
        page.goto(web.address + DASHBOARD)
        write_row(web.url, active_now=2)
        expect(page.locator("#activeNow")).to_have_text("2", timeout=SOON)
        state(page, "live")


def test_a_database_that_is_away_and_comes_back_with_the_same_numbers_is_told(
    breakable: LocalServer, breakable_url: str, browser: Browser
) -> None:
    # At the default interval the numbers would be out of date after 34 seconds.
    with psycopg.connect(breakable_url, autocommit=True) as db:
        db.execute("select public.vessel_activity_schedule(interval '1 hour')")
    write_row(breakable_url)
    with WebServer(breakable_url, NO_STREAM) as web, reader(browser) as page:
        page.goto(web.address + DASHBOARD)
        expect(page.locator("#mode")).to_have_text("checking every 5 s", timeout=SOON)
        breakable.stop("immediate")
        state(page, "failing", timeout=SOON)
        breakable.start()
        marked = "x-vessel-activity-unconfirmed"
        tag = eventually(
            lambda: marked not in (got := web.get(STATS)).headers and got.headers["etag"]
        )
        # The page has the very answer that it gets, so that it is told of the change by a 304.
        assert web.get(STATS, {"if-none-match": tag}).status_code == 304
        state(page, "live", timeout=SOON)
