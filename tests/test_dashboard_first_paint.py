"""The numbers that the page comes with, before any script: the same as the script then shows."""

from __future__ import annotations

import re
import tracemalloc
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from babel import localedata
from playwright.sync_api import expect

from tests.support.browsing import DASHBOARD, QUIET, UNKNOWN, chromium, state
from tests.support.webserver import (
    STATS,
    WebServer,
    eventually,
    put_row,
    row_as_json,
    write_row,
)
from vessel_activity.web import words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

NUMBERS = [
    "activeNow",
    "activeLastHour",
    "activeLast24h",
    "speedAvg",
    "totalVessels",
    "positionsLastHour",
    "positionsPerSecond",
    "activeShare",
]
# 45,678 / 3,600 = 12.688; 4,812 / 21,045 = 22.865 %.
IN_ENGLISH = ["4,812", "9,377", "21,045", "11.4", "30,567", "45,678", "12.7", "22.9%"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    write_row(module_url)
    with WebServer(module_url) as running:
        yield running


def texts(web: WebServer, language: str | None = "en-GB,en;q=0.9", *, waits: bool) -> list[str]:
    """Return what the page has in the elements of NUMBERS, in order, as it comes by HTTP.

    waits: whether the first paint waits for the script, which has something else to show.
    """
    headers = {} if language is None else {"accept-language": language}
    html = web.get(DASHBOARD, headers).text
    assert ('blocking="render"' in html, '"filled": false' in html) == (waits, waits), language
    found = dict(re.findall(r'id="(\w+)"[^>]*>([^<]*)<', html))
    return [found[name] for name in NUMBERS]


def test_the_numbers_are_in_the_text_of_the_page(web: WebServer) -> None:
    put_row(web)
    assert texts(web, waits=False) == IN_ENGLISH


@pytest.mark.parametrize(
    "locale",
    [
        *("en-US", "nb-NO", "nn-NO", "de-DE", "en-CA", "fr-FR", "es-ES", "pl-PL", "tr-TR", "hi-IN"),
        *("ja-JP", "zh-CN", "zh-TW", "ar", "ar-EG", "ar-AE", "fa-IR", "bn-BD", "mr-IN"),
    ],
)
def test_what_the_page_comes_with_is_what_its_script_shows(
    web: WebServer, browser: Browser, locale: str
) -> None:
    # Halves, a seventh digit, a tie of two types, and names that are markup.
    put_row(
        web,
        speed_avg="11.25",
        total_vessels=1_234_567,
        vessel_types='{"Tug": 12, "Cargo": 8934, "{0} & </template><i id=types>": 12, "B": 1}',
    )
    first, then = (
        shown(browser, web.address + DASHBOARD, locale, scripts=scripts)
        for scripts in (False, True)
    )
    assert len(first["types"]) == 5
    assert first == then


def shown(browser: Browser, address: str, locale: str, *, scripts: bool) -> dict[str, Any]:
    """Open the page with or without scripts and return the words on it."""
    context = browser.new_context(locale=locale, java_script_enabled=scripts)
    page = context.new_page()
    page.goto(address)
    state(page, "live" if scripts else "connecting")
    found: dict[str, Any] = {name: page.locator(f"#{name}").inner_html() for name in NUMBERS}
    for name in ("types", "flags"):
        found[name] = items(page, name)
    context.close()
    return found


def items(page: Page, name: str) -> list[str]:
    """Return the rows of a list, as markup."""
    rows = page.locator(f"#{name} > li")
    return [row.evaluate("(row) => row.outerHTML") for row in rows.all()]


def test_a_reader_gets_their_own_digits_at_once_and_one_of_an_unknown_language_english(
    web: WebServer,
) -> None:
    put_row(web)
    for language in ("x-klingon", "../../etc/passwd", "*", "", None):
        assert texts(web, language, waits=True) == IN_ENGLISH
    # 4,812 with the digits of Egypt, Iran and Bangladesh, and with their signs between thousands.
    for language, zero, comma in (
        ("ar-EG", "\N{ARABIC-INDIC DIGIT ZERO}", "\N{ARABIC THOUSANDS SEPARATOR}"),
        ("fa-IR", "\N{EXTENDED ARABIC-INDIC DIGIT ZERO}", "\N{ARABIC THOUSANDS SEPARATOR}"),
        ("bn-BD", "\N{BENGALI DIGIT ZERO}", ","),
    ):
        four, *rest = (chr(ord(zero) + digit) for digit in (4, 8, 1, 2))
        assert texts(web, language, waits=False)[0] == f"{four}{comma}{''.join(rest)}"
    # The server has no digits of Fulah in Adlam. The script has.
    assert texts(web, "ff-Adlm, de;q=0.7", waits=True)[0] == "4.812"
    # The first that is known counts.
    assert texts(web, "x-klingon, de;q=0.7, en;q=0.3", waits=False)[0] == "4.812"


def test_without_scripts_old_numbers_come_with_their_time_and_the_reason(
    web: WebServer, browser: Browser
) -> None:
    context = browser.new_context(locale="en-GB", java_script_enabled=False)
    page = context.new_page()
    put_row(web)
    page.goto(web.address + DASHBOARD)
    at = datetime.fromisoformat(row_as_json(web.url)["updatedAt"])
    assert at.tzinfo == UTC
    written = f"{at.day} {at:%b} {at:%Y}, {at:%H:%M:%S} UTC"
    expect(page.locator(".foot p")).to_have_text(f"Numbers as of {written}")
    expect(page.locator("#banner")).to_be_hidden()
    put_row(web, age="3 days 1 hour")
    page.goto(web.address + DASHBOARD)
    state(page, "stale")
    expect(page.locator("#activeNow")).to_have_text("4,812")
    expect(page.locator("#banner")).to_have_text(
        "!The last refresh was 3 d 1 h ago. These numbers are from that time."
    )
    put_row(web, active_now=0)
    page.goto(web.address + DASHBOARD)
    state(page, "quiet")
    expect(page.locator("#banner")).to_contain_text(QUIET)
    expect(page.locator("#activeNow")).to_have_text(UNKNOWN)
    expect(page.locator("#activeLastHour")).to_have_text("9,377")
    context.close()


def test_numbers_that_are_not_live_are_left_to_the_script_before_the_first_paint(
    web: WebServer,
) -> None:
    put_row(web, active_now=0)
    for _ in range(2):
        shown_now = texts(web, waits=True)
        assert (shown_now[0], shown_now[7]) == (UNKNOWN, UNKNOWN)
    put_row(web, age="2 minutes")
    assert texts(web, waits=True) == IN_ENGLISH
    put_row(web)
    assert texts(web, waits=False) == IN_ENGLISH
    with psycopg.connect(web.url, autocommit=True) as connection:
        connection.execute("delete from public.vessel_activity_realtime")
        connection.execute("notify vessel_activity")
    eventually(lambda: web.get(STATS).json()["totalVessels"] == 0)
    assert set(texts(web, waits=True)) == {UNKNOWN}
    put_row(web)


def test_no_reader_can_keep_numbers_from_another_by_asking_in_many_languages(
    module_url: str,
) -> None:
    languages = ["en", "de", "fr", "nb", "sv", "da", "fi", "nl", "it", "es", "pt", "pl", "cs"]
    with WebServer(module_url) as fresh:
        put_row(fresh)
        for language in [*languages, "hu", "ro", "el", "ja", "ko", "tr", "en"]:
            assert UNKNOWN not in texts(fresh, language, waits=False)


def test_the_memory_that_languages_take_is_bounded() -> None:
    known = sorted(localedata.locale_identifiers())[::4]
    assert len(known) > 250
    tracemalloc.start()
    for name in known:
        words.manner_of(name.replace("_", "-"))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 30_000_000  # all of these take three times as much, and are a quarter of all


def test_a_wall_screen_looks_so_before_its_script_runs(web: WebServer, browser: Browser) -> None:
    put_row(web)
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for query, looks in (("", ""), ("?kiosk", "kiosk"), ("?kiosk&embed&x=1", "kiosk embed")):
        page.goto(web.address + DASHBOARD + query)
        expect(page.locator("body")).to_have_attribute("class", looks)
    context.close()
