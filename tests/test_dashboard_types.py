"""The types over time: stacked by the hour, read by hand and by ear, with gaps."""

from __future__ import annotations

import itertools
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.conftest import PROJECT
from tests.support.browsing import DASHBOARD, SOON, chromium, reader
from tests.support.webserver import WebServer, write_row
from vessel_activity.web.words import LANGUAGES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Locator, Page

PATH = "/api/database/vessel-activity/history"
HOUR = timedelta(hours=1)
# Vessels of each type. One more of each type is there for each hour of the day that has passed.
TYPES = {
    "Cargo": 900,
    "Tanker": 700,
    "Fishing": 500,
    "Passenger": 400,
    "Tug": 300,
    "Pleasure Craft": 250,
    "Sailing": 200,
    "<b>Own\N{RIGHT-TO-LEFT OVERRIDE}": 150,
    "Dredger": 60,
    "Pilot": 40,
}
SHOWN = [*list(TYPES)[:7], "<b>Own\N{REPLACEMENT CHARACTER}"]
# In these hours before the newest one no sample was taken.
MISSING = (7, 6, 5)
FILL = """
  insert into vessel_activity.type_hour (hour, name, sampled_at, active_last_hour, place)
  select hour, name, hour, vessels + case place when 0 then 10 else 1 end * of_day, place
  from generate_series(0, 719) as ago
    cross join lateral (select %(newest)s - ago * interval '1 hour') as h (hour)
    cross join lateral (select extract(hour from hour at time zone 'utc')::integer) as d (of_day)
    cross join unnest(%(names)s::text[], %(vessels)s::integer[])
      with ordinality as t (name, vessels, number)
    cross join lateral (select number::integer - 1) as p (place)
  where ago <> all (%(missing)s)
"""

PORT = '{"type": "Polygon", "coordinates": [[[3, 51], [5, 51], [5, 53], [3, 53], [3, 51]]]}'
# The area has a vessel for each hour of the day that has passed, and 20 more.
FILL_AREA = """
  insert into vessel_activity.area_history
  select a.id, hour, hour, 1, 20 + extract(hour from hour at time zone 'utc'), 99, 0, 0, null
  from public.vessel_activity_area as a
    cross join generate_series(0, 200) as ago
    cross join lateral (select %(newest)s - ago * interval '1 hour') as h (hour)
  where ago <> all (%(missing)s)
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def newest() -> datetime:
    """Return the hour of the newest sample."""
    return datetime.now(UTC).replace(minute=0, second=0, microsecond=0)


@pytest.fixture(scope="module")
def web(module_url: str, newest: datetime) -> Iterator[WebServer]:
    samples = {
        "newest": newest,
        "names": ["", *TYPES],
        "vessels": [sum(TYPES.values()), *TYPES.values()],
        "missing": list(MISSING),
    }
    with psycopg.connect(module_url, autocommit=True) as db:
        db.execute("truncate vessel_activity.type_hour")
        db.execute(FILL, samples)
        db.execute("select public.vessel_activity_area_put('Port <i>', %s)", [PORT])
        db.execute(FILL_AREA, samples)
        db.execute("delete from vessel_activity.activity")  # else a new one is not due yet
        db.execute("select public.refresh_vessel_activity()")
    write_row(module_url)
    with WebServer(module_url) as running:
        yield running


def opened(page: Page, web: WebServer, query: str = "?tz=utc") -> Locator:
    """Open the page, go near the chart, and wait until it is drawn."""
    page.goto(web.address + DASHBOARD + query)
    panel = page.locator("#types-history")
    panel.scroll_into_view_if_needed()
    expect(panel.locator(".hours-layers g").first).to_be_attached(timeout=SOON)
    return panel


def hour_of(reading: str) -> datetime:
    """Return the hour that a reading names."""
    time = re.sub("Sept", "Sep", reading.partition(" UTC")[0])
    return datetime.strptime(time, "%d %b %Y, %H:%M:%S").replace(tzinfo=UTC)


def counted(name: str, hour: datetime) -> int:
    if name == "Other types":
        return TYPES["Dredger"] + TYPES["Pilot"] + 2 * hour.hour
    return list(TYPES.values())[SHOWN.index(name)] + hour.hour


def legend(panel: Locator) -> dict[str, str]:
    rows = panel.locator(".type-legend button")
    names, counts = (rows.locator(part).all_inner_texts() for part in (".name", ".count"))
    return dict(zip(names, counts, strict=True))


def test_the_keys_read_the_numbers_of_an_hour(
    web: WebServer, browser: Browser, newest: datetime
) -> None:
    with reader(browser) as page:
        panel = opened(page, web)
        reading = panel.locator(".reading")
        # Without an hour, the newest one is told.
        expect(reading).to_contain_text("vessels · To read values")
        chart = panel.locator(".hours-chart")
        for keys, back in ((["ArrowLeft"], 0), (["ArrowLeft"] * 2, 2), (["Shift+ArrowLeft"], 12)):
            for key in keys:
                chart.press(key)
            hour = newest - back * HOUR
            assert hour_of(reading.inner_text()) == hour
            total = sum(TYPES.values()) + 10 * hour.hour
            names = [*SHOWN, "Other types"]
            spoken = " · ".join(f"{name} {counted(name, hour):,}" for name in names)
            expect(reading).to_contain_text(f": {total:,} vessels · {spoken}")
            expect(reading).to_have_attribute("aria-live", "polite")
            # From the top down, as the layers are.
            assert list(legend(panel)) == names[::-1]
            assert legend(panel) == {name: f"{counted(name, hour):,}" for name in names}
        chart.press("Home")
        assert hour_of(reading.inner_text()) == newest - 23 * HOUR
        chart.press("End")
        assert hour_of(reading.inner_text()) == newest
        chart.press("Escape")
        expect(reading).to_contain_text("To read values")


def test_an_hour_without_a_sample_is_a_gap(
    web: WebServer, browser: Browser, newest: datetime
) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        panel = opened(page, web)
        plot = panel.locator(".hours-plot")
        width = float((plot.get_attribute("viewBox") or "").split()[2])
        [gap] = plot.locator(".hours-gaps rect").all()
        first = 23 - MISSING[0]
        assert float(gap.get_attribute("x") or 0) == pytest.approx(first * width / 24, abs=0.1)
        assert float(gap.get_attribute("width") or 0) == pytest.approx(3 * width / 24, abs=0.1)
        # No layer is drawn in it: each has a part before it and one after it.
        for path in plot.locator(".hours-layers g > :first-child").all():
            before, after = ends(path)
            assert before == pytest.approx([0, first * width / 24], abs=0.1)
            assert after == pytest.approx([(first + 3) * width / 24, width], abs=0.1)
        expect(panel.locator(".type-gaps")).to_have_text("Hatched: 3 hours without a sample")
        chart = panel.locator(".hours-chart")
        for _ in range(6):
            chart.press("ArrowLeft")
        reading = panel.locator(".reading")
        expect(reading).to_have_text(re.compile(": unknown$"))
        assert hour_of(reading.inner_text()) == newest - 5 * HOUR
        assert set(legend(panel).values()) == {"\N{EN DASH}"}


def ends(path: Locator) -> list[list[float]]:
    """Return the left and the right end of each part of a path."""
    parts = (path.get_attribute("d") or "").split("M")[1:]
    across = [[float(x) for x in re.findall(r"(?:^|H)([\d.]+)", part)] for part in parts]
    return [[min(found), max(found)] for found in across]


def test_the_layers_are_as_high_as_their_numbers(
    web: WebServer, browser: Browser, newest: datetime
) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        panel = opened(page, web)
        plot = panel.locator(".hours-plot")
        height = float((plot.get_attribute("viewBox") or "").split()[3])
        edges = []
        for path in plot.locator(".hours-layers g > :first-child").all():
            # The newest hour is where the line turns back: V upper, H right end, V lower.
            after = (path.get_attribute("d") or "").split("M")[2]
            right = max(float(x) for x in re.findall(r"H([\d.]+)", after))
            found = re.search(rf"V([\d.]+)H{right:g}V([\d.]+)", after)
            assert found is not None
            edges.append((float(found[2]), float(found[1])))
        # Each stands on the one below it, and the lowest on the ground.
        assert [lower for lower, _ in edges] == [height, *(upper for _, upper in edges[:-1])]
        names = [*SHOWN, "Other types"]
        scale = (edges[0][0] - edges[-1][1]) / sum(counted(name, newest) for name in names)
        for name, (lower, upper) in zip(names, edges, strict=True):
            assert (lower - upper) / scale == pytest.approx(counted(name, newest), abs=2)
        # The scale has whole vessels in even steps, and its values stand where their numbers are.
        ticks = panel.locator(".hours-scale span")
        assert ticks.all_inner_texts() == ["0", "500", "1k", "1.5k", "2k", "2.5k", "3k", "3.5k"]
        top = float((ticks.last.get_attribute("style") or "").split(": ")[1].rstrip("%;"))
        assert top / 100 * height == pytest.approx(3500 * scale, abs=1)


def test_mouse_and_finger_read_an_hour(web: WebServer, browser: Browser, newest: datetime) -> None:
    with reader(browser, has_touch=True, viewport={"width": 390, "height": 844}) as page:
        panel = opened(page, web)
        plot = panel.locator(".hours-plot")
        plot.scroll_into_view_if_needed()
        box = plot.bounding_box()
        assert box is not None
        reading = panel.locator(".reading")
        for share, back in ((0.98, 0), (0.51, 11), (0.02, 23)):
            page.mouse.move(box["x"] + share * box["width"], box["y"] + 40)
            expect(reading).not_to_contain_text("To read values")
            assert hour_of(reading.inner_text()) == newest - back * HOUR
            expect(reading).to_have_attribute("aria-live", "off")
            assert legend(panel)["Cargo"] == f"{900 + (newest - back * HOUR).hour:,}"
        page.mouse.move(box["x"] + 5, box["y"] - 60)
        expect(reading).to_contain_text("To read values")
        page.touchscreen.tap(box["x"] + 0.51 * box["width"], box["y"] + 40)
        expect(reading).not_to_contain_text("To read values")
        assert hour_of(reading.inner_text()) == newest - 11 * HOUR


def test_the_range_is_kept_in_the_address_and_each_type_keeps_its_colour(
    web: WebServer, browser: Browser, newest: datetime
) -> None:
    with reader(browser) as page:
        panel = opened(page, web, "?tz=utc&kiosk-not")
        kinds = ".type-legend button"
        before = panel.locator(kinds).evaluate_all("all => all.map(({dataset}) => dataset.kind)")
        panel.get_by_role("button", name="the last 7 days").click()
        expect(panel.locator(".hours-cursor")).to_be_hidden()
        assert page.url.endswith("?tz=utc&kiosk-not&types=7d")
        # The large chart changes the address too, and leaves this part alone.
        page.locator("#ranges [data-range='30d']").click()
        assert page.url.endswith("&types=7d&range=30d")
        page.reload()
        panel = opened_again(page)
        pressed = panel.locator("[data-range][aria-pressed=true]")
        expect(pressed).to_have_text("7 d")
        panel.locator(".hours-chart").press("Home")
        assert hour_of(panel.locator(".reading").inner_text()) == newest - 167 * HOUR
        after = panel.locator(kinds).evaluate_all("all => all.map(({dataset}) => dataset.kind)")
        assert after == before


def opened_again(page: Page) -> Locator:
    panel = page.locator("#types-history")
    panel.scroll_into_view_if_needed()
    expect(panel.locator(".hours-layers g").first).to_be_attached(timeout=SOON)
    return panel


def test_a_type_that_leaves_gives_its_colour_to_none_of_the_others(
    web: WebServer, browser: Browser
) -> None:
    whole = web.get(f"{PATH}?range=7d").json()
    # Cargo is not among the types of this range, and a new one is the largest.
    other: dict[str, Any] = {**whole, "types": [{**whole["types"][0], "name": "Military"}]}
    other["types"] += whole["types"][1:]
    with reader(browser) as page:
        page.route(f"**{PATH}?range=7d", lambda route: route.fulfill(json=other))
        panel = opened(page, web)
        kinds = "all => all.map((each) => [each.children[1].textContent, each.dataset.kind])"
        before = dict(panel.locator(".type-legend button").evaluate_all(kinds))
        panel.get_by_role("button", name="the last 7 days").click()
        expect(panel.locator(".type-legend")).to_contain_text("Military")
        after = dict(panel.locator(".type-legend button").evaluate_all(kinds))
        assert after == {name.replace("Cargo", "Military"): kind for name, kind in before.items()}


def test_a_type_can_be_shown_alone(web: WebServer, browser: Browser) -> None:
    with reader(browser) as page:
        panel = opened(page, web)
        layers = panel.locator(".hours-layers g")
        expect(layers).to_have_count(9)
        button = panel.locator(".type-legend").get_by_role("button", name="Tug")
        button.focus()
        page.keyboard.press("Enter")
        expect(layers).to_have_count(1)
        expect(button).to_have_attribute("aria-pressed", "true")
        # It stands on the ground line, and the scale is its own.
        assert panel.locator(".hours-scale span").last.inner_text() == "300"
        panel.get_by_role("button", name="the last 7 days").click()
        expect(layers).to_have_count(1)
        expect(button).to_have_attribute("aria-pressed", "true")
        button.click()
        expect(layers).to_have_count(9)


def test_the_table_has_every_hour(web: WebServer, browser: Browser, newest: datetime) -> None:
    with reader(browser) as page:
        panel = opened(page, web)
        expect(panel.locator("tr")).to_have_count(0)
        panel.get_by_text("Table").click()
        table = panel.get_by_role("table")
        expect(table.locator("thead th")).to_have_text(["Hour", "All types", *SHOWN, "Other types"])
        rows = table.locator("tbody tr")
        expect(rows).to_have_count(24)
        for index in (0, 5, 23):
            hour = newest - index * HOUR
            first, *cells = rows.nth(index).locator("th, td").all_inner_texts()
            assert hour_of(first) == hour
            names = [*SHOWN, "Other types"]
            total = sum(TYPES.values()) + 10 * hour.hour
            numbers = [total, *(counted(name, hour) for name in names)]
            expected = [f"{number:,}" for number in numbers]
            assert cells == (["\N{EN DASH}"] * 10 if index in MISSING else expected)
        panel.get_by_role("button", name="the last 7 days").click()
        expect(rows).to_have_count(168)


def test_it_is_told_in_words(web: WebServer, browser: Browser, newest: datetime) -> None:
    with reader(browser) as page:
        panel = opened(page, web)
        names = [*SHOWN, "Other types"]
        spoken = " · ".join(f"{name} {counted(name, newest):,}" for name in names)
        expect(panel.locator("#types-summary")).to_have_text(
            "Vessels heard in the hour before, by type, over the last 24 hours."
            f" At the end: {spoken}."
        )
        chart = page.get_by_role("application", name="Types over time")
        expect(chart).to_have_accessible_description(re.compile("^Vessels heard in the hour"))


def test_marks_are_round_hours_and_midnights_of_the_zone(
    web: WebServer, browser: Browser, newest: datetime
) -> None:
    for zone, minutes in (("utc", 0), ("Asia/Kathmandu", 345)):
        with reader(browser, viewport={"width": 1200, "height": 900}) as page:
            panel = opened(page, web, f"?tz={zone}")
            first, last = newest - 23.5 * HOUR, newest + HOUR / 2
            marks = []
            for mark in panel.locator(".hours-marks span").all():
                left = float((mark.get_attribute("style") or "").split(": ")[1].rstrip("%;"))
                at = first + left / 100 * (last - first) + timedelta(minutes=minutes)
                marks.append((mark.inner_text(), at + timedelta(seconds=30)))
            assert 5 <= len(marks) <= 8
            for text, at in marks:
                assert at.hour % 3 == at.minute == 0
                assert text == (f"{at.day} {at:%b}" if at.hour == 0 else f"{at:%H:%M}")
            name = panel.locator(".hours-zone").inner_text()
            assert name == {"utc": "UTC", "Asia/Kathmandu": "GMT+5:45"}[zone]
            panel.get_by_role("button", name="the last 30 days").click()
            expect(panel.locator(".hours-marks span").first).to_have_text(re.compile(r"^\d+ \w+$"))


def test_no_samples_and_no_answer_are_told_apart(web: WebServer, browser: Browser) -> None:
    answer = web.get(PATH).json()
    empty = {**answer, "types": [{"name": None, "activeLastHour": [None] * 24}]}
    with reader(browser) as page:
        page.route(f"**{PATH}*", lambda route: route.fulfill(json=empty))
        panel = opened(page, web)
        expect(panel.locator(".reading")).to_have_text("There are no samples in this range yet.")
        page.unroute_all()
        page.route(f"**{PATH}?range=7d", lambda route: route.abort())
        panel.get_by_role("button", name="the last 7 days").click()
        expect(panel.locator(".notice")).to_have_text(
            "Could not load the last 7 days. The chart still shows the last 24 hours. Trying again."
        )
        panel.get_by_role("button", name="the last 30 days").click()
        expect(panel.locator(".notice")).to_have_text("")
        expect(panel.locator(".hours-layers g")).to_have_count(9)


def test_the_sample_of_a_new_hour_is_fetched_with_the_next_document(
    web: WebServer, browser: Browser, newest: datetime
) -> None:
    late = web.get(PATH).json()
    for line in late["types"]:
        line["activeLastHour"][-1] = None
    with reader(browser) as page:
        page.route(f"**{PATH}*", lambda route: route.fulfill(json=late), times=1)
        panel = opened(page, web)
        reading = panel.locator(".reading")
        assert hour_of(reading.inner_text()) == newest - HOUR
        with psycopg.connect(web.url, autocommit=True) as db:
            db.execute("delete from vessel_activity.activity")  # else a new one is not due yet
            db.execute("select public.refresh_vessel_activity()")
        expect(reading).to_contain_text(f"{newest:%H}:00:00 UTC", timeout=SOON)


def test_its_files_are_loaded_when_a_reader_comes_near(web: WebServer, browser: Browser) -> None:
    with reader(browser, viewport={"width": 1200, "height": 700}) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(web.address + DASHBOARD)
        expect(page.locator("#chart canvas")).to_be_visible(timeout=SOON)
        page.wait_for_load_state("networkidle")
        assert [url for url in asked if "hour-chart" in url or PATH in url] == []
        opened_again(page)
        assert len([url for url in asked if PATH in url]) == 1


def test_a_frame_can_show_it_alone(web: WebServer, browser: Browser) -> None:
    with reader(browser, viewport={"width": 700, "height": 420}) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        panel = opened(page, web, "?embed=types-history&types=30d&tz=utc")
        expect(panel.locator("[aria-pressed=true][data-range]")).to_have_text("30 d")
        for hidden in (".cards", ".trend", "#map", ".lists"):
            expect(page.locator(hidden)).to_be_hidden()
        expect(page.locator("#age")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert [url for url in asked if "stats-history" in url or "uPlot" in url] == []


def test_the_dialog_of_an_area_shows_its_past(
    web: WebServer, browser: Browser, newest: datetime
) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        page.goto(f"{web.address}{DASHBOARD}?tz=utc")
        page.locator("#map").scroll_into_view_if_needed()
        page.get_by_role("button", name="Port <i>").click(timeout=SOON)
        dialog = page.get_by_role("dialog")
        chart = dialog.get_by_role("application", name="Active, last hour")
        expect(chart.locator(".hours-layers path")).to_have_count(1, timeout=SOON)
        expect(chart).to_have_attribute("data-gaps", "1")
        expect(chart).to_have_accessible_description(
            "Vessels heard in the last hour over the last 7 days: between 20 and 43,"
            f" and {20 + newest.hour} at the end."
        )
        reading = dialog.locator(".reading")
        for key, back in (("ArrowLeft", 0), ("Home", 167)):
            chart.press(key)
            hour = hour_of(reading.inner_text())
            assert hour == newest - back * HOUR
            expect(reading).to_have_text(re.compile(f": {20 + hour.hour} vessels$"))
        chart.press("End")
        for _ in range(5):
            chart.press("ArrowLeft")
        expect(reading).to_have_text(re.compile(": unknown$"))
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
        # Another list has no past.
        page.keyboard.press("Escape")
        page.get_by_title("Show vessels: Active now").click()
        expect(dialog).to_be_visible()
        expect(chart).to_be_hidden()


VIEWS: dict[str, tuple[str, dict[str, Any]]] = {
    "light": ("", {}),
    "dark": ("?theme=dark", {}),
    "phone": ("", {"viewport": {"width": 390, "height": 844}}),
    "arabic": ("?lang=ar", {}),
    "frame": ("?embed=types-history", {"viewport": {"width": 600, "height": 400}}),
    "forced colours": ("", {"forced_colors": "active"}),
}


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing(web: WebServer, browser: Browser, view: str) -> None:
    query, options = VIEWS[view]
    with reader(browser, reduced_motion="reduce", **options) as page:
        panel = opened(page, web, query)
        panel.locator("summary").click()
        expect(panel.locator("tbody tr")).to_have_count(24)
        panel.locator(".type-legend button").first.click()
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


def test_nothing_sticks_out_in_any_language(web: WebServer, browser: Browser) -> None:
    for language in LANGUAGES:
        with reader(browser, viewport={"width": 320, "height": 700}) as page:
            opened(page, web, f"?lang={language}&embed=types-history&types=30d")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), language


def test_a_wall_screen_leaves_it_out(web: WebServer, browser: Browser) -> None:
    with reader(browser, viewport={"width": 1920, "height": 1080}) as page:
        page.goto(f"{web.address}{DASHBOARD}?kiosk")
        expect(page.locator("#types-history")).to_be_hidden()


# What a person sees who lacks one kind of cones (Machado, Oliveira and Fernandes, 2009).
VISION: dict[str, list[list[float]]] = {
    "all cones": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


def seen(colour: str, vision: list[list[float]]) -> list[float]:
    """Return a colour as it is seen: lightness and two differences, in CIE Lab."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    red, green, blue = (
        min(1, max(0, sum(a * b for a, b in zip(row, linear, strict=True)))) for row in vision
    )
    white = (
        (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
        0.2126 * red + 0.7152 * green + 0.0722 * blue,
        (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
    )
    x, y, z = (part ** (1 / 3) if part > 0.008856 else 7.787 * part + 16 / 116 for part in white)
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


@pytest.mark.parametrize("vision", VISION)
@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_the_types_can_be_told_apart(scheme: int, vision: str) -> None:
    style = (PROJECT / "dashboard" / "hour-chart.css").read_text(encoding="utf-8")
    script = (PROJECT / "dashboard" / "type-history.js").read_text(encoding="utf-8")
    found = re.findall(r"--hours-(\d|rest): (#\w+);", style)
    colours = dict(found[9 * scheme : 9 * scheme + 9])
    tiles = re.findall(r'"([^"]*)"', re.findall(r"const TILES = \[(.*)\]", script)[0])
    kinds = [*zip("12345678", tiles, strict=True), ("rest", "hours-dots")]
    for (one, tile), (other, other_tile) in itertools.combinations(kinds, 2):
        pair = (seen(colours[kind], VISION[vision]) for kind in (one, other))
        distance = sum((a - b) ** 2 for a, b in zip(*pair, strict=True)) ** 0.5
        # 2.3 is the smallest difference that is noticed. A pattern tells like colours apart.
        assert distance >= (20 if tile == other_tile else 5), (one, other)
