"""Where AIS messages come from: the sources that `vessel-activity feed` is told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from vessel_activity.errors import SourceError
from vessel_activity.settings import address_of

if TYPE_CHECKING:
    from collections.abc import Sequence

AISSTREAM_URL = "wss://stream.aisstream.io/v0/stream"
SILENCE_SECONDS = 60.0
FORMS = "tcp://host:port, udp://host:port, file:PATH, - (standard input) or aisstream:"

_LONGEST_NAME = 100
_WORLD = ((-90.0, -180.0), (90.0, 180.0))
_COMMON = {"name", "silence"}
_KEYS = {
    "tcp": {*_COMMON, "hello"},
    "udp": _COMMON,
    "file": _COMMON,
    "-": _COMMON,
    "aisstream": {*_COMMON, "box", "mmsi", "url"},
}

Box = tuple[tuple[float, float], tuple[float, float]]
"""Two corners, each latitude and longitude in degrees."""


@dataclass(frozen=True, slots=True)
class Source:
    """One source of AIS messages.

    Attributes:
        kind: tcp, udp, file, - or aisstream.
        name: its name in the database, and in the log.
        address: what it is, without a key or password.
        silence: after how many seconds without a byte it counts as silent; 0 for never.
        host: host of a tcp or udp source.
        port: port of a tcp or udp source.
        hello: the environment variable whose text is sent to a tcp source after each connect.
        path: file of a file source.
        url: URL of the WebSocket of aisstream.
        boxes: areas that aisstream is asked for.
        mmsis: the ships that aisstream is asked for; none stands for all.

    """

    kind: str
    name: str
    address: str
    silence: float = SILENCE_SECONDS
    host: str = ""
    port: int = 0
    hello: str = ""
    path: Path = Path()
    url: str = AISSTREAM_URL
    boxes: tuple[Box, ...] = (_WORLD,)
    mmsis: tuple[str, ...] = ()


def sources(texts: Sequence[str]) -> list[Source]:
    """Read the sources of a command line.

    Raises:
        SourceError: one of them can't be read, or two have the same name.

    """
    found = [source(text) for text in texts]
    names = [one.name for one in found]
    for name in names:
        if names.count(name) > 1:
            raise SourceError(
                f"two sources have the name {name}; give one of them another name, "
                f"for example {texts[names.index(name)]}?name=second"
            )
    return found


def source(text: str) -> Source:
    """Read one source, such as tcp://host:port?name=coast&silence=120.

    Raises:
        SourceError: it can't be read; the message says why.

    """
    kind, rest, options = _taken_apart(text)
    given = dict(options)
    unknown = sorted(given.keys() - _KEYS[kind])
    if unknown:
        raise SourceError(
            f"{text} has the unknown option {unknown[0]}; "
            f"known are {', '.join(sorted(_KEYS[kind]))}"
        )
    silence = _silence(text, given.get("silence"))
    if kind in {"tcp", "udp"}:
        host, port = _host_and_port(text, kind, rest)
        address = f"{kind}://{address_of(host, port)}"
        name = _name(text, given, address_of(host, port))
        return Source(kind, name, address, silence, host, port, _hello(text, given.get("hello")))
    if kind == "file":
        if not rest:
            raise SourceError(f"{text} names no file; the form is file:PATH")
        return Source(kind, _name(text, given, Path(rest).name), text, silence, path=Path(rest))
    if kind == "-":
        return Source(kind, _name(text, given, "standard input"), "standard input", silence)
    return Source(
        kind,
        _name(text, given, "aisstream"),
        "aisstream:",
        silence,
        url=_url(text, given.get("url", AISSTREAM_URL)),
        boxes=tuple(_box(text, value) for key, value in options if key == "box") or (_WORLD,),
        mmsis=_mmsis(text, [value for key, value in options if key == "mmsi"]),
    )


def _taken_apart(text: str) -> tuple[str, str, list[tuple[str, str]]]:
    """Return the kind of a source, what follows it, and its options."""
    place, _, query = text.partition("?")
    options = parse_qsl(query, keep_blank_values=True)
    if place == "-":
        return "-", "", options
    kind, colon, rest = place.partition(":")
    if kind == "file" and colon:
        # A file may have a question mark in its name.
        if "?" in text and (Path(text[5:]).exists() or not options):
            return kind, text[5:], []
        return kind, rest, options
    if kind in {"tcp", "udp"} and rest.startswith("//"):
        return kind, rest[2:], options
    if kind == "aisstream" and colon:
        return kind, rest, options
    if Path(text).is_file():
        raise SourceError(f"{text} is a file; write file:{text}")
    raise SourceError(f"{text!r} is no source; a source is {FORMS}")


def _host_and_port(text: str, kind: str, rest: str) -> tuple[str, int]:
    try:
        parts = urlsplit(f"//{rest}")
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if kind == "udp" and not host and port is not None:
        host = "127.0.0.1"  # nothing listens to other machines unless asked
    if not host or port is None or parts.username or parts.path.strip("/"):
        raise SourceError(
            f"{text} must be {kind}://host:port, for example {kind}://127.0.0.1:10110"
        )
    if port == 0 and kind == "tcp":
        raise SourceError(f"{text} must name a port from 1 to 65535")
    return host, port


def _name(text: str, given: dict[str, str], otherwise: str) -> str:
    name = given.get("name", "").strip() or otherwise
    if len(name) > _LONGEST_NAME or not name.isprintable():
        raise SourceError(
            f"the name of {text} must have at most {_LONGEST_NAME} characters, all printable"
        )
    return name


def _silence(text: str, value: str | None) -> float:
    if value is None:
        return SILENCE_SECONDS
    if not re.fullmatch(r"[0-9]{1,6}(\.[0-9]{1,3})?", value, re.ASCII):
        raise SourceError(f"silence of {text} must be a number of seconds; 0 stands for never")
    return float(value)


def _hello(text: str, value: str | None) -> str:
    if value is None:
        return ""
    if not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", value, re.ASCII):
        raise SourceError(
            f"hello of {text.partition('?')[0]} must name an environment variable, since others "
            "can see the command line; for example SPIRE_LOGIN='A|T|…' and hello=SPIRE_LOGIN"
        )
    return value


def _url(text: str, value: str) -> str:
    if not re.fullmatch(r"wss?://[^\s/@]+(/\S*)?", value):
        raise SourceError(f"url of {text} must be a WebSocket URL such as {AISSTREAM_URL}")
    return value


def _box(text: str, value: str) -> Box:
    form = f"box of {text} must be south,west,north,east in degrees, for example box=54,4,62,13"
    try:
        south, west, north, east = (float(part) for part in value.split(","))
    except ValueError:
        raise SourceError(form) from None
    if not (-90 <= south <= north <= 90 and -180 <= west <= 180 and -180 <= east <= 180):  # noqa: PLR2004
        raise SourceError(form)
    return (south, west), (north, east)


def _mmsis(text: str, values: Sequence[str]) -> tuple[str, ...]:
    mmsis = tuple(part for value in values for part in value.split(","))
    for mmsi in mmsis:
        if not re.fullmatch("[0-9]{9}", mmsi, re.ASCII):
            raise SourceError(f"mmsi of {text} must list numbers of nine digits, not {mmsi!r}")
    return mmsis
