"""The past on the dashboard: changes, sparklines, the chart with its gaps, CSV and PNG."""

from __future__ import annotations

import csv
import io
import re
import struct
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browsing import (
    AT_ONCE,
    DASHBOARD,
    QUIET,
    SILENCE,
    SOON,
    UNKNOWN,
    chromium,
    reader,
    state,
)
from tests.support.history import without_extremes
from tests.support.webserver import HISTORY, STATS, WebServer, put_row, write_row

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Request

NO_LINE = "No line is selected. Select a name above the chart to show its line."
# A day and more in which the numbers say where in it they are; two hours of it are missing.
FILL = """
  insert into vessel_activity.history
  select m, m, 4000 + n, 8000 + n, 20000 + n, 30567, 40000 + 10 * n, 11 + n / 1000.0
  from generate_series(
      date_bin('1 minute', now() - interval '25 hours', 'epoch'), now(), '1 minute') as m,
    lateral (select (extract(epoch from now() - m) / 60)::int) as ago (n)
  where m not between now() - interval '9 hours' and now() - interval '7 hours'
"""


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    with psycopg.connect(module_url, autocommit=True) as connection:
        connection.execute("truncate vessel_activity.history, vessel_activity.history_hour")
        connection.execute(FILL)
    write_row(module_url)
    with WebServer(module_url) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, web: WebServer) -> Iterator[Page]:
    put_row(web, active_now=5060, speed_avg="10.5")
    with reader(browser, accept_downloads=True) as opened:
        yield opened


def open_with_chart(page: Page, web: WebServer, query: str = "") -> None:
    page.goto(web.address + DASHBOARD + query)
    expect(page.locator("#chart canvas")).to_be_visible(timeout=SOON)


def card(page: Page, key: str, ago: str) -> str:
    return page.locator(f".card[data-key={key}] [data-ago={ago}] .visually-hidden").inner_text()


def history(web: WebServer, span: str) -> dict[str, Any]:
    found: dict[str, Any] = web.get(f"{HISTORY}?range={span}").json()
    return found


def test_each_card_tells_the_change_against_an_hour_and_a_day_before(
    web: WebServer, page: Page
) -> None:
    open_with_chart(page, web)
    compared = history(web, "24h")["compare"]
    for ago in ("hourBefore", "dayBefore"):
        before = compared[ago]["activeNow"]
        change = 5060 - before
        direction = "up" if change > 0 else "down"
        expected = f"{direction} {abs(change):,} ({abs(change) / before:.1%})"
        expect(page.locator(f".card[data-key=activeNow] [data-ago={ago}]")).to_contain_text(
            expected
        )
    assert card(page, "speedAvg", "hourBefore") == "down 0.6 kn"


def test_a_number_is_compared_with_the_same_number_of_then_or_not_at_all(
    web: WebServer, page: Page
) -> None:
    past = history(web, "24h")
    at = datetime.fromisoformat(web.get(STATS).json()["updatedAt"])
    for minutes_off, expected in ((4, "up 60"), (6, UNKNOWN), (-4, "up 60"), (-6, UNKNOWN)):
        sampled_at = at - timedelta(hours=1, minutes=minutes_off)
        sample = {"activeNow": 5000, "sampledAt": sampled_at.isoformat()}
        past["compare"] = {"hourBefore": sample, "dayBefore": None}
        page.route("**/vessel-stats-history?range=24h", lambda route: route.fulfill(json=past))
        open_with_chart(page, web)
        changes = page.locator(".card[data-key=activeNow] dd")
        expect(changes.first).to_contain_text(expected)
        expect(changes.last).to_have_text(UNKNOWN)


def test_a_silent_feed_is_compared_with_nothing(web: WebServer, page: Page) -> None:
    put_row(web, active_now=0)
    open_with_chart(page, web)
    state(page, "quiet")
    expect(page.locator(".card[data-key=activeNow] [data-ago=hourBefore]")).to_have_text(UNKNOWN)


def test_sparklines_show_the_gap(web: WebServer, page: Page) -> None:
    open_with_chart(page, web)
    for key in ("activeNow", "activeLastHour", "activeLast24h", "speedAvg"):
        line = page.locator(f".card[data-key={key}] .line").get_attribute("d")
        assert line is not None
        assert line.count("M") == 2  # one line before the gap, one after it


def test_the_chart_shows_the_gap_and_every_point(web: WebServer, page: Page) -> None:
    open_with_chart(page, web)
    chart = page.locator("#chart")
    expect(chart).to_have_attribute("data-points", str(len(history(web, "24h")["time"])))
    expect(chart).to_have_attribute("data-gaps", "1")


def test_values_can_be_read_with_the_mouse(web: WebServer, page: Page) -> None:
    open_with_chart(page, web)
    page.locator("#chart .u-over").hover(position={"x": 200, "y": 50})
    expect(page.locator("#reading")).to_have_text(
        re.compile(
            r"\d\d:\d\d:\d\d CES?T: Active now [\d,]+ \([\d,]+ to [\d,]+\)"
            r" · Positions per hour [\d,]+ \([\d,]+ to [\d,]+\) · "
        )
    )


def test_everything_can_be_done_with_the_keyboard(web: WebServer, page: Page) -> None:
    open_with_chart(page, web)
    page.keyboard.press("Tab")
    expect(page.locator(".skip")).to_be_focused()
    page.keyboard.press("Enter")
    # The numbers of three cards lead to their vessels.
    links = page.locator(".open-list")
    expect(links).to_have_count(3, timeout=SOON)
    for place in range(3):
        page.keyboard.press("Tab")
        expect(links.nth(place)).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#ranges [data-range='1h']")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"\?range=1h"))
    expect(page.locator("#chart")).to_have_attribute(
        "data-points", str(len(history(web, "1h")["time"]))
    )
    reached = []
    for _ in range(12):
        page.keyboard.press("Tab")
        reached.append(
            page.evaluate("document.activeElement.id || document.activeElement.textContent")
        )
        if reached[-1] == "chart":
            break
    assert reached == [
        "24 h",
        "7 d",
        "30 d",
        "1 y",
        "csv",
        "png",
        "Active now",
        "Active, last hour",
        "Active, 24 hours",
        "Positions per hour",
        "Average speed",
        "chart",
    ]
    newest = history(web, "1h")
    page.keyboard.press("Home")
    expect(page.locator("#reading")).to_contain_text(f"Active now {newest['activeNow'][0]:,}")
    page.keyboard.press("ArrowRight")
    expect(page.locator("#reading")).to_contain_text(f"Active now {newest['activeNow'][1]:,}")
    expect(page.locator("#reading")).to_have_attribute("aria-live", "polite")
    page.keyboard.press("Escape")
    expect(page.locator("#reading")).to_contain_text("arrow keys")


def test_a_refresh_of_the_past_keeps_the_keyboards_place_and_says_nothing(
    web: WebServer, page: Page
) -> None:
    open_with_chart(page, web)
    page.evaluate(
        "() => { window.spoken = []; new MutationObserver(() =>"
        " spoken.push(document.getElementById('reading').textContent))"
        ".observe(document.getElementById('reading'), { childList: true, characterData: true,"
        " subtree: true }); }"
    )
    past = history(web, "24h")
    refresh_the_past(page, without_first(past, 1))
    assert page.evaluate("spoken") == []
    page.locator("#chart").focus()
    page.keyboard.press("End")
    for _ in range(30):
        page.keyboard.press("ArrowLeft")
    read = page.locator("#reading").inner_text()
    assert f"Active now {past['activeNow'][-31]:,}" in read
    assert page.evaluate("spoken.length") == 31
    refresh_the_past(page, without_first(past, 7))
    assert page.locator("#reading").inner_text() == read
    assert page.evaluate("spoken.length") == 31
    expect(page.locator("#chart .u-cursor-x")).not_to_have_class(re.compile("u-off"))
    # From there on, and not from the end again.
    page.keyboard.press("ArrowRight")
    expect(page.locator("#reading")).to_contain_text(f"Active now {past['activeNow'][-30]:,}")


def without_first(past: dict[str, Any], dropped: int) -> dict[str, Any]:
    """Return a history as it will be when its first points have left it."""
    found = {
        name: value[dropped:] if isinstance(value, list) else value for name, value in past.items()
    }
    ends = {"toMin", "toMax"} & set(past)
    return found | {end: without_first(past[end], dropped) for end in ends}


def refresh_the_past(page: Page, past: dict[str, Any]) -> None:
    """Make the page fetch its history anew, as it does each minute, and wait until it is shown."""
    page.route("**/vessel-stats-history?range=24h", lambda route: route.fulfill(json=past))
    page.evaluate("() => dispatchEvent(new Event('online'))")
    expect(page.locator("#chart")).to_have_attribute("data-points", str(len(past["time"])))


def test_the_choice_is_kept_in_the_address(web: WebServer, page: Page) -> None:
    open_with_chart(page, web)
    page.locator("#ranges [data-range='7d']").click()
    page.locator("#legend [data-key=speedAvg]").click()
    expect(page).to_have_url(re.compile(r"range=7d&show=activeNow%2CpositionsLastHour$"))
    page.reload()
    expect(page.locator("#ranges [data-range='7d']")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#legend [data-key=speedAvg]")).to_have_attribute("aria-pressed", "false")


def test_a_chart_is_never_empty_without_a_word(web: WebServer, page: Page) -> None:
    open_with_chart(page, web, "?show=nothing")
    pressed = page.locator("#legend [aria-pressed=true]")
    assert pressed.all_inner_texts() == ["Active now", "Positions per hour", "Average speed"]
    for _ in range(3):
        pressed.first.click()
    expect(page.locator("#reading")).to_have_text(NO_LINE)
    page.locator("#chart .u-over").hover(position={"x": 200, "y": 50})
    expect(page.locator("#reading")).to_have_text(NO_LINE)


def test_the_csv_is_that_of_the_range_shown(web: WebServer, page: Page) -> None:
    open_with_chart(page, web, "?range=1h")
    with page.expect_download() as download:
        page.locator("#csv").click()
    assert download.value.suggested_filename == "vessel-activity-1h.csv"
    text = Path(download.value.path()).read_text(encoding="utf-8")
    lines = {
        datetime.fromisoformat(line["time"]).timestamp(): int(line["activeNow"])
        for line in csv.DictReader(io.StringIO(text, newline=""))
    }
    past = history(web, "1h")
    shown = {
        at: value
        for at, value in zip(past["time"], past["activeNow"], strict=True)
        if value is not None
    }
    # A minute may have passed between the two: then each has one that the other lacks.
    there = lines.keys() & shown.keys()
    assert len(there) >= max(len(lines), len(shown)) - 1 >= 58
    assert {at: lines[at] for at in there} == {at: shown[at] for at in there}


def test_the_chart_can_be_taken_away_as_a_picture(web: WebServer, page: Page) -> None:
    open_with_chart(page, web)
    with page.expect_download() as download:
        page.locator("#png").click()
    assert download.value.suggested_filename == "vessel-activity-24h.png"
    picture = Path(download.value.path()).read_bytes()
    assert picture.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", picture[16:24])
    box = page.locator("#chart canvas").bounding_box()
    assert box is not None
    assert (width, height) == (round(box["width"]) + 48, round(box["height"]) + 100)


# Notes each text that is written into a canvas: in the chart, and in the picture.
WRITTEN = """
  window.written = [];
  window.inChart = [];
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    if (this.canvas.isConnected) inChart.push([text, /[0-9.]+px/.exec(this.font)[0]]);
    else written.push([text, x + this.measureText(text).width <= this.canvas.width, y]);
    write.call(this, text, x, y);
  };
"""


def labels(page: Page) -> list[str]:
    """Return what is written in the chart, now that it is."""
    page.wait_for_function("inChart.length > 0")
    return [text for text, _ in page.evaluate("inChart")]


def test_a_week_is_divided_at_midnights(web: WebServer, page: Page) -> None:
    page.add_init_script(WRITTEN)
    open_with_chart(page, web, "?range=7d")
    days = [text for text in labels(page) if re.fullmatch(r"\d+ [A-Z][a-z]{2,3}", text)]
    today = datetime.now(ZoneInfo("Europe/Oslo"))
    expected = [today - timedelta(days=ago) for ago in range(6, -1, -1)]
    assert [int(day.split()[0]) for day in days] == [day.day for day in expected]


def test_values_have_digits_enough_and_the_speed_says_what_it_is(
    web: WebServer, page: Page
) -> None:
    past = history(web, "24h")
    number = len(past["time"])
    past |= {"activeNow": [1200] * number, "positionsLastHour": [None] * number}
    past["speedAvg"] = [12.3 + n % 2 / 10 for n in range(number)]
    past = without_extremes(past)
    page.route("**/vessel-stats-history?range=24h", lambda route: route.fulfill(json=past))
    page.add_init_script(WRITTEN)
    open_with_chart(page, web)
    written = labels(page)
    assert written[written.index("0") :][:6] == ["0", "250", "500", "750", "1k", "1.25k"]
    assert f"{past['speedAvg'][-1]} kn" in written
    # A tenth of a knot is no storm.
    line = page.locator(".card[data-key=speedAvg] .line").get_attribute("d")
    assert line is not None
    assert set(re.findall(r" ([\d.]+)", line)) == {"3.3", "3.0"}


def test_the_chart_grows_with_the_type(web: WebServer, browser: Browser) -> None:
    put_row(web)
    sizes = {}
    for width, height in ((1280, 720), (3840, 2160)):
        with reader(browser, viewport={"width": width, "height": height}) as page:
            page.add_init_script(WRITTEN)
            open_with_chart(page, web, "?kiosk")
            labels(page)
            sizes[width] = {font for _, font in page.evaluate("inChart")}
    # Three quarters of 2.7 % of the height.
    assert sizes == {1280: {"14.58px"}, 3840: {"43.74px"}}


def test_the_picture_is_called_what_it_shows(web: WebServer, page: Page) -> None:
    page.add_init_script(WRITTEN)
    page.route("**/vessel-stats-history?range=7d", lambda route: route.abort())
    open_with_chart(page, web)
    expect(page.locator("#chart-notice")).to_be_hidden()
    page.locator("#ranges [data-range='7d']").click()
    said = "Could not load the last 7 days. The chart still shows the last 24 hours. Trying again."
    expect(page.locator("#chart-notice")).to_have_text(said)
    expect(page.locator("#announcer")).to_have_text(said)
    with page.expect_download() as download:
        page.locator("#png").click()
    assert download.value.suggested_filename == "vessel-activity-24h.png"
    title = " ".join(text for text, _, _ in page.evaluate("written"))
    assert title.startswith("Vessel activity, the last 24 hours, to ")
    assert title.endswith(" Active now Positions per hour Average speed")
    page.unroute("**/vessel-stats-history?range=7d")
    expect(page.locator("#chart-notice")).to_be_hidden(timeout=SILENCE)
    with page.expect_download() as download:
        page.locator("#png").click()
    assert download.value.suggested_filename == "vessel-activity-7d.png"


def test_a_picture_from_a_phone_is_whole_and_says_that_the_fleet_is_simulated(
    web: WebServer, browser: Browser
) -> None:
    put_row(web)
    size = {"width": 390, "height": 844}
    with (
        simulated_fleet(web),
        reader(browser, viewport=size, accept_downloads=True) as page,
    ):
        page.add_init_script(WRITTEN)
        every = "activeNow,activeLastHour,activeLast24h,positionsLastHour,speedAvg"
        open_with_chart(page, web, f"?show={every}")
        with page.expect_download():
            page.locator("#png").click()
        written = page.evaluate("written")
    assert "Simulated\N{NO-BREAK SPACE}fleet" in [text for text, _, _ in written]
    assert all(inside for _, inside, _ in written)
    # Title and legend take several rows.
    assert len({y for _, _, y in written}) >= 5


@contextmanager
def simulated_fleet(web: WebServer) -> Iterator[None]:
    """Make the database one that a demo feeds."""
    with psycopg.connect(web.url, autocommit=True) as connection:
        connection.execute("create schema simulated")
        connection.execute("update vessel_activity.settings set simulation = 'simulated'")
        try:
            put_row(web)
            yield
        finally:
            connection.execute("drop schema simulated")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("condition", ["live", "stale", "quiet"])
def test_axe_finds_nothing(web: WebServer, browser: Browser, scheme: str, condition: str) -> None:
    put_row(
        web,
        age="1 hour" if condition == "stale" else "0 seconds",
        active_now=0 if condition == "quiet" else 4812,
    )
    with reader(browser, color_scheme=scheme, reduced_motion="reduce") as page:
        open_with_chart(page, web)
        state(page, condition, SOON)
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_the_live_region_speaks_of_changes_only(web: WebServer, page: Page) -> None:
    open_with_chart(page, web)
    announcer = page.locator("#announcer")
    expect(announcer).to_have_text("")
    put_row(web, active_now=5061)
    expect(page.locator("#activeNow")).to_have_text("5,061")
    expect(announcer).to_have_text("")
    put_row(web, active_now=0)
    expect(announcer).to_have_text(QUIET)
    put_row(web, active_now=5062)
    expect(announcer).to_have_text("The numbers are live again.")


def test_a_wall_screen_shows_everything_without_scrolling(web: WebServer, browser: Browser) -> None:
    put_row(web)
    walls = ((1920, 1080), (3840, 2160), (1280, 720), (1366, 768), (1080, 1920), (2160, 3840))
    for width, height in walls:
        with reader(browser, viewport={"width": width, "height": height}) as page:
            open_with_chart(page, web, "?kiosk")
            state(page, "live")
            fits = "() => document.documentElement.scrollHeight <= innerHeight"
            assert page.evaluate(fits)
            # No control is left, and every number and row is inside its card or panel.
            assert page.locator("#ranges").is_hidden()
            assert page.evaluate(OUTSIDE) == []
            chart = page.locator("#chart canvas").bounding_box()
            assert chart is not None
            assert chart["height"] > height / 5


# The texts and bars that reach over the edge of what holds them.
HELD = ".card .number, .bars li, .bars .track"
OUTSIDE = f"""() => [...document.querySelectorAll('{HELD}')].filter((each) => {{
  const range = document.createRange();
  range.selectNodeContents(each);
  const holder = each.closest('.card, .panel').getBoundingClientRect();
  return [each, range].some((part) => {{
    const box = part.getBoundingClientRect();
    return box.right > holder.right || box.bottom > holder.bottom;
  }});
}}).map((each) => each.textContent)"""


@pytest.mark.parametrize("size", [(390, 844), (844, 390), (768, 1024)])
def test_what_is_too_small_for_a_wall_screen_has_the_ordinary_page(
    web: WebServer, browser: Browser, size: tuple[int, int]
) -> None:
    put_row(web)
    with reader(browser, viewport={"width": size[0], "height": size[1]}) as page:
        open_with_chart(page, web, "?kiosk")
        assert page.locator("#ranges").is_visible()
        assert page.evaluate("document.documentElement.scrollHeight > innerHeight")
        chart = page.locator("#chart canvas").bounding_box()
        assert chart is not None
        assert chart["height"] >= 200


def test_the_wall_screen_shows_what_was_chosen(web: WebServer, page: Page) -> None:
    open_with_chart(page, web, "?range=7d&show=activeLast24h")
    wall = page.locator("#wall")
    expect(wall).to_have_attribute("href", "?range=7d&show=activeLast24h&kiosk")
    page.locator("#ranges [data-range='24h']").click()
    page.locator("#legend [data-key=activeNow]").click()
    expect(wall).to_have_attribute("href", "?show=activeNow%2CactiveLast24h&kiosk")


def test_nothing_sticks_out_on_a_phone(web: WebServer, browser: Browser) -> None:
    put_row(web)
    with reader(browser, viewport={"width": 320, "height": 640}) as page:
        open_with_chart(page, web)
        assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_an_embedding_page_of_a_named_origin_shows_it(
    module_url: str, web: WebServer, browser: Browser
) -> None:
    # The other page is one that this server gives too, from another origin.
    setting = {"VESSEL_ACTIVITY_EMBED_ORIGINS": web.address}
    with WebServer(module_url, setting) as embedding, browser.new_page() as page:
        page.goto(web.address + "/healthz")
        for query, shows in (("?embed", True), ("", False)):
            page.evaluate(
                "(address) => { const frame = document.createElement('iframe');"
                " frame.src = address; document.body.replaceChildren(frame); }",
                embedding.address + DASHBOARD + query,
            )
            number = page.frame_locator("iframe").locator("#activeNow")
            if shows:
                expect(number).to_have_text("4,812", timeout=SOON)
                expect(page.frame_locator("iframe").locator(".links")).to_be_hidden()
            else:
                expect(number).to_have_count(0, timeout=AT_ONCE)


def test_numbers_and_dates_are_in_the_readers_own_way(web: WebServer, browser: Browser) -> None:
    put_row(web)
    context = browser.new_context(locale="de-DE", timezone_id="Asia/Tokyo")
    page = context.new_page()
    page.goto(web.address + DASHBOARD)
    expect(page.locator("#activeNow")).to_have_text("4.812")
    expect(page.locator("#speedAvg")).to_have_text("11,4")
    expect(page.locator("#as-of")).to_contain_text("GMT+9")
    expect(page.locator("#flags li").first).to_contain_text("Panama")
    expect(page.locator("#flags li").nth(1)).to_contain_text("Norwegen")
    context.close()


def test_the_page_weighs_no_more_than_seventy_five_kilobytes(
    web: WebServer, browser: Browser
) -> None:
    put_row(web)
    with reader(browser) as page:
        requests: list[Request] = []
        page.on("requestfinished", lambda request: requests.append(request))  # noqa: PLW0108
        open_with_chart(page, web)
        page.wait_for_load_state("load")
        names = {request.url.rsplit("/", 1)[1].partition("?")[0] for request in requests}
        assert {"vessels", "style.css", "app.js", "chart.js", "uPlot.iife.min.js"} <= names
        # What is further down, or not there, is loaded later.
        assert names & {"map.js", "areas.js", "lists.js", "alerts.js", "vessels.js"} == set()
        sizes = [request.sizes() for request in requests]
        moved = sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sizes)
        assert 30_000 < moved <= 75_000
