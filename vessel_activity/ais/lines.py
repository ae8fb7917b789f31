"""Takes the bytes of a source apart into lines, and gives each line to the reader of its form."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vessel_activity.ais.heard import Heard
from vessel_activity.ais.json_messages import JsonReader
from vessel_activity.ais.nmea import NmeaReader

if TYPE_CHECKING:
    from vessel_activity.ais.messages import Tally

LONGEST_LINE_BYTES = 64 * 1024
TOO_LONG = "line too long"
_SHOWN_BYTES = 200


class LineReader:
    """Reads lines of NMEA and of JSON, mixed or not, from bytes that come in pieces of any size.

    No input makes it fail, and its memory does not grow with what it reads.

    heard: what other readers of the same program have heard.
    """

    def __init__(self, tally: Tally, heard: Heard | None = None) -> None:
        self._tally = tally
        heard = heard or Heard()
        self._nmea = NmeaReader(tally, heard)
        self._json = JsonReader(tally, heard)
        self._rest = b""
        self._is_skipping = False

    def set_tally(self, tally: Tally) -> None:
        """Count into another tally from now on."""
        self._tally = self._nmea.tally = tally
        self._json.set_tally(tally)

    def feed(self, piece: bytes, arrived: float) -> None:
        """Read the next bytes. A line that they do not end is kept until its end comes.

        arrived: when they arrived, in seconds since 1970.
        """
        if self._rest:
            piece = self._rest + piece
        *whole, rest = piece.split(b"\n")
        for line in whole:
            if self._is_skipping:
                self._is_skipping = False
            else:
                self.read(line, arrived)
        if len(rest) > LONGEST_LINE_BYTES:
            if not self._is_skipping:
                self.read(rest, arrived)  # which rejects it
            self._is_skipping = True
            rest = b""
        self._rest = rest

    def datagram(self, piece: bytes, arrived: float) -> None:
        """Read the lines of a datagram, whose last line needs no end."""
        for line in piece.split(b"\n"):
            self.read(line, arrived)

    def read(self, line: bytes, arrived: float | None) -> None:
        """Read one line."""
        line = line.strip()
        if len(line) > LONGEST_LINE_BYTES:
            self._tally.lines += 1
            self._tally.reject(TOO_LONG, line[:_SHOWN_BYTES])
            return
        if line[:1] in {b"{", b"["}:
            self._json.read(line, arrived)
        else:
            self._nmea.read(line, arrived)

    def expire(self, now: float) -> None:
        """Give up parts of messages that have waited for too long."""
        self._nmea.expire(now)
        self._json.expire(now)

    def cut(self, arrived: float) -> None:
        """Read the unfinished line at the end of a connection: nothing will follow it."""
        rest, self._rest = self._rest, b""
        if rest and not self._is_skipping:
            self.read(rest, arrived)
        self._is_skipping = False

    def finish(self) -> None:
        """Give up all parts of messages, since no more lines will come."""
        self._nmea.finish()
        self._json.finish()
