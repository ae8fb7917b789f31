"""Fits the text of a file to the characters that the encoding of the database has."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import psycopg

UNREADABLE = "\ufffd"
"""Stands in a line for bytes of the file that are no UTF-8."""

# Each of these takes any UTF-8: the second stores bytes without looking at them.
_HOLD_ALL = {"UTF8", "SQL_ASCII"}
_NAME_PLACE = 9  # of the fields of vessel_activity.report


class Characters:
    """Replaces the characters that one database can't hold by question marks.

    The database is asked once about each character, because its conversions differ from those of
    Python.
    """

    def __init__(self, connection: psycopg.Connection) -> None:
        row = connection.execute("select pg_catalog.getdatabaseencoding()").fetchone()
        self._connection = connection
        self._holds_all = row is not None and row[0] in _HOLD_ALL
        self._known: set[str] = set()
        self._replaced: dict[int, str] = {}

    def fit(self, copy_text: bytes) -> tuple[bytes, int]:
        """Return rows that the database can hold, and how many names are not understood.

        Such a name has a character that the database can't hold, or bytes that are no UTF-8.
        """
        if copy_text.isascii() or (self._holds_all and UNREADABLE.encode() not in copy_text):
            return copy_text, 0
        rows = copy_text.split(b"\n")
        names = 0
        for number, row in enumerate(rows):
            if not row.isascii():
                text = row.decode()
                self._ask(text)
                name = text.split("\t")[_NAME_PLACE]
                names += any(c == UNREADABLE or ord(c) in self._replaced for c in name)
                rows[number] = text.translate(self._replaced).encode()
        return b"\n".join(rows), names

    def fit_text(self, text: str) -> str:
        """Return a text, such as the name of a file, that the database can hold."""
        text = text.encode(errors="replace").decode().replace("\0", "?")
        self._ask(text)
        return text.translate(self._replaced)

    def _ask(self, text: str) -> None:
        """Find the characters of a text that the database can't hold."""
        if self._holds_all or text.isascii():
            return
        unknown = {c for c in text if not c.isascii()} - self._known
        if unknown:
            refused = self._connection.execute(
                "select r from vessel_activity.load_unknown_characters(%s) as r",
                ([c.encode() for c in unknown],),
            ).fetchall()
            self._replaced.update({ord(c.decode()): "?" for (c,) in refused})
            self._known |= unknown
