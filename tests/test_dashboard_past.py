"""The past on the dashboard: what is usual, short outages in long ranges, and zooming."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.support.browsing import NO_STREAM, SOON, chromium, reader, state
from tests.support.history import extremes
from tests.support.webserver import HISTORY, WebServer, eventually, put_row, write_row
from tests.test_dashboard_trend import WRITTEN, card, history, open_with_chart

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

# A year of hours and a month of minutes. Nine days ago nothing was heard for five minutes.
PAST = """
  truncate vessel_activity.history, vessel_activity.history_hour;
  insert into vessel_activity.history
  select m, m, 4000 + n % 50, 8000, 20000, 30567, 40000, 11.5
  from generate_series(
      date_bin('1 hour', now() - interval '30 days', 'epoch'), now(), '1 minute') as m,
    lateral (select (extract(epoch from m) / 60)::int) as number (n);
  update vessel_activity.history set active_now = 0
  where minute >= date_bin('1 hour', now() - interval '9 days', 'epoch')
    and minute < date_bin('1 hour', now() - interval '9 days', 'epoch') + interval '5 minutes';
  select vessel_activity.roll_up_history(now() - interval '31 days', now());
  insert into vessel_activity.history_hour
  select h, 60, true, 4000, 4024.5, 4049, 8000, 8000, 8000, 20000, 20000, 20000,
    30567, 30567, 30567, 40000, 40000, 40000, 11.5, 11.5, 11.5
  from generate_series(
    date_bin('1 hour', now() - interval '370 days', 'epoch'),
    date_bin('1 hour', now() - interval '30 days', 'epoch') - interval '1 hour', '1 hour') as h;
"""
# Notes each rectangle of the chart: [left, bottom, width, height, opacity] in pixels of the canvas.
DRAWN = """
  window.drawn = [];
  const draw = CanvasRenderingContext2D.prototype.rect;
  CanvasRenderingContext2D.prototype.rect = function (x, y, width, height) {
    if (this.canvas.isConnected) drawn.push([x, y + height, width, height, this.globalAlpha]);
    draw.call(this, x, y, width, height);
  };
"""
EXTREME, USUAL = 0.4, 0.14


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    with psycopg.connect(module_url, autocommit=True) as connection:
        connection.execute(PAST)
    write_row(module_url)
    # A page that polls asks for the activity document, which a test then answers.
    with WebServer(module_url, NO_STREAM) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture
def page(browser: Browser, web: WebServer) -> Iterator[Page]:
    put_row(web, active_now=4030)
    with reader(browser) as opened:
        opened.add_init_script(DRAWN)
        yield opened


def rectangles(page: Page, opacity: float) -> list[list[float]]:
    """Return the rectangles of one kind that the chart has drawn, once it is there."""
    page.wait_for_function("drawn.length > 0")
    found: list[list[float]] = page.evaluate("drawn")
    return [each for each in found if abs(each[4] - opacity) < 0.001]


def plot_area(page: Page) -> tuple[float, float, float, float]:
    """Return left, top, width and height of the drawn area in the canvas, in its pixels."""
    left, top, width, height = page.evaluate(
        "() => { const [canvas, over] = ['canvas', '.u-over'].map((each) =>"
        " document.querySelector(`#chart ${each}`).getBoundingClientRect());"
        " return [over.x - canvas.x, over.y - canvas.y, over.width, over.height]"
        ".map((each) => each * devicePixelRatio); }"
    )
    return left, top, width, height


def activity(page: Page, usual: dict[str, Any] | None) -> None:
    """Let the server answer with an activity document that has this part."""
    document = {"asOf": datetime.now(UTC).isoformat(), "usual": usual}
    page.route("**/api/database/vessel-activity", lambda route: route.fulfill(json=document))


def figure(low: float, high: float, weeks: int = 8, *, is_below: bool = False) -> dict[str, Any]:
    return {"weeks": weeks, "low": low, "high": high, "lastWeek": None, "isBelow": is_below}


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(("span", "days"), [("30d", 30), ("1y", 365)])
def test_five_minutes_without_a_position_are_seen_in_a_month_and_in_a_year(
    web: WebServer, page: Page, span: str, days: int, width: int
) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    open_with_chart(page, web, f"?range={span}&show=activeNow")
    expect(page.locator("#chart")).to_have_attribute(
        "data-points", str(len(history(web, span)["time"]))
    )
    left, top, room, height = plot_area(page)
    zero = top + height
    # All but one step begin at 4,000 or above, so only that one reaches down to zero.
    down = [each for each in rectangles(page, EXTREME) if each[1] > zero - height / 4]
    assert len(down) == 1
    x, bottom, wide, high, _ = down[0]
    assert abs(bottom - zero) <= 1
    assert high > height * 0.85
    assert wide >= 2
    # At the right place: nine days before the end, one step of a year off at most.
    middle = (x + wide / 2 - left) / room
    assert middle == pytest.approx(1 - 9 / days, abs=1.5 / days)
    # And the pixels are there.
    assert pixels(page, x + wide / 2, zero - height / 3) != pixels(
        page, x - 3 * wide, zero - height / 3
    )


def pixels(page: Page, x: float, y: float) -> list[int]:
    found: list[int] = page.evaluate(
        "([x, y]) => [...document.querySelector('#chart canvas').getContext('2d')"
        ".getImageData(x, y, 1, 1).data]",
        [round(x), round(y)],
    )
    return found


def test_a_step_tells_its_extremes_to_those_who_read_it(web: WebServer, page: Page) -> None:
    open_with_chart(page, web, "?range=1y&show=activeNow")
    lowest = extremes(history(web, "1y"), "min", "activeNow")
    page.locator("#chart").focus()
    page.keyboard.press("End")
    for _ in range(len(lowest) - 1 - lowest.index(0)):
        page.keyboard.press("ArrowLeft")
    expect(page.locator("#reading")).to_contain_text(
        re.compile(r"Active now 4,02\d \(0 to 4,049\)$")
    )
    expect(page.locator("#chart-summary")).to_have_text(
        re.compile(r"^Vessels active now over the last year: between 0 and 4,049, and 4,0\d\d at")
    )


def test_each_card_is_compared_with_the_same_weekday(web: WebServer, page: Page) -> None:
    open_with_chart(page, web)
    before = history(web, "24h")["compare"]["weekBefore"]["activeNow"]
    change = 4030 - before
    direction = "up" if change > 0 else "down"
    assert re.fullmatch(r"40\d\d", str(before))
    if change:
        assert card(page, "activeNow", "weekBefore").startswith(f"{direction} {abs(change)} (")
    assert page.locator(".card[data-key=activeNow] dt").all_inner_texts()[-1] == "vs last week"


def test_the_usual_band_is_behind_the_line(web: WebServer, page: Page) -> None:
    open_with_chart(page, web, "?show=activeNow")
    usual = history(web, "24h")["usual"]
    assert usual["weeks"] == 8
    bands = rectangles(page, USUAL)
    left, top, width, height = plot_area(page)
    hours = [n for n, at in enumerate(usual["time"]) if at < history(web, "24h")["time"][-1]]
    assert abs(len(bands) - len(hours)) <= 1
    for x, _, wide, _, _ in bands:
        assert left <= x
        assert x + wide <= left + width + 1
    # The band of an hour in the middle, by the scale: zero at the bottom, the top 8 % above all.
    most = max(*usual["activeNow"]["high"], *extremes(history(web, "24h"), "max", "activeNow"))
    low, high = usual["activeNow"]["low"][5], usual["activeNow"]["high"][5]
    drawn = [
        (bottom, tall)
        for _, bottom, _, tall, _ in bands
        if abs(tall - (high - low) / (most * 1.08) * height) < 1
    ]
    assert any(
        abs(bottom - (top + height - low / (most * 1.08) * height)) < 1 for bottom, _ in drawn
    )
    expect(page.locator("#usual-note")).to_have_text(
        "Pale bands: usual for the hour of the week, from up to 8 weeks."
    )
    page.locator("#chart").focus()
    page.keyboard.press("Home")
    expect(page.locator("#reading")).to_contain_text(
        re.compile(r"Active now 4,0\d\d \(4,0\d\d to 4,0\d\d\), usual 3,\d\d\d.4,\d\d\d$")
    )


def test_without_a_past_nothing_is_said_of_what_is_usual(web: WebServer, page: Page) -> None:
    past = history(web, "24h") | {"usual": None}
    page.route("**/vessel-stats-history?range=24h", lambda route: route.fulfill(json=past))
    nothing = figure(0, 0, 0) | {"low": None, "high": None}
    activity(page, {"activeNow": nothing, "speedAvg": nothing})
    with page.expect_response("**/api/database/vessel-activity"):
        open_with_chart(page, web)
    assert rectangles(page, USUAL) == []
    expect(page.locator("#usual-note")).to_have_text("")
    assert set(page.locator(".card .usual").all_inner_texts()) == {""}


def test_each_card_says_what_is_usual(web: WebServer, page: Page) -> None:
    activity(
        page,
        {
            "activeNow": figure(3300, 3700),
            "activeLastHour": figure(7000, 7500, 1),
            "activeLast24h": figure(1, 2, 0),
            "speedAvg": figure(10.4, 12, 3),
        },
    )
    open_with_chart(page, web)
    usual = page.locator(".card .usual")
    expect(usual.first).to_have_text("usual 3,300\N{EN DASH}3,700 (8 weeks)", timeout=SOON)
    assert usual.all_inner_texts()[1:] == [
        "usual 7,000\N{EN DASH}7,500 (1 week)",
        "",
        "usual 10.4\N{EN DASH}12.0 (3 weeks)",
    ]
    state(page, "live")
    assert Axe().run(page).violations_count == 0


def test_the_cards_say_what_the_database_says(web: WebServer, page: Page) -> None:
    with psycopg.connect(web.url, autocommit=True) as connection:
        # Without a document, the next refresh does not wait until one is due.
        connection.execute("delete from vessel_activity.activity")
        connection.execute("select public.refresh_vessel_activity()")
        low, high = connection.execute(
            "select low::int, high::int from vessel_activity.activity as a,"
            " vessel_activity.usual_at(a.as_of) where figure = 'active_now'"
        ).fetchone() or (0, 0)
    document = "/api/database/vessel-activity"
    eventually(lambda: web.get(document).json()["usual"]["activeNow"]["weeks"] == 8)
    open_with_chart(page, web)
    said = f"usual {low:,}\N{EN DASH}{high:,} (8 weeks)"
    expect(page.locator(".card .usual").first).to_have_text(said, timeout=SOON)


def test_below_usual_is_a_state_of_the_page(web: WebServer, page: Page) -> None:
    activity(page, {"activeNow": figure(5000, 5600, is_below=True)})
    open_with_chart(page, web)
    state(page, "below", SOON)
    expect(page.locator("#state")).to_have_text("Below usual")
    said = (
        "Fewer vessels are active than usual: 4,030."
        " Usual for this hour of the week are 5,000 to 5,600."
    )
    expect(page.locator("#banner-text")).to_have_text(said)
    expect(page.locator("#announcer")).to_have_text(said)
    assert page.locator(".card[data-below]").count() == 1
    assert Axe().run(page).violations_count == 0


def begin_and_end(page: Page) -> tuple[datetime, datetime]:
    """Return the instants that the address of the page names."""
    found = re.search(r"range=([^&]+)", page.url.replace("%3A", ":").replace("%2F", "/"))
    assert found
    begin, end = (datetime.fromisoformat(text) for text in found[1].split("/"))
    return begin, end


def test_dragging_with_the_mouse_zooms_in_and_a_button_out(web: WebServer, page: Page) -> None:
    open_with_chart(page, web, "?range=30d")
    expect(page.locator("#unzoom")).to_be_hidden()
    page.locator("#reading").scroll_into_view_if_needed()
    box = page.locator("#chart .u-over").bounding_box()
    assert box is not None
    # The tenth of the month that begins after two thirds of it: 20 to 23 days after its begin.
    shown = history(web, "30d")["time"]
    page.mouse.move(box["x"] + box["width"] * 2 / 3, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (2 / 3 + 0.1), box["y"] + 60, steps=5)
    # The mouse leaves the chart below it.
    page.mouse.move(box["x"] + box["width"] * (2 / 3 + 0.1), box["y"] + box["height"] + 25)
    page.mouse.up()
    expect(page.locator("#unzoom")).to_be_visible(timeout=SOON)
    begin, end = begin_and_end(page)
    length = shown[-1] - shown[0]
    assert begin.timestamp() == pytest.approx(shown[0] + length * 2 / 3, abs=length / 200)
    assert (end - begin).total_seconds() == pytest.approx(length / 10, rel=0.02)
    # Minutes instead of steps of an hour and a half.
    asked = f"{HISTORY}?from={begin:%Y-%m-%dT%H:%MZ}&to={end:%Y-%m-%dT%H:%MZ}"
    answer = web.get(asked).json()
    assert answer["stepSeconds"] == 600
    points = str(len(answer["time"]))
    expect(page.locator("#chart")).to_have_attribute("data-points", points, timeout=SOON)
    assert page.locator("#ranges [aria-pressed=true]").count() == 0
    expect(page.locator("#csv")).to_have_attribute("href", re.compile(r"\.csv\?from=.+&to=.+Z$"))
    expect(page.locator("#trend-range")).to_contain_text("2026")
    # A reload keeps it.
    page.reload()
    expect(page.locator("#chart")).to_have_attribute("data-points", points, timeout=SOON)
    page.locator("#unzoom").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#unzoom")).to_be_hidden()
    expect(page.locator("#ranges [data-range='24h']")).to_be_focused()
    assert "range=" not in page.url


def test_zooming_out_leads_back_to_the_range_before(web: WebServer, page: Page) -> None:
    open_with_chart(page, web, "?range=7d")
    page.locator("#chart").focus()
    page.keyboard.press("+")
    expect(page.locator("#unzoom")).to_be_visible(timeout=SOON)
    begin, end = begin_and_end(page)
    assert end - begin == pytest.approx(timedelta(days=3.5), abs=timedelta(hours=1))
    page.keyboard.press("-")
    page.locator("#unzoom").click()
    expect(page.locator("#ranges [data-range='7d']")).to_have_attribute("aria-pressed", "true")


def test_a_click_is_no_zoom(web: WebServer, page: Page) -> None:
    open_with_chart(page, web)
    page.locator("#chart .u-over").click(position={"x": 200, "y": 50})
    page.locator("#chart .u-over").hover(position={"x": 210, "y": 50})
    expect(page.locator("#reading")).to_contain_text("Active now")
    assert "range=" not in page.url


def test_two_fingers_zoom_in(web: WebServer, browser: Browser) -> None:
    put_row(web)
    size = {"width": 390, "height": 844}
    with reader(browser, viewport=size, has_touch=True, is_mobile=True) as page:
        open_with_chart(page, web)
        page.locator("#chart").scroll_into_view_if_needed()
        box = page.locator("#chart .u-over").bounding_box()
        assert box is not None
        session = page.context.new_cdp_session(page)

        def fingers(kind: str, *places: float) -> None:
            points = [
                {"x": box["x"] + box["width"] * place, "y": box["y"] + 60, "id": number}
                for number, place in enumerate(places)
            ]
            session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        fingers("touchStart", 0.45)
        fingers("touchStart", 0.45, 0.55)
        fingers("touchMove", 0.35, 0.65)
        fingers("touchMove", 0.25, 0.75)
        fingers("touchEnd")
        expect(page.locator("#unzoom")).to_be_visible(timeout=SOON)
        begin, end = begin_and_end(page)
        assert end - begin == pytest.approx(timedelta(hours=12), abs=timedelta(minutes=20))
        assert page.evaluate("visualViewport.scale") == 1


def test_a_zoomed_picture_is_called_what_it_shows(web: WebServer, browser: Browser) -> None:
    put_row(web)
    with reader(browser, accept_downloads=True) as page:
        page.add_init_script(WRITTEN)
        open_with_chart(page, web, "?range=2026-11-20T12:00Z/2026-11-20T18:00Z")
        with page.expect_download() as download:
            page.locator("#png").click()
        assert download.value.suggested_filename == (
            "vessel-activity-2026-11-20T1200Z-2026-11-20T1800Z.png"
        )
        title = " ".join(text for text, _, _ in page.evaluate("written"))
        assert title.startswith("Vessel activity, 20 Nov, 13:00\N{EN DASH}19:00, to ")


@pytest.mark.parametrize(
    "asked",
    [
        "2026-11-20T12:00Z/",
        "2026-11-20T18:00Z/2026-11-20T12:00Z",
        "1990-01-01T00:00Z/2026-01-01T00:00Z",
        "2y",
    ],
)
def test_an_address_with_a_senseless_range_shows_a_day(
    web: WebServer, page: Page, asked: str
) -> None:
    open_with_chart(page, web, f"?range={asked}")
    expect(page.locator("#ranges [data-range='24h']")).to_have_attribute("aria-pressed", "true")
