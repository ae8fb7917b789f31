"""The dashboard's files, kept in memory. The page is sent with the current figures in it."""

from __future__ import annotations

import gzip
import json
import mimetypes
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from vessel_activity.paths import DASHBOARD, OPENAPI
from vessel_activity.web.content import Content, accepts_gzip
from vessel_activity.web.feed_truth import state_of, told_of
from vessel_activity.web.first_paint import Situation, explained, filled, is_empty
from vessel_activity.web.health import (
    age_seconds,
    database_clock,
    is_ahead,
    is_stale,
    report_age_seconds,
)
from vessel_activity.web.words import WORDS_SLOT, manner_of, worded

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from starlette.requests import Request

    from vessel_activity.web.answer import Answer
    from vessel_activity.web.listener import Listener

_SLOT = '<script type="application/json" id="current"></script>'
# Looks that the address may ask for (?kiosk, ?embed), as classes of the body.
_LOOKS = ("kiosk", "embed")
_STYLE = '<link rel="stylesheet" href="style.css">'
_KIOSK_STYLE = '<link rel="stylesheet" href="kiosk.css">'
# ?theme=: the colours, whatever the reader's system prefers.
_THEMES = ("light", "dark")
# The indent of a line, and a comment that has lines of its own. Its empty lines stay, so that a
# browser counts lines as the source does.
_COMMENT = re.compile(rb"^[ \t]*(?://[^\n]*$|/\*.*?\*/[ \t]*$)?", re.MULTILINE | re.DOTALL)
_PANEL = 'data-panel="{}"'
# Makes the browser wait with its first paint until the script has run.
_BLOCKING = ' blocking="render"'
_SIMULATED = ('id="simulated" hidden', 'id="simulated"')
_TYPES = {
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".ts": "text/plain",  # others take it for a video
    ".txt": "text/plain",
}


@dataclass(frozen=True, slots=True)
class _File:
    content: Content
    media_type: str

    def answer(self, request: Request, fence: Mapping[str, str]) -> Response:
        """Answer a request for the file. Browsers keep it, but ask each time."""
        return self.content.respond(
            request, self.media_type, {"cache-control": "no-cache", **fence}
        )


class Dashboard:
    """Serves /dashboard/vessels and the files it needs, with the headers that restrict the page.

    The files are read once, at the start. embed_origins: web origins that may show the page in a
    frame, and only with ?embed.
    """

    def __init__(self, listener: Listener, embed_origins: tuple[str, ...]) -> None:
        self._listener = listener
        self._embed_origins = embed_origins
        files = {path.relative_to(DASHBOARD).as_posix(): path for path in DASHBOARD.rglob("*.*")}
        self._files = {name: _load(path) for name, path in files.items() if name != "vessels.html"}
        self._page = files["vessels.html"].read_text(encoding="utf-8")
        for part in (_SLOT, WORDS_SLOT, _STYLE, _BLOCKING, _SIMULATED[0], "<body"):
            if self._page.count(part) != 1:
                raise ValueError(f"{files['vessels.html']} must hold {part} exactly once")

    async def page(self, request: Request) -> Response:
        """GET /dashboard/vessels: the page with the current figures in it.

        A data block holds the figures for the script; null means that there are none yet. They are
        also written into the text of the page, with their time, and with the reason if they are not
        up to date. If they are, and the script will write them alike, the browser may paint before
        the script has run, and the reader sees no figure change.
        """
        if self._listener.answer is None and self._listener.failure is None:
            await self._listener.first_try()
        answer = self._listener.servable()[0]
        query = request.query_params
        manner = manner_of(request.headers.get("accept-language", ""), query.get("lang"))
        page = worded(self._page, manner.words, manner.tag, manner.direction)
        page = _arranged(page, query)
        if manner.asked:
            page = page.replace("<html", f'<html data-numbers="{manner.tag}"', 1)
        if answer is not None and answer.reading.simulated:
            page = page.replace(*_SIMULATED)
        situation = _situation(self._listener, answer)
        page = explained(page, situation, manner)
        if answer is not None and answer.reading.present:
            feed = self._listener.feed
            reports = feed.reports_last_minute if feed else None
            page = filled(page, answer.reading.body, reports, manner)
        is_filled = situation.name == "live" and manner.same
        if is_filled:
            page = page.replace(_BLOCKING, "")
        block = self._current(is_filled=is_filled)
        body = page.replace(_SLOT, _SLOT.replace("><", f">{block}<")).encode()
        headers = {"cache-control": "no-store", **self._fence("embed" in request.query_params)}
        if accepts_gzip(request.headers.get("accept-encoding", "").encode()):
            body = gzip.compress(body, 5)
            headers |= {"content-encoding": "gzip"}
        headers["vary"] = "accept-encoding, accept-language"
        return Response(body, media_type="text/html", headers=headers)

    async def file(self, request: Request) -> Response:
        """GET /dashboard/<file>."""
        file = self._files.get(request.path_params["name"])
        if file is None:
            return Response("Not found\n", status_code=404, media_type="text/plain")
        # A browser heeds these headers on pages only. Scripts and styles go without their weight.
        scripted = file.media_type in {"text/javascript", "text/css"}
        return file.answer(request, {} if scripted else self._fence(embed=False))

    def _current(self, *, is_filled: bool) -> str:
        answer, age = self._listener.servable()
        known = {
            "now": round(database_clock(self._listener) * 1000),
            "filled": is_filled,
            "unconfirmedSeconds": age,
            "present": answer.reading.present if answer else None,
            "staleAfterSeconds": answer.reading.stale_after_seconds if answer else None,
            "simulated": answer.reading.simulated if answer else False,
            "feed": told_of(self._listener.feed, answer.reading.body if answer else None),
        }
        body = answer.reading.body if answer else "null"
        text = f'{json.dumps(known)[:-1]}, "answer": {body}}}'
        # A type or flag may hold anything, also "</script>".
        return text.replace("<", "\\u003c")

    def _fence(self, embed: bool) -> dict[str, str]:
        ancestors = " ".join(self._embed_origins) if embed and self._embed_origins else "'none'"
        fence = {
            "content-security-policy": (
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
                "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; "
                f"frame-ancestors {ancestors}"
            ),
            "referrer-policy": "no-referrer",
            "permissions-policy": "camera=(), geolocation=(), microphone=()",
            "cross-origin-opener-policy": "same-origin",
        }
        if ancestors == "'none'":
            fence["x-frame-options"] = "DENY"
        return fence


def _arranged(page: str, query: Mapping[str, str]) -> str:
    """Return the page in the looks that the address asks for."""
    looks = [look for look in _LOOKS if look in query]
    panel = _PANEL.format(query.get("embed"))
    if panel in page:
        looks.append("single")
        page = page.replace(panel, f"{panel} data-shown")
    page = page.replace("<body", f'<body class="{" ".join(looks)}"', 1)
    if _LOOKS[0] in looks:
        page = page.replace(_STYLE, f"{_STYLE}\n{_KIOSK_STYLE}", 1)
    theme = query.get("theme")
    if theme in _THEMES:
        page = page.replace("<html", f'<html data-theme="{theme}"', 1)
        page = page.replace('content="light dark"', f'content="{theme}"', 1)
        for scheme in _THEMES:
            media = f'media="(prefers-color-scheme: {scheme})"'
            page = page.replace(media, f'media="{"all" if scheme == theme else "not all"}"', 1)
    return page


def _situation(listener: Listener, answer: Answer | None) -> Situation:
    """Return the state of the page as its script will find it, and the age of its numbers."""
    age = age_seconds(listener) if answer is not None and answer.reading.present else None
    if listener.failure is not None:
        return Situation("failing", age)
    if answer is None:
        return Situation("waiting", age)
    if not answer.reading.present:
        return Situation("missing", age)
    if is_ahead(listener):
        return Situation("ahead", age)
    body = answer.reading.body
    state = "empty" if is_empty(body) else state_of(listener.feed, body)
    return Situation("stale" if is_stale(listener) else state, age, report_age_seconds(listener))


def _load(path: Path) -> _File:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0]
    body = path.read_bytes()
    # Without comments and indents a browser loads a quarter less. The licence of uPlot stays.
    if path.suffix in {".js", ".css"} and path.parent == DASHBOARD:
        body = _COMMENT.sub(lambda found: b"\n" * found[0].count(b"\n"), body)
    return _File(Content.of(body), kind or "application/octet-stream")


class Description:
    """GET /openapi.json: the description of the API, kept in memory."""

    def __init__(self) -> None:
        self._file = _load(OPENAPI)

    async def __call__(self, request: Request) -> Response:
        """Answer one request."""
        return self._file.answer(request, {})
