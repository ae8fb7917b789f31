"""The page speaks one language at a time: all words of it, and names from the data harm none."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import pytest
from babel import Locale
from playwright.sync_api import expect

from tests.conftest import PROJECT
from tests.support.browsing import DASHBOARD, QUIET, SOON, chromium, state
from tests.support.webserver import WebServer, put_row, row_as_json, write_row
from vessel_activity.web.words import manner_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import psycopg
    from playwright.sync_api import Browser, Page

PAGE = PROJECT / "dashboard"
FILES = {path.stem: path for path in sorted((PAGE / "words").glob("*.json"))}
ENGLISH = json.loads(FILES["en"].read_text(encoding="utf-8"))
PARTS = ("page", "script", "types", "rules")
SCRIPTS = sorted(PAGE.glob("*.js"))
# What is the same in every language.
UNTRANSLATED = {"\N{MIDDLE DOT}", "AIS", "API", "CSV", "JSON", "PNG", "!", "\N{EN DASH}"}


def words(language: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FILES[language].read_text(encoding="utf-8"))
    return found


def forms(text: str | dict[str, str]) -> list[str]:
    return [text] if isinstance(text, str) else list(text.values())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def web(module_url: str) -> Iterator[WebServer]:
    write_row(module_url)
    with WebServer(module_url) as running:
        yield running


def test_there_are_eight_languages() -> None:
    assert list(FILES) == ["ar", "de", "en", "es", "fr", "ja", "nb", "zh"]


@pytest.mark.parametrize("language", FILES)
def test_every_language_has_every_word_with_the_same_values_in_it(language: str) -> None:
    found = words(language)
    assert tuple(found) == PARTS
    categories = Locale.parse(language).plural_form.tags | {"other"}
    for part in PARTS:
        assert list(found[part]) == list(ENGLISH[part])
        for key, text in found[part].items():
            values = {frozenset(re.findall(r"\{(\w+)\}", form)) for form in forms(text)}
            english = frozenset(re.findall(r"\{(\w+)\}", forms(ENGLISH[part][key])[0]))
            assert values == {english}, key
            assert all(form.strip() == form != "" for form in forms(text)), key
            assert isinstance(text, dict) == isinstance(ENGLISH[part][key], dict), key
            if isinstance(text, dict):
                # The forms of the numbers from 0 to 200 and some above; not those of fractions.
                rule = Locale.parse(language).plural_form
                assert {rule(n) for n in (*range(200), 1000, 21_045)} <= set(text) <= categories


def test_every_word_is_used_and_no_key_is_there_twice() -> None:
    template = (PAGE / "vessels.html").read_text(encoding="utf-8")
    placed = set(re.findall(r"\{\{(\w+)\}\}", template))
    assert placed <= set(ENGLISH["page"]) | set(ENGLISH["script"])
    assert set(ENGLISH["page"]) <= placed
    assert set(ENGLISH["page"]) & set(ENGLISH["script"]) == set()
    code = "\n".join(path.read_text(encoding="utf-8") for path in SCRIPTS)
    said = set(re.findall(r'"(\w+)"', code)) | set(re.findall(r"\b(\w+): \"", code))
    said |= set(re.findall(r"^const NOTES = \{ (\w+)|, (\w+): \"active", code)[0])
    begun = tuple(re.findall(r"say\(`(\w+)\$", code))
    unused = [key for key in ENGLISH["script"] if key not in said | placed]
    assert [key for key in unused if not key.startswith(begun)] == []


class Visible(HTMLParser):
    """Collects the texts of a page that a reader sees or hears."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: D102
        heard = {"aria-label", "aria-roledescription", "title", "alt"}
        if tag == "meta" and ("name", "description") in attrs:
            heard.add("content")
        self.texts |= {str(value) for name, value in attrs if name in heard}

    def handle_data(self, data: str) -> None:  # noqa: D102
        self.texts.add(data.strip())


def test_the_page_itself_has_no_words_of_a_language() -> None:
    seen = Visible()
    seen.feed((PAGE / "vessels.html").read_text(encoding="utf-8"))
    left = {re.sub(r"\{\{?\w+\}?\}", "", text).strip() for text in seen.texts}
    assert left - UNTRANSLATED - {""} == set()


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_has_no_words_of_a_language(path: Path) -> None:
    code = re.sub(r"(?m)^\s*(//|\*|/\*\*).*$|\s// .*$", "", path.read_text(encoding="utf-8"))
    code = re.sub(r"new Error\(.*\)", "", code)
    texts = re.findall(r'"([^"\n]*)"|`([^`]*)`', code)
    # A sentence or a name: a capital letter, small ones, and another word.
    spoken = [text for pair in texts for text in pair if re.search(r"\b[A-Z][a-z]+ [a-z]", text)]
    assert spoken == []


def test_the_stylesheet_has_no_words() -> None:
    style = (PAGE / "style.css").read_text(encoding="utf-8")
    assert re.findall(r'content: "[^"]*\w', style) == []


def test_every_type_of_ship_that_is_stored_has_a_name(db: psycopg.Connection) -> None:
    stored = db.execute("select distinct name from vessel_activity.ship_type").fetchall()
    assert set(ENGLISH["types"]) == {name for (name,) in stored} | {"Unknown"}


def test_every_rule_that_comes_with_vessel_activity_has_a_name(db: psycopg.Connection) -> None:
    rules = db.execute("select name from vessel_activity.watch").fetchall()
    assert set(ENGLISH["rules"]) == {name for (name,) in rules}
    # In English it is the name that the table and the webhook have.
    assert all(name == words for name, words in ENGLISH["rules"].items())


@pytest.mark.parametrize(
    ("asked", "header", "language", "tag", "numbers"),
    [
        (None, "de-CH,fr;q=0.5", "de", "de-CH", "de_CH"),
        (None, "pl-PL,pl,en-US;q=0.5", "en", "en-US", "pl_PL"),
        (None, "fa-IR", "en", "en-GB", "fa_IR"),
        (None, "no", "nb", "nb", "no"),
        (None, "nn-NO", "nb", "nb", "nn_NO"),
        (None, "zh-TW", "zh", "zh-Hans", "zh_Hant_TW"),
        (None, "zh-CN", "zh", "zh-Hans-CN", "zh_Hans_CN"),
        ("fr", "de-CH,fr-CA;q=0.5", "fr", "fr-CA", "fr_CA"),
        ("fr-BE", "fr-CA", "fr", "fr-BE", "fr_BE"),
        ("klingon", "es-MX", "es", "es-MX", "es_MX"),
        ("pl", "es-MX", "es", "es-MX", "es_MX"),
        (None, "", "en", "en-GB", "en"),
        # A header may hold anything.
        (None, 'de."><script>', "de", "de", "de"),
        (None, 'de@"><script>', "de", "de", 'de@"><script>'),
        ('de"><script>', "en", "en", "en", "en"),
    ],
)
def test_the_reader_gets_the_first_language_that_has_words_and_their_own_numbers(
    asked: str | None, header: str, language: str, tag: str, numbers: str
) -> None:
    manner = manner_of(header, asked)
    assert (manner.words.language, manner.tag, str(manner.numbers)) == (language, tag, numbers)


def open_in(browser: Browser, web: WebServer, query: str, **options: Any) -> Page:  # noqa: ANN401
    page = browser.new_context(timezone_id="Europe/Oslo", **options).new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(web.address + DASHBOARD + query)
    state(page, "live")
    expect(page.locator("#chart canvas")).to_be_visible(timeout=SOON)
    assert errors == []
    return page


@pytest.mark.parametrize("language", FILES)
def test_all_words_of_the_page_are_of_one_language(
    web: WebServer, browser: Browser, language: str
) -> None:
    put_row(web)
    page = open_in(browser, web, "", locale=language)
    own = words(language)
    expect(page.locator("html")).to_have_attribute("dir", "rtl" if language == "ar" else "ltr")
    assert str(page.locator("html").get_attribute("lang")).startswith(language)
    expect(page).to_have_title(own["page"]["title"])
    expect(page.locator("#state")).to_have_text(own["script"]["stateLive"])
    expect(page.locator("#trend-range")).to_have_text(own["script"]["range24h"])
    expect(page.locator("#mode")).to_have_text(own["script"]["stream"], timeout=SOON)
    expect(page.locator("#types .name").first).to_have_text(own["types"]["Cargo"])
    expect(page.locator("#reading")).to_have_text(own["script"]["noSamples"])
    # What is left are numbers, names from the data and the words of this language.
    seen = page.locator("body").inner_text()
    english = {
        text
        for part in ("page", "script")
        for each in ENGLISH[part].values()
        for text in forms(each)
    }
    own_texts = {
        text for part in ("page", "script") for each in own[part].values() for text in forms(each)
    }
    strange = {
        text for text in english - own_texts if re.search(r"[a-z]{5}", text) and text in seen
    }
    assert strange == set()
    page.context.close()


def test_the_address_chooses_the_language_of_words_and_numbers(
    web: WebServer, browser: Browser
) -> None:
    put_row(web)
    page = open_in(browser, web, "?lang=de", locale="en-GB")
    expect(page.locator("#activeNow")).to_have_text("4.812")
    expect(page.locator("#heardNow")).to_have_text("Schiffe in den letzten 5 Minuten empfangen")
    expect(page.locator("#flags .name").nth(1)).to_have_text("Norwegen")
    expect(page.locator("#as-of")).to_contain_text("MEZ")
    page.context.close()


def test_a_language_without_words_gets_english_ones_and_its_own_numbers(
    web: WebServer, browser: Browser
) -> None:
    put_row(web)
    page = open_in(browser, web, "", locale="pl-PL")
    expect(page.locator("#activeNow")).to_have_text("4\N{NO-BREAK SPACE}812")
    expect(page.locator("#flags .name").nth(1)).to_have_text("Norway")
    expect(page.locator("#as-of")).to_have_text(re.compile(r"^\d+ [A-Z][a-z]+ \d{4}, .* CES?T$"))
    page.context.close()


def test_one_vessel_is_not_called_vessels(web: WebServer, browser: Browser) -> None:
    put_row(web, active_now=1, active_last_hour=2)
    for scripts in (False, True):
        context = browser.new_context(locale="en-GB", java_script_enabled=scripts)
        page = context.new_page()
        page.goto(web.address + DASHBOARD)
        expect(page.locator("#heardNow")).to_have_text("vessel heard in the last 5 minutes")
        expect(page.locator("#heardLastHour")).to_have_text("vessels heard in the last hour")
        context.close()
    put_row(web, active_now=2, active_last_hour=5)
    page = open_in(browser, web, "", locale="ar")
    own = words("ar")["script"]
    expect(page.locator("#heardNow")).to_have_text(own["heardNow"]["two"])
    expect(page.locator("#heardLastHour")).to_have_text(own["heardLastHour"]["few"])
    page.context.close()


# The left edges of the parts of the time in the footer, in the order of the text.
EDGES = """() => {
  const text = document.getElementById("as-of").firstChild;
  return [...text.data.matchAll(/[\\p{L}\\p{N}]+/gu)].map(({ 0: part, index }) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + part.length);
    return [part, range.getBoundingClientRect().left];
  });
}"""


def test_an_arabic_date_reads_from_right_to_left(web: WebServer, browser: Browser) -> None:
    put_row(web)
    page = open_in(browser, web, "?tz=utc", locale="ar-EG")
    parts = page.evaluate(EDGES)
    at = row_as_json(web.url)["updatedAt"]
    year = at[:4].translate({0x30 + n: 0x660 + n for n in range(10)})
    named = [part for part, _ in parts]
    assert named.index(year) == 2  # day, month, year
    lefts = [left for _, left in parts[:3]]
    assert lefts == sorted(lefts, reverse=True)
    assert parts[-1][0] == "UTC"
    page.context.close()


def test_a_banner_is_in_the_language_too(web: WebServer, browser: Browser) -> None:
    put_row(web, active_now=0)
    for language, said in (("en", QUIET), ("ja", words("ja")["script"]["bannerQuiet"])):
        for scripts in (False, True):
            context = browser.new_context(locale=language, java_script_enabled=scripts)
            page = context.new_page()
            page.goto(web.address + DASHBOARD)
            expect(page.locator("#banner-text")).to_have_text(said)
            context.close()


def test_a_name_that_turns_the_text_around_is_harmless(web: WebServer, browser: Browser) -> None:
    override, closing = "\N{RIGHT-TO-LEFT OVERRIDE}", "\N{POP DIRECTIONAL ISOLATE}"
    turning = {override + "evil": 9, closing + "x": 2, "\u0646\u0641\u0637": 1}
    put_row(web, vessel_types=json.dumps(turning))
    for scripts in (False, True):
        context = browser.new_context(locale="en-GB", java_script_enabled=scripts)
        page = context.new_page()
        page.goto(web.address + DASHBOARD)
        names = page.locator("#types bdi.name")
        expect(names.nth(0)).to_have_text("\N{REPLACEMENT CHARACTER}evil")
        expect(names.nth(0)).to_have_attribute("title", "\N{REPLACEMENT CHARACTER}evil")
        expect(names.nth(1)).to_have_text("\N{REPLACEMENT CHARACTER}x")
        # A name that itself runs to the left stays beside its number.
        expect(names.nth(2)).to_have_text("\u0646\u0641\u0637")
        row = page.locator("#types li").nth(2)
        name, count = (row.locator(part).bounding_box() for part in (".name", ".count"))
        assert name is not None
        assert count is not None
        assert name["x"] < count["x"]
        context.close()
