"""The map shows where vessels are, moves under hands and keys, and says its numbers aloud."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browsing import DASHBOARD, SOON, chromium, reader
from tests.support.webserver import WebServer, eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Position

PORT = [[[3, 51], [5, 51], [5, 53], [3, 53], [3, 51]]]
FIJI = [[[177, -20], [-178, -20], [-178, -15], [177, -15], [177, -20]]]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    with psycopg.connect(module_url, autocommit=True) as db:
        for name, rings in (("Port <i>", PORT), ("Fiji", FIJI)):
            shape = json.dumps({"type": "Polygon", "coordinates": rings})
            db.execute("select public.vessel_activity_area_put(%s, %s)", [name, shape])
        places = [(4.5, 52.5)] * 3 + [(4.2, 52.1)] * 2 + [(179.5, -17.5)] + [(-40.5, 30.5)] * 120
        db.execute(
            'insert into public.vessels (mmsi, name, "vesselType", flag, active)'
            " select g::text, 'x', 'Cargo', 'NL', true from generate_series(1, %s) as g",
            [len(places)],
        )
        ids = [row[0] for row in db.execute("select id from public.vessels order by id")]
        now = datetime.now(UTC) - timedelta(seconds=1)
        with db.cursor() as cursor:
            cursor.executemany(
                'insert into public.vessel_positions ("vesselId", timestamp, longitude, latitude,'
                " speed) values (%s, %s, %s, %s, 10)",
                [(who, now, *place) for who, place in zip(ids, places, strict=True)],
            )
        # Two weeks tell that 12 and 30 vessels are usual in two cells where there is none now.
        db.execute(
            "insert into vessel_activity.cell_history (hour, sampled_at, cells, vessels)"
            " select h.hour, h.hour, array[120 * 360 + 139, 130 * 360 + 100, 130 * 360 + 101],"
            " array[130, 12, 30]"
            " from generate_series(1, 2) as w (week), generate_series(0, 2) as n,"
            " lateral (select date_bin('1 hour', now(), 'epoch') + n * interval '1 hour'"
            " - w.week * interval '168 hours') as h (hour)"
        )
        db.execute("update vessel_activity.settings set detail_interval = '1 second'")
        db.execute("select public.refresh_vessel_activity()")
    with WebServer(module_url) as server:
        yield server


def opened(page: Page, web: WebServer, query: str = "") -> None:
    """Open the page and wait until the map has its cells, its areas and the coastlines."""
    page.goto(f"{web.address}{DASHBOARD}{query}")
    page.locator("#map").scroll_into_view_if_needed()
    expect(page.locator("#map")).to_have_attribute("data-as-of", re.compile("T"), timeout=SOON)
    expect(page.locator("#map .map-land")).to_have_attribute("d", re.compile("^M"), timeout=SOON)
    expect(page.locator("#map .map-area")).to_have_count(2, timeout=SOON)


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.locator(".chart-of-cells").press(key)


def test_the_map_shows_the_cells_by_their_number_of_vessels(
    web: WebServer, browser: Browser
) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        opened(page, web)

        expect(page.locator("#map-summary")).to_have_text(
            "Active now: 126 vessels in 3 cells of 1°."
        )
        drawn = [
            (page.locator(f".cells .cells-{number}").get_attribute("d") or "").count("M")
            for number in range(1, 6)
        ]
        assert drawn == [1, 0, 1, 0, 1]
        assert page.locator(".map-legend li").all_inner_texts() == [
            "1", "2\N{EN DASH}4", "5\N{EN DASH}19", "20\N{EN DASH}99", "100+",
        ]  # fmt: skip


def test_the_keys_read_a_cell_and_zoom_to_smaller_ones(web: WebServer, browser: Browser) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        opened(page, web)
        press(page, "ArrowUp", *["ArrowRight"] * 4)
        reading = page.locator(".map-reading")
        expect(reading).to_have_text(
            re.compile("^\\d+\N{EN DASH}\\d+° N, 4\N{EN DASH}5° E: 0 vessels$")
        )
        south = int(re.match(r"\d+", reading.inner_text())[0])  # type: ignore[index]
        press(page, *["ArrowUp"] * (52 - south))
        expect(reading).to_have_text("52\N{EN DASH}53° N, 4\N{EN DASH}5° E: 5 vessels")

        press(page, "+", "+", "+", "+")
        expect(page.locator("#map-summary")).to_have_text(
            re.compile(r"5 vessels in 2 cells of 0\.25°"), timeout=SOON
        )
        press(page, "0")
        expect(page.locator("#map-summary")).to_have_text(
            re.compile("in 3 cells of 1°"), timeout=SOON
        )
        press(page, "Escape")
        expect(reading).to_be_empty()


def test_an_area_across_the_antimeridian_is_drawn_as_one_piece(
    web: WebServer, browser: Browser
) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        opened(page, web)
        widths = page.locator("#map-world .map-area").evaluate_all(
            "areas => areas.map((area) => area.getBBox().width)"
        )
        # The port spans 2 degrees, and Fiji's waters 5.
        assert sorted(widths) == pytest.approx([2, 5])


def test_a_pointer_reads_a_cell_and_drags_the_map(web: WebServer, browser: Browser) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        opened(page, web)
        page.locator(".chart-of-cells").scroll_into_view_if_needed()
        cell = page.locator(".cells .cells-5")
        box = cell.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        expect(page.locator(".map-reading")).to_have_text(
            "30\N{EN DASH}31° N, 40\N{EN DASH}41° W: 120 vessels"
        )

        before = page.locator(".chart-of-cells").get_attribute("viewBox")
        page.mouse.down()
        page.mouse.move(box["x"] + 90, box["y"] + 40, steps=4)
        page.mouse.up()
        moved = page.locator(".chart-of-cells").get_attribute("viewBox")
        assert before is not None
        assert moved is not None
        assert float(moved.split()[0]) < float(before.split()[0])


def test_the_areas_are_listed_with_their_numbers(web: WebServer, browser: Browser) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        opened(page, web)
        rows = page.locator("#areas tbody tr")
        expect(rows).to_have_count(2, timeout=SOON)

        assert [row.split("\t") for row in rows.all_inner_texts()] == [
            ["Port <i>", "5", "5", "5", "5", "0", "10.0 kn"],
            ["Fiji", "1", "1", "1", "1", "0", "10.0 kn"],
        ]


def test_the_map_asks_no_other_server_and_comes_after_the_numbers(
    web: WebServer, browser: Browser
) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        opened(page, web)

        assert [url for url in asked if not url.startswith(web.address)] == []
        files = [url.rsplit("/", 1)[1].partition("?")[0] for url in asked]
        assert files.index("app.js") < files.index("map.js") < files.index("coastline.json")


def test_a_frame_can_show_the_map_alone(web: WebServer, browser: Browser) -> None:
    with reader(browser, viewport={"width": 600, "height": 400}) as page:
        opened(page, web, "?embed=map")

        expect(page.locator("#map")).to_be_visible()
        expect(page.locator("#areas")).to_be_hidden()


def test_a_click_on_a_cell_opens_its_vessels(web: WebServer, browser: Browser) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        opened(page, web)
        page.locator(".cells .cells-5").click()

        dialog = page.get_by_role("dialog", name="30\N{EN DASH}31° N, 40\N{EN DASH}41° W")
        expect(dialog.get_by_role("status")).to_have_text("50 of 120 vessels", timeout=SOON)
        expect(dialog.locator("tbody tr").first).to_contain_text("30.500° N 40.500° W")


def test_a_click_on_an_area_opens_its_vessels(web: WebServer, browser: Browser) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        opened(page, web)
        dialog = page.get_by_role("dialog")
        # The vessel's cell is in the middle of Fiji's waters. The other cells there are empty.
        fiji = page.locator("#map-world .map-area").nth(1)
        page.locator(".chart-of-cells").focus()
        fiji.hover()
        page.mouse.wheel(0, -300)
        page.mouse.wheel(0, -300)
        corner: Position = {"x": 30, "y": 30}
        title = dialog.get_by_role("heading", level=2)
        fiji.click(position=corner)
        expect(title).to_have_text("Active now: Fiji", timeout=SOON)
        expect(dialog.get_by_role("status")).to_have_text("1 of 1 vessels", timeout=SOON)
        page.keyboard.press("Escape")

        page.locator('.map-windows [data-window="1h"]').click()
        fiji.click(position=corner)
        expect(title).to_have_text("Fiji", timeout=SOON)


def test_the_name_of_an_area_on_the_map_opens_its_vessels(web: WebServer, browser: Browser) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        opened(page, web)
        page.locator(".chart-of-cells").focus()
        page.locator("#map-world .map-area").first.hover()
        page.mouse.wheel(0, -300)
        page.mouse.wheel(0, -300)
        name = page.locator(".area-names text", has_text="Port <i>")
        expect(name).to_be_visible(timeout=SOON)
        name.click()
        dialog = page.get_by_role("dialog", name="Active now: Port <i>")
        expect(dialog.get_by_role("status")).to_have_text("5 of 5 vessels", timeout=SOON)


def test_the_keys_open_an_area_from_the_list_and_keep_their_place(
    web: WebServer, browser: Browser
) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        opened(page, web)
        link = page.get_by_role("button", name="Port <i>")
        link.press("Enter")
        dialog = page.get_by_role("dialog", name="Active now: Port <i>")
        expect(dialog.get_by_role("status")).to_have_text("5 of 5 vessels", timeout=SOON)
        expect(dialog.locator("tbody tr")).to_have_count(5)
        page.keyboard.press("Escape")
        expect(link).to_be_focused()


def test_cells_that_have_gone_dark_are_hatched_counted_and_found(
    web: WebServer, browser: Browser
) -> None:
    with reader(browser, viewport={"width": 1200, "height": 900}) as page:
        page.goto(f"{web.address}{DASHBOARD}")
        page.locator("#lists").scroll_into_view_if_needed()
        count = page.locator('#moving [data-key="dark"]')
        expect(count).to_have_text("2", timeout=SOON)
        expect(count).to_have_accessible_description("Cells gone dark")
        count.press("Enter")  # the map is not loaded yet

        place = "40\N{EN DASH}41° N, {}\N{EN DASH}{}° W: 0 vessels · gone dark; usual: {}"
        shown = page.locator(".map-reading")
        expect(shown).to_have_text(place.format(78, 79, 30), timeout=SOON)
        said = page.locator(".map-dark-said")
        expect(said).to_have_text(
            "Cells gone dark: 2 Hatched: far fewer vessels than usual at this hour of the week"
            " (weeks known: 2)."
        )
        drawn = page.locator("#map-world .map-dark")
        assert (drawn.get_attribute("d") or "").count("M") == 2
        said.get_by_role("button").click()
        expect(shown).to_have_text(place.format(79, 80, 12))
        said.get_by_role("button").press("Enter")
        expect(shown).to_have_text(place.format(78, 79, 30))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1200, 390])
def test_axe_finds_nothing_on_the_page_nor_in_the_dialog(
    web: WebServer, browser: Browser, scheme: str, width: int
) -> None:
    with reader(
        browser, viewport={"width": width, "height": 900}, color_scheme=scheme, bypass_csp=True
    ) as page:
        opened(page, web)
        expect(page.locator("#areas tbody tr")).to_have_count(2, timeout=SOON)
        page.locator("#lists").scroll_into_view_if_needed()
        expect(page.locator("#types-active li")).to_have_count(1, timeout=SOON)
        found = [Axe().run(page)]
        page.locator('#moving [data-key="underWay"]').click()
        expect(page.locator("dialog tbody tr")).to_have_count(50, timeout=SOON)
        found.append(Axe().run(page))
        broken = [one for each in found for one in each.response["violations"]]
        assert [(one["id"], one["nodes"][0]["html"]) for one in broken] == []


@pytest.mark.parametrize("size", [(1920, 1080), (1280, 720), (1080, 1920)])
def test_a_wall_screen_has_the_map_and_no_controls_on_it(
    web: WebServer, browser: Browser, size: tuple[int, int]
) -> None:
    with reader(browser, viewport={"width": size[0], "height": size[1]}) as page:
        page.goto(f"{web.address}{DASHBOARD}?kiosk")
        expect(page.locator("#map")).to_have_attribute("data-as-of", re.compile("T"), timeout=SOON)
        frame, panel = (page.locator(part).bounding_box() for part in ("#map .map-frame", "#map"))
        assert frame is not None
        assert panel is not None
        # Inside its panel, which is inside the screen, and large enough to be seen from afar.
        assert panel["y"] < frame["y"]
        assert frame["y"] + frame["height"] < panel["y"] + panel["height"] < size[1]
        assert frame["height"] > size[1] / 8
        assert frame["width"] > size[0] / 4
        # The words say which vessels these are, and what has gone dark.
        assert page.locator("#map button").evaluate_all(
            "all => all.filter((each) => each.checkVisibility()).map((each) => each.textContent)"
        ) == ["Now", "Cells gone dark: 2"]
        expect(page.locator("#map .map-hint")).to_be_hidden()
        expect(page.locator("#map .map-legend")).to_be_visible()


def test_paper_has_the_map_without_its_buttons(web: WebServer, browser: Browser) -> None:
    with reader(browser, viewport={"width": 794, "height": 1123}) as page:
        opened(page, web)
        page.emulate_media(media="print")
        expect(page.locator("#map .map-frame")).to_be_visible()
        expect(page.locator("#map .map-legend")).to_be_visible()
        for part in ("#map .map-windows", "#map .map-zoom", "#map .map-hint"):
            expect(page.locator(part)).to_be_hidden()


WIDE = [[[165, -45], [-175, -45], [-175, -30], [165, -30], [165, -45]]]


def test_the_name_of_an_area_at_the_edge_of_the_map_is_whole(
    web: WebServer, browser: Browser
) -> None:
    shape = json.dumps({"type": "Polygon", "coordinates": WIDE})
    refresh = "select public.refresh_vessel_activity()"
    with psycopg.connect(web.url, autocommit=True) as db:
        db.execute(
            "select public.vessel_activity_area_put(%s, %s)", ["Across the date line", shape]
        )

        def is_counted() -> bool:
            db.execute("delete from vessel_activity.activity")  # else a new one is not due yet
            db.execute(refresh)  # returns at once if the server refreshes at this moment
            return db.execute(
                """
                select body::jsonb -> 'areas' @> '[{"name": "Across the date line"}]'
                from vessel_activity.activity
                """
            ).fetchone() == (True,)

        eventually(is_counted)
        try:
            with reader(browser, viewport={"width": 1200, "height": 900}) as page:
                page.goto(web.address + DASHBOARD)
                page.locator("#map").scroll_into_view_if_needed()
                name = page.locator("#map .area-names text", has_text="Across the date line")
                expect(name).to_be_visible(timeout=SOON)
                frame, box = page.locator("#map .map-frame").bounding_box(), name.bounding_box()
        finally:
            db.execute("select public.vessel_activity_area_remove('Across the date line')")
            db.execute("delete from vessel_activity.activity")
            db.execute(refresh)
    assert frame is not None
    assert box is not None
    # In the middle of the area, half of the name would be beyond the edge.
    assert frame["x"] <= box["x"]
    assert box["x"] + box["width"] <= frame["x"] + frame["width"]
    assert box["x"] + box["width"] > frame["x"] + frame["width"] - 40
