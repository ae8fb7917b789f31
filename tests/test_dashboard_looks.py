"""The page on every screen: phones with large type, wall screens, paper, frames, forced colours."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect, sync_playwright

from tests.conftest import PROJECT
from tests.support.browsing import (
    CHROMIUM,
    DASHBOARD,
    SOON,
    chromium,
    reader,
    state,
)
from tests.support.history import without_extremes
from tests.support.webserver import HISTORY, WebServer, eventually, put_row, write_row
from vessel_activity.web.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Request

# The origin whose pages may show the page in a frame.
EMBEDDING = "https://ops.example.org"
# Twenty-five hours of samples that change from one to the next.
FILL = """
  insert into vessel_activity.history
  select m, m, 4000 + n, 8000 + n, 20000 + n, 30567, 40000 + 10 * n, 11 + n / 1000.0
  from generate_series(
      date_bin('1 minute', now() - interval '25 hours', 'epoch'), now(), '1 minute') as m,
    lateral (select (extract(epoch from now() - m) / 60)::int) as ago (n)
"""
# As many rows as the lists ever have, some with the longest names of AIS.
FULL: dict[str, Any] = {
    "vessel_types": '{"Cargo": 8934, "Tanker": 6721, "Fishing": 3712, "Passenger": 2856,'
    ' "Tug": 2284, "Pleasure Craft": 1713, "Sailing": 1142, "High Speed Craft": 571,'
    ' "Search and Rescue": 388, "Medical Transport": 12}',
    "top_flags": '[{"flag": "PA", "count": 4321}, {"flag": "LR", "count": 3391},'
    ' {"flag": "MH", "count": 2391}, {"flag": "NO", "count": 1391}, {"flag": "SG", "count": 1291},'
    ' {"flag": "GB", "count": 1191}, {"flag": "BS", "count": 1091}, {"flag": "VC", "count": 991},'
    ' {"flag": "Unknown", "count": 77}, {"flag": "Atlantis", "count": 9}]',
}


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    with psycopg.connect(module_url, autocommit=True) as connection:
        connection.execute("truncate vessel_activity.history")
        connection.execute(FILL)
    write_row(module_url, **FULL)
    with WebServer(module_url, {"VESSEL_ACTIVITY_EMBED_ORIGINS": EMBEDDING}) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def open_with_chart(page: Page, web: WebServer, query: str = "") -> None:
    page.goto(web.address + DASHBOARD + query)
    expect(page.locator("#chart canvas")).to_be_visible(timeout=SOON)


@contextmanager
def opened(
    browser: Browser,
    web: WebServer,
    query: str,
    size: tuple[int, int],
    **options: Any,  # noqa: ANN401
) -> Iterator[Page]:
    viewport = {"width": size[0], "height": size[1]}
    with reader(browser, viewport=viewport, **options) as page:
        open_with_chart(page, web, query)
        yield page


# The texts that reach over the edge of what holds them, or are cut off.
HELD = ".card .number, .card .note, .strip dd, .bars .name, .bars .count, .deltas [aria-hidden]"
CUT = (
    f"() => [...document.querySelectorAll('{HELD}')]"
    """.filter((each) => {
  const range = document.createRange();
  range.selectNodeContents(each);
  const box = range.getBoundingClientRect();
  const holder = each.closest('.card, .panel, .strip').getBoundingClientRect();
  return box.width > 0 && (each.scrollWidth > each.clientWidth + 1
    || box.left < holder.left || box.right > holder.right || box.bottom > holder.bottom);
}).map((each) => each.textContent)"""
)


def lefts(page: Page, selector: str) -> set[int]:
    boxes = [each.bounding_box() for each in page.locator(selector).all()]
    return {round(box["x"]) for box in boxes if box}


@pytest.mark.parametrize("width", [320, 390])
def test_a_phone_with_the_largest_type_has_one_column_and_cuts_nothing(
    web: WebServer, width: int
) -> None:
    put_row(web, **FULL)
    with sync_playwright() as playwright:
        large = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--blink-settings=defaultFontSize=32"],
        )
        with opened(large, web, "", (width, 844)) as page:
            assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert page.evaluate(CUT) == []
            assert len(lefts(page, ".card")) == 1
            assert len(lefts(page, ".strip > div")) == 1
            expect(page.locator("#types .name").first).to_have_text("Cargo")
        large.close()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_cuts_nothing(web: WebServer, browser: Browser, language: str) -> None:
    put_row(web, **FULL, total_vessels=1_234_567, active_last_24h=1_021_045)
    for width in (320, 390):
        with opened(browser, web, f"?lang={language}", (width, 844)) as page:
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
            assert page.evaluate(CUT) == []
            assert len(lefts(page, ".card")) == 2


def test_a_full_bar_is_the_whole_fleet(web: WebServer, browser: Browser) -> None:
    put_row(web, **FULL)
    # 8,934 of 30,567 are 29.2 %.
    with opened(browser, web, "", (1280, 900)) as page:
        row = page.locator("#types li").first
        expect(row.locator(".share")).to_have_text("29.2%")
        track, bar = (row.locator(part).bounding_box() for part in (".track", "svg"))
        assert track is not None
        assert bar is not None
        assert bar["width"] / track["width"] == pytest.approx(0.292, abs=0.003)


def test_a_sparkline_stands_on_zero(web: WebServer, browser: Browser) -> None:
    put_row(web, **FULL)
    past = web.get(f"{HISTORY}?range=24h").json()
    values = [1000, 2000] * (len(past["time"]) // 2) + [2000] * (len(past["time"]) % 2)
    past["activeNow"] = values
    with reader(browser) as page:
        page.route("**/vessel-stats-history?range=24h", lambda route: route.fulfill(json=past))
        open_with_chart(page, web)
        drawn = page.locator(".card[data-key=activeNow] .line").get_attribute("d")
        area = page.locator(".card[data-key=activeNow] .area").get_attribute("d")
    assert drawn is not None
    assert area is not None
    heights = {44 - float(y) for y in re.findall(r" ([\d.]+)", drawn)}
    assert max(heights) == 2 * min(heights) > 30
    assert area.endswith("44Z")


def test_sparklines_stand_in_one_line(web: WebServer, browser: Browser) -> None:
    put_row(web, **FULL)
    for width, language in ((1024, "en"), (1024, "de"), (1280, "fr"), (1010, "es")):
        with opened(browser, web, f"?lang={language}", (width, 900)) as page:
            boxes = [each.bounding_box() for each in page.locator(".spark").all()]
            assert len({(box["y"], box["height"]) for box in boxes if box}) == 1
            assert len(boxes) == 4


# Notes the texts in the chart, with the size of their type.
WRITTEN = """
  window.inChart = [];
  const write = CanvasRenderingContext2D.prototype.fillText;
  CanvasRenderingContext2D.prototype.fillText = function (text, x, y) {
    if (this.canvas.isConnected) inChart.push([text, Number(/([0-9.]+)px/.exec(this.font)[1]), x]);
    write.call(this, text, x, y);
  };
"""


def written(page: Page) -> list[str]:
    # Playwright can't wait for it in the page, whose security policy forbids eval.
    eventually(lambda: page.evaluate("inChart.length > 0"))
    return [text for text, _, _ in page.evaluate("inChart")]


def with_history(page: Page, web: WebServer, **changes: Any) -> None:  # noqa: ANN401
    """Give the page a history in which some lines have other values: one number for all samples."""
    past = web.get(f"{HISTORY}?range=24h").json()
    number = len(past["time"])
    past |= {key: [value] * number for key, value in changes.items()}
    past = without_extremes(past)
    page.route("**/vessel-stats-history?range=24h", lambda route: route.fulfill(json=past))


def test_one_vessel_has_a_scale_of_whole_vessels(web: WebServer, browser: Browser) -> None:
    put_row(web, **FULL)
    with reader(browser) as page:
        page.add_init_script(WRITTEN)
        with_history(page, web, activeNow=1, positionsLastHour=3, speedAvg=None)
        open_with_chart(page, web)
        ticks = [text for text in written(page) if re.fullmatch(r"[\d.,]+", text)]
    assert ticks == ["0", "1", "0", "1", "2", "3", "4"]


def test_the_speed_has_a_scale_of_its_own_and_is_not_flat(web: WebServer, browser: Browser) -> None:
    put_row(web, **FULL)
    past = web.get(f"{HISTORY}?range=24h").json()
    past["speedAvg"] = [10 + n / len(past["time"]) * 4 for n in range(len(past["time"]))]
    past = without_extremes(past)
    with reader(browser, viewport={"width": 1280, "height": 900}) as page:
        page.add_init_script(WRITTEN)
        page.route("**/vessel-stats-history?range=24h", lambda route: route.fulfill(json=past))
        open_with_chart(page, web)
        scale = [text for text in written(page) if re.fullmatch(r"[\d.]+ kn", text)][:-1]
    # From 10 to 14 kn, with as much room above as below.
    assert scale == ["10.0 kn", "11.0 kn", "12.0 kn", "13.0 kn", "14.0 kn"]


def test_no_samples_is_said_of_no_samples_only(web: WebServer, browser: Browser) -> None:
    put_row(web, **FULL)
    for changes, said in (
        ({"activeNow": None}, "To read values"),
        ({"activeNow": None, "positionsLastHour": None, "speedAvg": None}, "There are no samples"),
    ):
        with reader(browser) as page:
            with_history(page, web, **changes)
            open_with_chart(page, web)
            expect(page.locator("#reading")).to_contain_text(said)


def test_the_chart_tells_its_time_zone_and_the_date_at_midnight(
    web: WebServer, browser: Browser
) -> None:
    put_row(web, **FULL)
    last = web.get(f"{HISTORY}?range=24h").json()["time"][-1]
    for query, name, zone in (
        ("", "CET", "Europe/Oslo"),
        ("?tz=utc", "UTC", "UTC"),
        ("?tz=Asia/Tokyo", "GMT+9", "Asia/Tokyo"),
        ("?tz=nowhere", "CET", "Europe/Oslo"),
    ):
        day = datetime.fromtimestamp(last, ZoneInfo(zone))
        with reader(browser, viewport={"width": 1280, "height": 900}) as page:
            page.add_init_script(WRITTEN)
            open_with_chart(page, web, query)
            texts = written(page)
            assert re.sub("CEST", "CET", " ".join(texts)).count(name) == 1
            # One midnight lies in 24 hours. Only its day is written, and not as 00:00.
            dates = [text for text in texts if re.fullmatch(r"\d+ [A-Z][a-z]{2,3}", text)]
            assert [int(text.split()[0]) for text in dates] == [day.day]
            assert "00:00" not in texts
            page.locator("#chart").focus()
            page.keyboard.press("End")
            expect(page.locator("#reading")).to_contain_text(f"{day:%H:%M:%S} ")
            expect(page.locator("#as-of")).to_contain_text(name.replace("CET", "CE"))


def test_the_address_chooses_the_colours(web: WebServer, browser: Browser) -> None:
    put_row(web, **FULL)
    ground = "getComputedStyle(document.body).backgroundColor"
    light, dark = "rgb(244, 246, 249)", "rgb(10, 17, 28)"
    for query, prefers, expected in (
        ("", "light", light),
        ("", "dark", dark),
        ("?theme=dark", "light", dark),
        ("?theme=light", "dark", light),
        ("?theme=pink", "dark", dark),
    ):
        with reader(browser, color_scheme=prefers) as page:
            page.goto(web.address + DASHBOARD + query)
            assert page.evaluate(ground) == expected, query
            bar = "[...document.querySelectorAll('meta[name=theme-color]')].find(({ media }) =>"
            colour = page.evaluate(bar + " matchMedia(media).matches).content")
            assert colour == {light: "#f4f6f9", dark: "#0a111c"}[expected]
            page.emulate_media(media="print")
            assert page.evaluate(ground) == "rgb(255, 255, 255)"


@pytest.mark.parametrize(
    ("name", "least"), [("style.css", 16), ("map.css", 10), ("hour-chart.css", 11)]
)
def test_the_dark_colours_are_the_same_by_wish_and_by_preference(name: str, least: int) -> None:
    style = (PROJECT / "dashboard" / name).read_text(encoding="utf-8")
    found = [
        re.findall(r"(--[\w-]+): (.+);", block)
        for block in re.findall(
            r":root(?::not\(\[data-theme=\"light\"\]\)|\[data-theme=\"dark\"\]) \{(.*?)\}",
            style,
            re.DOTALL,
        )
    ]
    assert len(found) == 2
    assert found[0] == found[1]
    assert len(found[0]) >= least


WALLS = [(1920, 1080), (3840, 2160), (1280, 720)]
# The texts of the page that are smaller than 2 % of its height.
SMALL = """() => {
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const small = [];
  while (walker.nextNode()) {
    const { parentElement: holder, data } = walker.currentNode;
    const isSeen = data.trim() && holder.checkVisibility();
    if (!isSeen || holder.closest('.visually-hidden, script, template')) continue;
    if (parseFloat(getComputedStyle(holder).fontSize) < 0.02 * innerHeight) small.push(data.trim());
  }
  return small;
}"""


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wall_screen_can_be_read_from_afar(
    web: WebServer, browser: Browser, language: str
) -> None:
    put_row(web, **FULL)
    for width, height in WALLS:
        with reader(browser, viewport={"width": width, "height": height}) as page:
            page.add_init_script(WRITTEN)
            open_with_chart(page, web, f"?kiosk&lang={language}")
            assert page.evaluate(SMALL) == []
            assert written(page)
            assert min(size for _, size, _ in page.evaluate("inChart")) >= 0.02 * height
            assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
            assert page.evaluate(ROWS_CUT) == []


# The rows of the lists that reach below their panel.
ROWS_CUT = """() => [...document.querySelectorAll('.bars li')].filter((row) =>
  row.getBoundingClientRect().bottom > row.closest('.panel').getBoundingClientRect().bottom
).map((row) => row.textContent)"""


def test_a_wall_screen_names_its_range_and_the_time_in_utc(
    web: WebServer, browser: Browser
) -> None:
    put_row(web, **FULL)
    with opened(browser, web, "?kiosk&range=7d", WALLS[0]) as page:
        expect(page.locator("#trend-title")).to_have_text("Trend the last 7 days")
        before = utc_of(web)
        shown = page.locator("#utc").inner_text()
        after = utc_of(web)
        assert shown.endswith(" UTC")
        # The clock moves twice a second, by the clock of the database.
        assert before - timedelta(seconds=2) <= at_time(before, shown[:-4]) <= after
        expect(page.locator("#utc")).not_to_have_text(shown)


def utc_of(web: WebServer) -> datetime:
    with psycopg.connect(web.url) as connection:
        row = connection.execute("select clock_timestamp() at time zone 'utc'").fetchone()
    assert row is not None
    found: datetime = row[0]
    return found


def at_time(day: datetime, time: str) -> datetime:
    hour, minute, second = (int(part) for part in time.split(":"))
    return day.replace(hour=hour, minute=minute, second=second)


@pytest.mark.parametrize(
    ("age", "name", "colour"), [("0 s", "live", "15, 122, 75"), ("1 h", "stale", "138, 83, 0")]
)
def test_the_frame_of_a_wall_screen_has_the_colour_of_its_state(
    web: WebServer, browser: Browser, age: str, name: str, colour: str
) -> None:
    put_row(web, age=age, **FULL)
    for size in WALLS:
        with opened(browser, web, "?kiosk", size) as page:
            state(page, name, SOON)
            for side in ("Top", "Right", "Bottom", "Left"):
                edge = f"getComputedStyle(document.body).border{side}"
                assert page.evaluate(edge + "Color") == f"rgb({colour})"
                assert float(page.evaluate(edge + "Width").removesuffix("px")) > size[1] / 130
            banner = page.locator("#banner")
            if name == "stale":
                large = "parseFloat(getComputedStyle(document.getElementById('banner')).fontSize)"
                assert page.evaluate(large) > 0.033 * size[1]
                expect(page.locator("#mode")).to_be_hidden()
            else:
                expect(banner).to_be_hidden()
            assert page.evaluate(ROWS_CUT) == []
            assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")


def test_what_is_out_of_date_is_not_called_live(web: WebServer, browser: Browser) -> None:
    put_row(web, age="27 seconds", **FULL)
    with reader(browser) as page:
        page.goto(web.address + DASHBOARD)
        expect(page.locator("#mode")).to_have_text("live updates")
        state(page, "stale", SOON)
        expect(page.locator("#state")).to_have_text("Out of date")
        expect(page.locator("#mode")).to_have_text("")


def test_an_empty_fleet_is_known_to_be_empty(web: WebServer, browser: Browser) -> None:
    nothing: dict[str, Any] = dict.fromkeys(
        (
            "active_now",
            "active_last_hour",
            "active_last_24h",
            "total_vessels",
            "positions_last_hour",
        ),
        0,
    )
    put_row(web, **nothing, reports_last_minute=0, speed_avg="0", vessel_types="{}", top_flags="[]")
    for scripts in (False, True):
        context = browser.new_context(locale="en-GB", java_script_enabled=scripts)
        page = context.new_page()
        page.goto(web.address + DASHBOARD)
        state(page, "empty")
        for name in ("totalVessels", "activeNow", "activeLastHour", "activeLast24h"):
            expect(page.locator(f"#{name}")).to_have_text("0")
        expect(page.locator("#positionsPerSecond")).to_have_text("0.0")
        expect(page.locator("#speedAvg")).to_have_text("\N{EN DASH}")
        context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chosen_range_can_be_told_in_forced_colours(
    web: WebServer, browser: Browser, scheme: str
) -> None:
    put_row(web, **FULL)
    with opened(browser, web, "", (1280, 900), forced_colors="active", color_scheme=scheme) as page:
        grounds = {
            each.get_attribute("data-range"): each.evaluate(
                "(b) => getComputedStyle(b).backgroundColor"
            )
            for each in page.locator("#ranges button").all()
        }
        assert grounds["24h"] != grounds["1h"] == grounds["7d"] == grounds["30d"]


def test_a_finger_reads_the_chart_and_still_scrolls_the_page(
    web: WebServer, browser: Browser
) -> None:
    put_row(web, **FULL)
    with opened(browser, web, "", (390, 844), has_touch=True, is_mobile=True) as page:
        page.locator("#chart").scroll_into_view_if_needed()
        box = page.locator("#chart .u-over").bounding_box()
        assert box is not None
        touches = page.context.new_cdp_session(page)
        y = box["y"] + box["height"] / 2
        read = []
        for kind, share in (
            ("touchStart", 0.1),
            ("touchMove", 0.3),
            ("touchMove", 0.6),
            ("touchMove", 0.9),
        ):
            point = {"x": box["x"] + share * box["width"], "y": y}
            before = page.locator("#reading").inner_text()
            touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
            expect(page.locator("#reading")).not_to_have_text(before)
            read.append(
                int(
                    re.sub(
                        r".*Active now ([\d,]+).*", r"\1", page.locator("#reading").inner_text()
                    ).replace(",", "")
                )
            )
        touches.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
        # The samples fall by one a minute.
        assert read == sorted(read, reverse=True)
        assert read[0] - read[-1] > 1000
        assert (
            page.evaluate("getComputedStyle(document.querySelector('.u-over')).touchAction")
            == "pan-y"
        )


def test_paper_names_the_range(web: WebServer, browser: Browser) -> None:
    put_row(web, **FULL)
    with opened(browser, web, "?range=30d", (1000, 1300)) as page:
        page.emulate_media(media="print")
        expect(page.locator("#trend-title")).to_have_text("Trend the last 30 days")
        expect(page.locator("#trend-range")).to_be_visible()
        expect(page.locator("#ranges")).to_be_hidden()


def test_paper_is_laid_out_as_a_wide_screen_is(web: WebServer, browser: Browser) -> None:
    put_row(web, **FULL)
    # A sheet of A4 is 794 pixels wide. Half of that is no phone.
    with opened(browser, web, "", (794, 1123)) as page:
        tops = "all => [...new Set(all.map((each) => each.getBoundingClientRect().top))].length"
        assert page.locator(".card").evaluate_all(tops) == 2
        page.emulate_media(media="print")
        for part in (".card", "dl.strip[data-panel] > div", ".lists > section"):
            assert page.locator(part).evaluate_all(tops) == 1


def note_address(asked: list[str], request: Request) -> None:
    asked.append(request.url)


PANELS = {"cards": ".cards", "trend": ".trend", "types": "#types", "flags": "#flags"}


@pytest.mark.parametrize("panel", PANELS)
def test_a_frame_can_show_one_panel(web: WebServer, browser: Browser, panel: str) -> None:
    put_row(web, **FULL)
    for scripts in (False, True):
        context = browser.new_context(
            locale="en-GB", java_script_enabled=scripts, viewport={"width": 600, "height": 500}
        )
        page = context.new_page()
        asked: list[str] = []
        page.on("request", partial(note_address, asked))
        page.goto(f"{web.address}{DASHBOARD}?embed={panel}")
        for other, selector in PANELS.items():
            # Without scripts there is no trend.
            is_shown = other == panel and (scripts or panel != "trend")
            expect(page.locator(selector)).to_be_visible(visible=is_shown)
        if scripts:
            state(page, "live")
            expect(page.locator("#age")).to_be_visible()
            expect(page.locator("#mode")).to_have_text("live updates", timeout=SOON)
            if panel == "trend":
                expect(page.locator("#chart canvas")).to_be_visible(timeout=SOON)
                assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
            assert any("history" in url for url in asked) == (panel in {"cards", "trend"})
        context.close()


def test_only_named_origins_may_frame_a_panel(web: WebServer) -> None:
    for query in ("?embed=types", "?embed", "?embed=nothing"):
        headers = web.get(DASHBOARD + query).headers
        assert f"frame-ancestors {EMBEDDING}" in headers["content-security-policy"]
        assert "x-frame-options" not in headers
    assert "frame-ancestors 'none'" in web.get(DASHBOARD).headers["content-security-policy"]


def test_a_panel_that_is_not_there_leaves_the_whole_page(web: WebServer, browser: Browser) -> None:
    put_row(web, **FULL)
    with opened(browser, web, "?embed=nothing", (900, 900)) as page:
        for selector in PANELS.values():
            expect(page.locator(selector)).to_be_visible()


CONDITIONS: dict[str, dict[str, Any]] = {
    "live": {},
    "stale": {"age": "1 hour"},
    "quiet": {"active_now": 0},
    "ahead": {"age": "-1 hours"},
    "empty": {
        "active_now": 0,
        "active_last_24h": 0,
        "total_vessels": 0,
        "vessel_types": "{}",
        "top_flags": "[]",
    },
}
VIEWS: dict[str, tuple[str, dict[str, Any]]] = {
    "page": ("", {}),
    "dark": ("?theme=dark", {}),
    "phone": ("", {"viewport": {"width": 390, "height": 844}}),
    "wall": ("?kiosk", {"viewport": {"width": 1920, "height": 1080}}),
    "dark wall": ("?kiosk&theme=dark", {"viewport": {"width": 1920, "height": 1080}}),
    "arabic": ("?lang=ar", {}),
    "types": ("?embed=types", {}),
    "trend": ("?embed=trend", {}),
    "cards": ("?embed=cards", {}),
    "forced colours": ("", {"forced_colors": "active"}),
}
COLOURS = {"page", "dark", "wall", "dark wall", "forced colours"}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_axe_finds_nothing_in_any_view(web: WebServer, browser: Browser, condition: str) -> None:
    for view, (query, options) in VIEWS.items():
        # A condition has colours and words of its own, but no layout.
        if condition != "live" and view not in COLOURS:
            continue
        put_row(web, **{**FULL, **CONDITIONS[condition]})
        with reader(browser, reduced_motion="reduce", **options) as page:
            page.goto(web.address + DASHBOARD + query)
            state(page, condition, SOON)
            if view != "types":
                expect(page.locator("#trend-range")).not_to_have_text("", timeout=SOON)
            found = Axe().run(page)
            assert found.violations_count == 0, f"{view}\n{found.generate_report()}"
