"""Chromium for the page tests."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import Error, expect, sync_playwright

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

_SHELL = "/usr/bin/chromium-headless-shell"
CHROMIUM = os.environ.get("CHROMIUM") or (_SHELL if Path(_SHELL).exists() else "/usr/bin/chromium")
DASHBOARD = "/dashboard/vessels"
UNKNOWN = "\N{EN DASH}"
# What the page says when the newest answer has no active vessels.
QUIET = "The numbers are up to date, but no position is dated within the last 5 minutes."
NO_STREAM = {"VESSEL_ACTIVITY_MAX_STREAMS": "0"}
# How long a page may take to notice, in milliseconds.
AT_ONCE, SOON, SILENCE = 1_000, 10_000, 30_000


@contextmanager
def chromium() -> Iterator[Browser]:
    """Run the machine's Chromium. Without one the test is skipped."""
    if not Path(CHROMIUM).exists():
        pytest.skip(f"there is no {CHROMIUM} (Debian: chromium; or name another in CHROMIUM)")
    with sync_playwright() as playwright:
        # Chromium's sandbox does not work under root.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def reader(browser: Browser, **options: Any) -> Iterator[Page]:  # noqa: ANN401
    """Open a page for a reader in Norway who reads English. An error on the page fails the test."""
    context = browser.new_context(locale="en-GB", timezone_id="Europe/Oslo", **options)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if refused(said.text) else None)
    yield page
    # A file that is on its way when the page is closed is no error of the page.
    with suppress(Error):
        page.evaluate("0")  # what the page has reported by now has arrived
    found = list(errors)
    context.close()
    assert found == [], found


def refused(text: str) -> bool:
    """Tell whether the console reports a breach of the page's security policy."""
    return "Content Security Policy" in text


def state(page: Page, name: str, timeout: int = AT_ONCE) -> None:
    """Wait until the page is in a state."""
    expect(page.locator("body")).to_have_attribute("data-state", name, timeout=timeout)
