"""The dashboard in a real Chromium: right numbers, and honest about age and trouble."""

from __future__ import annotations

import re
import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest
from playwright.sync_api import expect

from tests.support.browsing import (
    AT_ONCE,
    DASHBOARD,
    NO_STREAM,
    QUIET,
    SILENCE,
    SOON,
    UNKNOWN,
    chromium,
    reader,
    state,
)
from tests.support.webserver import WebServer, eventually, put_row, row_as_json, write_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

    from vessel_activity.database.local_server import LocalServer


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    with reader(browser) as opened:
        yield opened


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    write_row(module_url)
    with WebServer(module_url) as running:
        yield running


def test_the_numbers_on_screen_are_those_of_the_database(web: WebServer, page: Page) -> None:
    put_row(web, active_now=4812)
    page.goto(web.address + DASHBOARD)
    state(page, "live")
    row = row_as_json(web.url)
    expect(page.locator("#activeNow")).to_have_text("4,812")
    shown = page.evaluate(
        "() => Object.fromEntries(['activeNow', 'activeLastHour', 'activeLast24h', 'totalVessels',"
        " 'positionsLastHour'].map((id) => [id,"
        " Number(document.getElementById(id).textContent.replaceAll(',', ''))]))"
    )
    assert shown == {name: row[name] for name in shown}
    expect(page.locator("#speedAvg")).to_have_text("11.4")
    expect(page.locator("#as-of")).to_have_attribute("datetime", row["updatedAt"])
    expect(page.locator("#as-of")).to_have_text(re.compile(r"\d\d:\d\d:\d\d CES?T$"))


def test_types_and_flags_add_up_to_the_total(web: WebServer, page: Page) -> None:
    put_row(web)
    page.goto(web.address + DASHBOARD)
    state(page, "live")
    types = [line.split("\n") for line in page.locator("#types li").all_inner_texts()]
    assert types == [
        ["Cargo", "8,934", "29.2%"],
        ["Tanker", "6,721", "22.0%"],
        ["Unknown", "388", "1.3%"],
        ["</script><b>", "12", "0.0%"],
        ["Other types", "14,512", "47.5%"],
    ]
    flags = [line.split("\n") for line in page.locator("#flags li").all_inner_texts()]
    assert [flag[-2:] for flag in flags] == [
        ["4,321", "14.1%"],
        ["1,391", "4.6%"],
        ["77", "0.3%"],
        ["9", "0.0%"],
        ["24,769", "81.0%"],
    ]
    names = [flag[-3] for flag in flags]
    assert names == ["Panama", "Norway", "Atlantis", "Unknown", "Other flags"]
    assert (
        flags[0][0]
        == "\N{REGIONAL INDICATOR SYMBOL LETTER P}\N{REGIONAL INDICATOR SYMBOL LETTER A}"
    )


def test_the_script_has_the_numbers_without_asking(web: WebServer, browser: Browser) -> None:
    put_row(web, active_now=31_415)
    # A language whose digits the server leaves to the script.
    context = browser.new_context(locale="fa-IR")
    page = context.new_page()
    # No request of the page's own is let through: what it shows came with it.
    page.route("**/api/**", lambda route: route.abort())
    page.goto(web.address + DASHBOARD, wait_until="commit")
    expect(page.locator("#activeNow")).to_have_text(
        "\N{EXTENDED ARABIC-INDIC DIGIT THREE}\N{EXTENDED ARABIC-INDIC DIGIT ONE}"
        "\N{ARABIC THOUSANDS SEPARATOR}\N{EXTENDED ARABIC-INDIC DIGIT FOUR}"
        "\N{EXTENDED ARABIC-INDIC DIGIT ONE}\N{EXTENDED ARABIC-INDIC DIGIT FIVE}"
    )
    context.close()


def test_a_commit_shows_within_a_second_without_a_reload(web: WebServer, page: Page) -> None:
    put_row(web, active_now=1)
    page.goto(web.address + DASHBOARD)
    expect(page.locator("#mode")).to_have_text("live updates")
    write_row(web.url, active_now=2_718)
    expect(page.locator("#activeNow")).to_have_text("2,718", timeout=AT_ONCE)


def test_the_age_counts_up(web: WebServer, page: Page) -> None:
    put_row(web, age="40 seconds")
    page.goto(web.address + DASHBOARD)
    expect(page.locator("#age")).to_have_text(re.compile("^4[0-4] s$"))
    expect(page.locator("#age")).to_have_text("45 s", timeout=SOON)


def test_a_stale_row_is_told_its_numbers_stay_and_a_fresh_one_ends_it(
    web: WebServer, page: Page
) -> None:
    put_row(web, age="3 days")
    page.goto(web.address + DASHBOARD)
    state(page, "stale", SOON)
    expect(page.locator("#banner")).to_be_visible()
    expect(page.locator("#banner")).to_contain_text(
        "The last refresh was 3 d 0 h ago. These numbers are from that time."
    )
    expect(page.locator("#activeNow")).to_have_text("4,812")
    put_row(web)
    state(page, "live")
    expect(page.locator("#banner")).to_be_hidden()


@pytest.mark.parametrize("environment", [{}, NO_STREAM], ids=["stream", "polling"])
def test_a_row_of_the_future_is_told_and_the_older_row_after_it_is_shown(
    module_url: str, browser: Browser, environment: dict[str, str]
) -> None:
    write_row(module_url, active_now=1)
    with WebServer(module_url, environment) as web, reader(browser) as page:
        page.goto(web.address + DASHBOARD)
        state(page, "live")
        write_row(module_url, age="-8 hours", active_now=2)
        state(page, "ahead", SOON)
        expect(page.locator("#banner")).to_contain_text("The clock of the database server was")
        expect(page.locator("#banner")).to_contain_text(re.compile("dated [78] h .* in the future"))
        expect(page.locator("#age")).to_have_text(UNKNOWN)
        write_row(module_url, active_now=3)
        state(page, "live", SOON)
        expect(page.locator("#activeNow")).to_have_text("3")


@pytest.mark.parametrize("environment", [{}, NO_STREAM], ids=["stream", "polling"])
def test_a_row_that_is_lost_leaves_its_numbers_which_grow_old(
    module_url: str, browser: Browser, environment: dict[str, str]
) -> None:
    write_row(module_url, age="10 seconds")
    with WebServer(module_url, environment) as web, reader(browser) as page:
        page.goto(web.address + DASHBOARD)
        state(page, "live")
        lose_row(module_url)
        state(page, "missing", SOON)
        expect(page.locator("#banner")).to_contain_text("The database has lost its cached row.")
        expect(page.locator("#activeNow")).to_have_text("4,812")
        expect(page.locator("#types li")).to_have_count(5)
        expect(page.locator("#age")).to_have_text(re.compile("^[1-4][0-9] s$"))
        put_row(web, active_now=7)
        state(page, "live", SOON)
        expect(page.locator("#activeNow")).to_have_text("7")


@pytest.mark.parametrize("environment", [{}, NO_STREAM], ids=["stream", "polling"])
def test_without_a_row_since_the_page_was_opened_there_is_no_age(
    module_url: str, browser: Browser, environment: dict[str, str]
) -> None:
    lose_row(module_url)
    with WebServer(module_url, environment) as web, reader(browser) as page:
        page.goto(web.address + DASHBOARD)
        mode = "checking every 5 s" if environment else "live updates"
        expect(page.locator("#mode")).to_have_text(mode)
        state(page, "waiting")
        expect(page.locator("#age")).to_have_text(UNKNOWN)
        expect(page.locator("#activeNow")).to_have_text(UNKNOWN)
        put_row(web)
        state(page, "live", SOON)


def lose_row(url: str) -> None:
    """Delete the cached row and notify, as nobody should."""
    with psycopg.connect(url) as connection:
        connection.execute("delete from public.vessel_activity_realtime")
        connection.execute("notify vessel_activity")


@contextmanager
def pages(browser: Browser, web: WebServer, number: int, before: str = "") -> Iterator[list[Page]]:
    """Open that many pages of one browser, one after another; each is in sight."""
    context = browser.new_context(locale="en-GB")
    context.add_init_script(before)
    opened = [context.new_page() for _ in range(number)]
    for page in opened:
        page.goto(web.address + DASHBOARD, timeout=SOON)
        expect(page.locator("#mode")).to_have_text("live updates", timeout=SOON)
    yield opened
    context.close()


def streams(web: WebServer) -> int:
    """Return how many clients the event stream has."""
    found = re.search(
        r"^vessel_activity_stream_clients (\d+)", web.get("/metrics").text, re.MULTILINE
    )
    assert found
    return int(found[1])


def test_all_pages_of_a_browser_share_one_stream_and_another_takes_it_over(
    module_url: str, browser: Browser
) -> None:
    write_row(module_url)
    with WebServer(module_url) as web, pages(browser, web, 8) as opened:
        assert streams(web) == 1
        write_row(module_url, active_now=3_141)
        for page in opened:
            expect(page.locator("#activeNow")).to_have_text("3,141", timeout=AT_ONCE)
        opened[0].close()
        eventually(lambda: streams(web) == 1)
        write_row(module_url, active_now=2_718)
        for page in opened[1:]:
            expect(page.locator("#activeNow")).to_have_text("2,718")
            expect(page.locator("#mode")).to_have_text("live updates")


def test_a_page_out_of_sight_holds_no_stream_and_catches_up_when_seen(
    module_url: str, browser: Browser
) -> None:
    write_row(module_url)
    with WebServer(module_url) as web, pages(browser, web, 1) as (page,):
        see(page, hidden=True)
        eventually(lambda: streams(web) == 0)
        write_row(module_url, active_now=1_618)
        see(page, hidden=False)
        expect(page.locator("#activeNow")).to_have_text("1,618", timeout=AT_ONCE)
        eventually(lambda: streams(web) == 1)


def see(page: Page, *, hidden: bool) -> None:
    """Put a page out of sight, as another tab before it would, or back."""
    page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden,"
        " configurable: true }); document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


def test_without_locks_each_page_has_a_stream_of_its_own(module_url: str, browser: Browser) -> None:
    write_row(module_url)
    unlocked = "Object.defineProperty(Navigator.prototype, 'locks', { value: undefined });"
    with WebServer(module_url) as web, pages(browser, web, 2, unlocked) as opened:
        assert streams(web) == 2
        write_row(module_url, active_now=577)
        for page in opened:
            expect(page.locator("#activeNow")).to_have_text("577", timeout=AT_ONCE)


def test_an_older_answer_never_replaces_a_newer_one(web: WebServer, page: Page) -> None:
    put_row(web, active_now=200)
    page.goto(web.address + DASHBOARD)
    expect(page.locator("#mode")).to_have_text("live updates")
    expect(page.locator("#activeNow")).to_have_text("200")
    page.evaluate(
        "() => { new EventSource('/api/database/vessel-stats-stream').onmessage ="
        " (event) => { window.lastPushed = JSON.parse(event.data).activeNow; }; }"
    )
    put_row(web, active_now=100, age="20 seconds")
    page.wait_for_function("window.lastPushed === 100")
    expect(page.locator("#activeNow")).to_have_text("200")
    put_row(web, active_now=300)
    expect(page.locator("#activeNow")).to_have_text("300")


def test_a_silent_feed_is_told_and_shows_no_zero(web: WebServer, page: Page) -> None:
    put_row(web, active_now=0, active_last_hour=0, positions_last_hour=0, speed_avg="0")
    page.goto(web.address + DASHBOARD)
    state(page, "quiet")
    expect(page.locator("#banner")).to_contain_text(QUIET)
    for name in ("activeNow", "activeLastHour", "positionsLastHour", "speedAvg"):
        expect(page.locator(f"#{name}")).to_have_text(UNKNOWN)
    expect(page.locator("#activeLast24h")).to_have_text("21,045")


def test_a_clock_two_hours_wrong_does_not_change_the_age(web: WebServer, browser: Browser) -> None:
    put_row(web, age="20 seconds")
    for offset in (-7_200_000, 7_200_000):
        context = browser.new_context()
        context.add_init_script(
            f"const right = Date.now.bind(Date); Date.now = () => right() + {offset};"
        )
        page = context.new_page()
        page.goto(web.address + DASHBOARD)
        state(page, "live")
        expect(page.locator("#age")).to_have_text(re.compile("^(2|3)[0-9] s$"))
        context.close()


def test_a_language_that_the_browser_does_not_know_itself_is_passed_over(
    web: WebServer, page: Page
) -> None:
    put_row(web)
    page.add_init_script(
        "Object.defineProperty(navigator, 'languages', { value: ['en-US@posix', 'de', 'en'] });"
    )
    page.goto(web.address + DASHBOARD)
    state(page, "live")
    expect(page.locator("#activeNow")).to_have_text("4.812")


def test_a_page_that_can_not_begin_says_so(web: WebServer, browser: Browser) -> None:
    put_row(web)
    context = browser.new_context(locale="en-GB")
    page = context.new_page()
    page.add_init_script("Intl.NumberFormat = function () { throw new RangeError('no'); };")
    page.goto(web.address + DASHBOARD)
    state(page, "broken")
    expect(page.locator("#state")).to_have_text("Not working")
    expect(page.locator("#banner")).to_contain_text("This page does not work in this browser.")
    expect(page).to_have_title("Not working \N{EN DASH} Vessel activity")
    context.close()


def test_the_title_tells_what_is_wrong(web: WebServer, page: Page) -> None:
    put_row(web)
    page.goto(web.address + DASHBOARD)
    state(page, "live")
    expect(page).to_have_title("Vessel activity")
    put_row(web, age="3 days")
    page.reload()
    expect(page).to_have_title("Out of date \N{EN DASH} Vessel activity")
    put_row(web)
    expect(page).to_have_title("Vessel activity")


def test_paper_is_white_whatever_the_screen_is(web: WebServer, browser: Browser) -> None:
    put_row(web)
    with reader(browser, color_scheme="dark") as page:
        page.goto(web.address + DASHBOARD)
        state(page, "live")
        tone = "getComputedStyle(document.getElementById('state')).color"
        assert page.evaluate(tone) == "rgb(78, 203, 143)"
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate(tone) == "rgb(15, 122, 75)"
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == (
            "rgb(255, 255, 255)"
        )


def test_a_blocked_stream_is_replaced_by_asking(module_url: str, page: Page) -> None:
    write_row(module_url, active_now=1)
    with WebServer(module_url, NO_STREAM) as web:
        page.goto(web.address + DASHBOARD)
        expect(page.locator("#mode")).to_have_text("checking every 5 s")
        state(page, "live")
        write_row(module_url, active_now=2)
        expect(page.locator("#activeNow")).to_have_text("2", timeout=SOON)


def test_a_killed_server_is_told_and_its_return_needs_no_hand(module_url: str, page: Page) -> None:
    write_row(module_url)
    with WebServer(module_url) as web:
        page.goto(web.address + DASHBOARD)
        expect(page.locator("#mode")).to_have_text("live updates")
        web.kill()
        state(page, "lost", SOON)
        expect(page.locator("#activeNow")).to_have_text("4,812")
        expect(page.locator("#banner")).to_contain_text(
            "The connection to the server is lost. These numbers are "
        )
        write_row(module_url, active_now=5)
        web.start(web.port)
        state(page, "live", SOON)
        expect(page.locator("#activeNow")).to_have_text("5")


@pytest.mark.parametrize("environment", [{}, NO_STREAM], ids=["stream", "polling"])
def test_a_hanging_server_is_given_up_on_and_taken_back(
    module_url: str, page: Page, environment: dict[str, str]
) -> None:
    write_row(module_url)
    with WebServer(module_url, environment) as web:
        page.goto(web.address + DASHBOARD)
        state(page, "live")
        web.process.send_signal(signal.SIGSTOP)
        try:
            state(page, "lost", SILENCE)
            expect(page.locator("#activeNow")).to_have_text("4,812")
        finally:
            web.process.send_signal(signal.SIGCONT)
        state(page, "live", SILENCE)


def test_a_database_that_is_killed_is_told_and_its_return_too(
    breakable: LocalServer, breakable_url: str, page: Page
) -> None:
    write_row(breakable_url)
    with WebServer(breakable_url) as web:
        page.goto(web.address + DASHBOARD)
        state(page, "live")
        breakable.kill()
        state(page, "failing", SOON)
        expect(page.locator("#banner")).to_contain_text(
            "The server can't read its database. These numbers are "
        )
        expect(page.locator("#activeNow")).to_have_text("4,812")
        breakable.start()
        write_row(breakable_url, active_now=6)
        state(page, "live", SOON)
        expect(page.locator("#activeNow")).to_have_text("6")


@pytest.mark.parametrize("environment", [{}, NO_STREAM], ids=["stream", "polling"])
def test_an_error_answer_keeps_the_numbers_and_says_why(
    module_url: str, page: Page, environment: dict[str, str]
) -> None:
    write_row(module_url)
    environment = {**environment, "VESSEL_ACTIVITY_STALE_ANSWER_SECONDS": "0"}
    with WebServer(module_url, environment) as web:
        page.goto(web.address + DASHBOARD)
        state(page, "live")
        with psycopg.connect(module_url) as connection:
            connection.execute("lock table public.vessel_activity_realtime")
            state(page, "failing", SOON)
            expect(page.locator("#activeNow")).to_have_text("4,812")
        state(page, "live", SOON)


def test_without_any_number_yet_nothing_is_made_up(
    breakable: LocalServer, breakable_url: str, page: Page
) -> None:
    write_row(breakable_url)
    breakable.stop()
    with WebServer(breakable_url) as web:
        page.goto(web.address + DASHBOARD)
        state(page, "failing", SOON)
        expect(page.locator("#activeNow")).to_have_text(UNKNOWN)
        expect(page.locator("#banner")).to_contain_text("There are no numbers yet. Trying again.")
        breakable.start()
        state(page, "live", SOON)
        expect(page.locator("#activeNow")).to_have_text("4,812")


def test_a_simulated_fleet_is_called_that(web: WebServer, page: Page) -> None:
    put_row(web)
    page.goto(web.address + DASHBOARD)
    state(page, "live")
    expect(page.locator("#simulated")).to_be_hidden()
    with psycopg.connect(web.url) as connection:
        connection.execute("create schema simulated")
        connection.execute("update vessel_activity.settings set simulation = 'simulated'")
    try:
        put_row(web)
        expect(page.locator("#simulated")).to_be_visible()
        expect(page.locator("#simulated")).to_have_text("Simulated fleet")
    finally:
        with psycopg.connect(web.url) as connection:
            connection.execute("drop schema simulated")
