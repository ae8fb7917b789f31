"""The words of the page in each language, and the choice of a reader's language.

dashboard/words/<language>.json holds them. Its part `page` stands in the page itself, `script` is
sent to the script too (dashboard/words.js), `types` translates the ship types of AIS, and `rules`
the names of the rules of alerts that come with vessel activity.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from babel import Locale, UnknownLocaleError, localedata

from vessel_activity.paths import DASHBOARD

if TYPE_CHECKING:
    from collections.abc import Iterator

WORDS_SLOT = '<script type="application/json" id="words"></script>'
_LANGUAGE = '<html lang="en" dir="ltr"'
_PLACE = re.compile(r"\{\{(\w+)\}\}")
_VALUE = re.compile(r"\{(\w+)\}")
# What stands for a value in the words of the page.
_MARKUP = {
    "time": '<time id="as-of">\N{EN DASH}</time>',
    "link": '<a href="../api/database/vessel-stats-cached">/api/database/vessel-stats-cached</a>',
}
_RIGHT_TO_LEFT = {"ar"}
# Languages of readers, whose words are those of another language. Norwegian is written in two ways.
_SAME_WORDS = {"no": "nb", "nn": "nb"}
# What dates and names of countries are written in, for a reader none of whose languages is here.
_FALLBACK = "en-GB"
# The digits that a reader may be used to, by their numbering system: the code of zero.
_ZEROS = {"latn": 0x30, "arab": 0x660, "arabext": 0x6F0, "beng": 0x9E6, "deva": 0x966}
# Languages whose own digits every browser knows. Chromium writes Pashto with ASCII digits.
_OWN_DIGITS = {"ar", "bn", "fa", "mr"}
# The names and patterns of a locale stay in memory. They take about a megabyte each.
_MOST_LOCALES = 16
_MOST_TAGS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Words:
    """The words of one language."""

    language: str
    page: dict[str, str]
    script: dict[str, str | dict[str, str]]
    types: dict[str, str]
    rules: dict[str, str]

    def say(
        self, key: str, number: int | None = None, locale: Locale | None = None, **values: str
    ) -> str:
        """Return the words for a key, as dashboard/words.js does.

        Words that depend on a number have several forms. The locale has the rule.
        """
        words = self.script[key]
        if isinstance(words, dict):
            form = "other" if number is None or locale is None else locale.plural_form(number)
            words = words.get(form, words["other"])
        first, last = ("\u2068", "\u2069") if self.language in _RIGHT_TO_LEFT else ("", "")
        return _VALUE.sub(lambda place: f"{first}{values[place[1]]}{last}", words)

    def type_name(self, name: str) -> str:
        """Return the name of a type of ship; a name that AIS does not know stays as it is."""
        return self.types.get(name, name)


def _load() -> dict[str, Words]:
    found = {}
    for path in sorted((DASHBOARD / "words").glob("*.json")):
        found[path.stem] = Words(path.stem, **json.loads(path.read_text(encoding="utf-8")))
    return found


LANGUAGES = _load()


@dataclass(frozen=True, slots=True)
class Manner:
    """How to write for one reader.

    Attributes:
        words: the words.
        tag: the language of dates and names, a form of the language of the words: "de-CH".
        names: the same, as a locale.
        numbers: the locale of numbers. A reader whose language has no words here gets English words
            with the numbers that they are used to.
        asked: whether the address has named the language, which then is that of numbers too.
        same: whether the script will write in the same manner.

    """

    words: Words
    tag: str
    names: Locale
    numbers: Locale
    asked: bool
    same: bool

    @property
    def direction(self) -> str:
        """The direction in which the words run, as HTML calls it."""
        return "rtl" if self.words.language in _RIGHT_TO_LEFT else "ltr"

    def in_digits(self, text: str) -> str:
        """Return a text with the digits of the numbers' locale in place of ASCII digits."""
        return text.translate(_digits(self.numbers))


def _digits(locale: Locale) -> dict[int, int]:
    zero = _ZEROS[locale.default_numbering_system]
    return {0x30 + digit: zero + digit for digit in range(10)}


@lru_cache(maxsize=_MOST_LOCALES)
def _words_in_digits(words: Words, locale: Locale) -> Words:
    """Return words with the digits of a locale: Arabic is written with two kinds of digits."""
    digits = _digits(locale)

    def changed(texts: dict[str, Any]) -> dict[str, Any]:
        return {
            key: changed(text) if isinstance(text, dict) else text.translate(digits)
            for key, text in texts.items()
        }

    return replace(words, page=changed(words.page), script=changed(words.script))


def manner_of(accept_language: str, wanted: str | None = None) -> Manner:
    """Return how to write for a reader.

    Browsers send the reader's languages in order. The first of them that has words here gives the
    words, and the first that Babel knows the numbers. wanted: the language that the address names;
    a language without words is ignored.
    """
    tags = [tag.partition(";")[0].strip() for tag in accept_language.split(",")[:_MOST_TAGS]]
    asked = wanted is not None and (of_asked := _language_of(wanted)) is not None
    if wanted is not None and asked:
        # A reader from Switzerland who asks for German gets the German of Switzerland.
        alike = [tag for tag in tags if _language_of(tag) == of_asked]
        tags = [wanted, *alike] if "-" in wanted else [*alike, wanted]
    known = list(_known(tags))
    names = next((locale for locale in known if _language_of(locale.language)), _kept(_FALLBACK))
    language = _language_of(names.language) or "en"
    # There are Chinese words in simplified characters only. Names and dates must match the words.
    if names.language != language or names.script == "Hant":
        names = _kept({"zh": "zh-Hans"}.get(language, language))
    readable = [
        locale
        for locale in known
        if locale.default_numbering_system == "latn" or locale.language in _OWN_DIGITS
    ]
    if asked:
        numbers, same = names, True
    elif readable:
        numbers, same = readable[0], readable[0] is known[0]
    else:
        numbers, same = _kept("en"), False
    words = LANGUAGES[language]
    if numbers.language == language and numbers.default_numbering_system != "latn":
        words = _words_in_digits(words, numbers)
    return Manner(words, _tag(names), names, numbers, asked, same)


def _language_of(tag: str) -> str | None:
    """Return the language whose words a reader of a tag gets; None if there are none."""
    language = tag.lower().replace("_", "-").partition("-")[0]
    language = _SAME_WORDS.get(language, language)
    return language if language in LANGUAGES else None


def _known(tags: list[str]) -> Iterator[Locale]:
    """Yield the locale of each tag that Babel knows."""
    for tag in tags:
        try:
            yield _kept(tag)
        except (ValueError, UnknownLocaleError):
            continue


def _kept(tag: str) -> Locale:
    return _kept_locale(Locale.parse(tag, sep="-"))


@lru_cache(maxsize=_MOST_LOCALES)
def _kept_locale(locale: Locale) -> Locale:
    """Return a locale equal to the given one, and forget the data of locales not used lately.

    Babel keeps the data of every locale it has ever seen, and has no public way to forget one.
    """
    if len(localedata._cache) > _MOST_LOCALES:  # noqa: SLF001
        localedata._cache.clear()  # noqa: SLF001
    return locale


def _tag(locale: Locale) -> str:
    """Return a locale as a language tag. A header may hold more than a tag: "de.x", "de@x"."""
    return "-".join(part for part in (locale.language, locale.script, locale.territory) if part)


@lru_cache(maxsize=_MOST_LOCALES)
def worded(page: str, words: Words, tag: str, direction: str) -> str:
    """Return the template of the page with the words of one language in it."""

    def text(place: re.Match[str]) -> str:
        found = words.page.get(place[1]) or words.say(place[1])
        return _VALUE.sub(lambda value: _MARKUP[value[1]], escape(found))

    # The script keeps a name for which there are no words.
    names = {"types": words.types, "rules": words.rules}
    parts = {"script": words.script} | {
        part: {name: said for name, said in found.items() if said != name}
        for part, found in names.items()
    }
    sent = json.dumps(parts, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    page = _PLACE.sub(text, page)
    page = page.replace(_LANGUAGE, f'<html lang="{tag}" dir="{direction}"', 1)
    return page.replace(WORDS_SLOT, WORDS_SLOT.replace("><", f">{sent}<"), 1)
