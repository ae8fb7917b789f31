"""Errors of the database as text for people and for the log, never with a password in it."""

from __future__ import annotations

import re

import psycopg

# What follows user: in a URL, or password= (also sslpassword=) in a connection string. Only there:
# a short password also stands in other words, and masking it in those would tell it.
_PASSWORD = re.compile(
    r"""(://[^\s:/@]*:)\S*(?=@)|(password\s*=\s*)(?:'(?:\\.|[^'\\])*'|[^\s&"]+)"""
)


def describe(error: BaseException) -> str:
    """Return an error as lines for a person: message, detail and hint, then the notes on it."""
    text = str(error).strip() or type(error).__name__
    if isinstance(error, psycopg.Error):
        diag = error.diag
        lines = [diag.message_primary or text]
        lines += [f"  detail: {diag.message_detail}"] if diag.message_detail else []
        lines += [f"  hint: {diag.message_hint}"] if diag.message_hint else []
        text = _without_password("\n".join(lines))
    return "\n".join([text, *(f"  {note}" for note in getattr(error, "__notes__", []))])


def in_one_line(error: BaseException) -> str:
    """Return the text of an error on one line, for the log."""
    return _without_password(" ".join(str(error).split()) or type(error).__name__)


def _without_password(text: str) -> str:
    return _PASSWORD.sub(r"\1\2***", text)
