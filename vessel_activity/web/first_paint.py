"""Writes the figures into the page itself, so that a reader sees them before any script has run.

The script writes the same words over them (dashboard/view.js and format.js). Tests compare the two.
A reader without scripts also sees what the numbers are from, and why they are not up to date.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from html import escape
from typing import TYPE_CHECKING, Any

from babel.dates import format_datetime
from babel.numbers import format_decimal, parse_pattern

if TYPE_CHECKING:
    from vessel_activity.web.words import Manner

UNKNOWN = "\N{EN DASH}"
_TEMPLATE = re.compile(r'<template id="bar">(.*?)</template>', re.DOTALL)
_REGIONAL_INDICATOR_A = 0x1F1E6
# Characters that change the direction of the text after them. In a name they can turn "evil" into
# "live". dashboard/format.js has the same ones.
_DIRECTING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_MOST_PAGES = 16
_NUMBERS = ("activeNow", "activeLastHour", "activeLast24h", "positionsLastHour")
_NOTES = {
    "heardNow": "activeNow",
    "heardLastHour": "activeLastHour",
    "heardLast24h": "activeLast24h",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What the server knows about the numbers.

    Attributes:
        name: the state of the page: "live", "stale" and so on, as in dashboard/app.js.
        age_seconds: how old the numbers are; None if there are none.
        report_age_seconds: how old the newest report is; None if it is not told.

    """

    name: str
    age_seconds: float | None
    report_age_seconds: float | None = None


def is_empty(answer: str) -> bool:
    """Tell whether the fleet is known to be empty."""
    stats = json.loads(answer)
    return bool(stats["totalVessels"] == 0 and stats["activeLast24h"] == 0)


def explained(page: str, situation: Situation, manner: Manner) -> str:
    """Return the page with its state, and the banner that explains it.

    A page that is live stays "connecting" until its script has run: without it nothing updates.
    """
    if situation.name == "live":
        return page
    words = manner.words
    age = situation.age_seconds
    old = "" if age is None else duration(abs(age), manner)
    how_old = words.say("noNumbers") if age is None else words.say("numbersAreOld", age=old)
    name = situation.name.capitalize()
    label = words.say(f"state{name}")
    report = duration(max(0, situation.report_age_seconds or 0), manner)
    banner = words.say(f"banner{name}", age=old, howOld=how_old, report=report)
    page = page.replace('data-state="connecting"', f'data-state="{situation.name}"', 1)
    page = page.replace('id="banner" hidden', 'id="banner"', 1)
    return _put(page, {"state": escape(label), "banner-text": escape(banner)})


@lru_cache(maxsize=_MOST_PAGES)
def filled(page: str, answer: str, reports_last_minute: int | None, manner: Manner) -> str:
    """Return the page with the figures of an answer (the nine keys as JSON) in its elements."""
    stats = json.loads(answer)
    forms = _Forms(manner)
    template = _TEMPLATE.search(page)
    if template is None:
        raise ValueError('the page has no <template id="bar">')
    words = manner.words
    types = [_Bar(words.type_name(key), "", n) for key, n in stats["vesselTypes"].items()]
    flags = [_Bar(*forms.flag(row["flag"]), row["count"]) for row in stats["topFlags"]]
    total = stats["totalVessels"]
    notes = {
        note: escape(words.say(note, stats[key] or None, manner.names))
        for note, key in _NOTES.items()
    }
    written_at = stats["updatedAt"]
    page = page.replace('<time id="as-of">', f'<time id="as-of" datetime="{written_at}">', 1)
    return _put(
        page,
        {
            **_numbers(stats, reports_last_minute, forms),
            **notes,
            "as-of": _instant(written_at, manner),
            "types": _items(template[1], types, total, words.say("otherTypes"), forms),
            "flags": _items(template[1], flags, total, words.say("otherFlags"), forms),
        },
    )


def _put(page: str, inner: dict[str, str]) -> str:
    """Return the page with text in elements that hold no others, by their ids."""
    return re.sub(
        rf'(id="({"|".join(inner)})"[^>]*>)[^<]*', lambda found: found[1] + inner[found[2]], page
    )


def _numbers(
    stats: dict[str, Any], reports_last_minute: int | None, forms: _Forms
) -> dict[str, str]:
    """Return the text of each element that shows one number, by its id.

    A count of zero is left out while no position comes in, because the page shows it as unknown.
    An empty fleet is known to be empty.
    """
    is_empty = stats["totalVessels"] == 0 and stats["activeLast24h"] == 0
    texts = {key: forms.count(stats[key]) for key in _NUMBERS if stats[key] > 0 or is_empty}
    texts["totalVessels"] = forms.count(stats["totalVessels"])
    if stats["speedAvg"] > 0:
        texts["speedAvg"] = forms.one_digit(stats["speedAvg"])
    if reports_last_minute is not None:
        texts["positionsPerSecond"] = forms.one_digit(reports_last_minute / 60)
    if stats["activeNow"] > 0:
        texts["activeShare"] = forms.share(stats["activeNow"], stats["activeLast24h"])
    return texts


@dataclass(frozen=True, slots=True)
class _Bar:
    """One row of a list: its name, a symbol before the name, and its number of vessels."""

    name: str
    symbol: str
    count: int
    kind: str = ""


def _items(template: str, bars: list[_Bar], total: int, rest: str, forms: _Forms) -> str:
    """Return the items of a list, the largest first, and the sum of all others at the end.

    A full bar is the whole fleet.
    """
    bars = sorted(bars, key=lambda bar: -bar.count)
    others = total - sum(bar.count for bar in bars)
    if others > 0:
        bars.append(_Bar(rest, "", others, "other"))
    return "".join(
        template.format(
            kind=bar.kind,
            symbol=bar.symbol,
            name=escape(_DIRECTING.sub("\N{REPLACEMENT CHARACTER}", bar.name)),
            count=forms.count(bar.count),
            share=forms.share(bar.count, total),
            length=_rounded(100 * bar.count / total, "0.1") if total else "0.0",
        )
        for bar in bars
    )


class _Forms:
    """Numbers and names for one reader, as dashboard/format.js writes them."""

    def __init__(self, manner: Manner) -> None:
        self._manner = manner
        self._locale = manner.numbers
        self._whole = self._locale.decimal_formats[None].pattern.partition(".")[0]
        self._percent = parse_pattern(self._locale.percent_formats[None].pattern)
        self._percent.frac_prec = (1, 1)

    def _decimal(self, value: Decimal | int, pattern: str) -> str:
        text = format_decimal(value, pattern, self._locale, numbering_system="default")
        return self._manner.in_digits(text)

    def count(self, value: int) -> str:
        return self._decimal(value, self._whole)

    def one_digit(self, value: float) -> str:
        return self._decimal(_rounded(value, "0.1"), f"{self._whole}.0")

    def share(self, part: int, whole: int) -> str:
        if whole <= 0:
            return UNKNOWN
        value = _rounded(part / whole, "0.001")
        text = str(self._percent.apply(value, self._locale, numbering_system="default"))
        # Babel writes the sign of the pattern, whatever the sign of the numbering system is.
        signs = self._locale.number_symbols.get(self._locale.default_numbering_system, {})
        return self._manner.in_digits(text.replace("%", signs.get("percentSign", "%")))

    def flag(self, text: str) -> tuple[str, str]:
        """Return a flag's name and symbol; a text that is no known ISO 3166 code stays as it is."""
        territories = self._manner.names.territories
        name = territories.get(text) if re.fullmatch("[A-Z]{2}", text) else None
        if name is None:
            # A flag state that is not known is called so, as a type is.
            return self._manner.words.type_name(text) if text == "Unknown" else text, ""
        return name, "".join(chr(_REGIONAL_INDICATOR_A + ord(letter) - ord("A")) for letter in text)


def duration(seconds: float, manner: Manner) -> str:
    """Return a duration in its two largest units, as dashboard/format.js does."""
    rest = int(seconds)
    units: list[str] = []
    for name, size in (("days", 86400), ("hours", 3600), ("minutes", 60), ("seconds", 1)):
        number, rest = divmod(rest, size)
        if number or units or size == 1:
            units.append(manner.words.say(name, n=_Forms(manner).count(number)))
    return " ".join(units[:2])


def _instant(text: str, manner: Manner) -> str:
    """Return an instant in words, in UTC: the server does not know the time zone of a reader."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    written = format_datetime(at, "medium", tzinfo=UTC, locale=manner.names)
    return escape(f"{written} UTC")


def _rounded(value: float, unit: str) -> Decimal:
    """Round half away from zero, starting from the float's shortest decimal, as browsers do."""
    return Decimal(repr(value)).quantize(Decimal(unit), ROUND_HALF_UP)
