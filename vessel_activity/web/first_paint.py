"""Writes the figures into the page itself, so that a reader sees them before any script has run.

The script writes the same words over them (dashboard/view.js and format.js). Tests compare the two.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from html import escape
from typing import Any

from babel import Locale, UnknownLocaleError, localedata
from babel.numbers import format_decimal, parse_pattern

UNKNOWN = "\N{EN DASH}"
_TEMPLATE = re.compile(r'<template id="bar">(.*?)</template>', re.DOTALL)
_REGIONAL_INDICATOR_A = 0x1F1E6
# The names and patterns of a locale stay in memory. They take about a megabyte each.
_MOST_LOCALES = 16
_ENGLISH = Locale("en")


def locale_of(accept_language: str) -> tuple[Locale, bool]:
    """Return the locale to write in, and whether the script will write in the same one.

    It is the first known locale of the Accept-Language header, since browsers send the reader's
    languages in order. A locale whose digits are not ASCII is skipped, because the text is written
    with ASCII digits. English is the last choice.
    """
    same = True
    for tag in accept_language.split(",")[:5]:
        try:
            locale = _kept(Locale.parse(tag.partition(";")[0].strip(), sep="-"))
        except (ValueError, UnknownLocaleError):
            continue
        if locale.default_numbering_system == "latn":
            return locale, same
        same = False
    return _kept(_ENGLISH), False


@lru_cache(maxsize=_MOST_LOCALES)
def _kept(locale: Locale) -> Locale:
    """Return a locale equal to the given one, and forget the data of locales not used lately.

    Babel keeps the data of every locale it has ever seen, and has no public way to forget one.
    """
    if len(localedata._cache) > _MOST_LOCALES:  # noqa: SLF001
        localedata._cache.clear()  # noqa: SLF001
    return locale


@lru_cache(maxsize=_MOST_LOCALES)
def filled(page: str, answer: str, locale: Locale) -> str:
    """Return the page with the figures of an answer (the nine keys as JSON) in its elements.

    If no vessel is active, the page is returned unchanged: it then needs words, which the script
    writes.
    """
    stats = json.loads(answer)
    if stats["activeNow"] == 0:
        return page
    words = _Words(locale)
    template = _TEMPLATE.search(page)
    if template is None:
        raise ValueError('the page has no <template id="bar">')
    types = [_Bar(name, "", count) for name, count in stats["vesselTypes"].items()]
    flags = [_Bar(*words.flag(row["flag"]), row["count"]) for row in stats["topFlags"]]
    total = stats["totalVessels"]
    inner = {
        **_numbers(stats, words),
        "types": _items(template[1], types, total, "Other types", words),
        "flags": _items(template[1], flags, total, "Other flags", words),
    }
    return re.sub(
        rf'(id="({"|".join(inner)})"[^>]*>)[^<]*',
        lambda found: found[1] + inner[found[2]],
        page,
    )


def _numbers(stats: dict[str, Any], words: _Words) -> dict[str, str]:
    """Return the text of each element that shows one number, by its id.

    Zeros are left out, because the page shows them as unknown.
    """
    counts = ("activeNow", "activeLastHour", "activeLast24h", "positionsLastHour", "totalVessels")
    texts = {key: words.count(stats[key]) for key in counts if stats[key] > 0}
    if stats["speedAvg"] > 0:
        texts["speedAvg"] = words.one_digit(stats["speedAvg"])
    texts["positionsPerSecond"] = words.one_digit(stats["positionsLastHour"] / 3600)
    texts["activeShare"] = words.share(stats["activeNow"], stats["activeLast24h"])
    return texts


@dataclass(frozen=True, slots=True)
class _Bar:
    """One row of a list: its name, a symbol before the name, and its number of vessels."""

    name: str
    symbol: str
    count: int
    kind: str = ""


def _items(template: str, bars: list[_Bar], total: int, rest: str, words: _Words) -> str:
    """Return the items of a list, the largest first, and the sum of all others at the end."""
    bars = sorted(bars, key=lambda bar: -bar.count)
    others = total - sum(bar.count for bar in bars)
    if others > 0:
        bars.append(_Bar(rest, "", others, "other"))
    longest = max([1, *(bar.count for bar in bars)])
    return "".join(
        template.format(
            kind=bar.kind,
            symbol=bar.symbol,
            name=escape(bar.name),
            count=words.count(bar.count),
            share=words.share(bar.count, total),
            length=_rounded(100 * bar.count / longest, "0.1"),
        )
        for bar in bars
    )


class _Words:
    """Numbers and names in one locale, as dashboard/format.js writes them."""

    def __init__(self, locale: Locale) -> None:
        self._locale = locale
        self._whole = locale.decimal_formats[None].pattern.partition(".")[0]
        self._percent = parse_pattern(locale.percent_formats[None].pattern)
        self._percent.frac_prec = (1, 1)

    def count(self, value: int) -> str:
        return format_decimal(value, self._whole, self._locale)

    def one_digit(self, value: float) -> str:
        return format_decimal(_rounded(value, "0.1"), f"{self._whole}.0", self._locale)

    def share(self, part: int, whole: int) -> str:
        if whole <= 0:
            return UNKNOWN
        return str(self._percent.apply(_rounded(part / whole, "0.001"), self._locale))

    def flag(self, text: str) -> tuple[str, str]:
        """Return a flag's name and symbol; a text that is no known ISO 3166 code stays as it is."""
        name = self._locale.territories.get(text) if re.fullmatch("[A-Z]{2}", text) else None
        if name is None:
            return text, ""
        return name, "".join(chr(_REGIONAL_INDICATOR_A + ord(letter) - ord("A")) for letter in text)


def _rounded(value: float, unit: str) -> Decimal:
    """Round half away from zero, starting from the float's shortest decimal, as browsers do."""
    return Decimal(repr(value)).quantize(Decimal(unit), ROUND_HALF_UP)
