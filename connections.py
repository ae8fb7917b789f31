"""Connections to a database, and its errors in words for people; never a password."""

from __future__ import annotations

import psycopg
from psycopg.conninfo import conninfo_to_dict

_CONNECT_TIMEOUT_SECONDS = 10


def connect(url: str, *, purpose: str) -> psycopg.Connection:
    """Open an autocommit connection for a command of ours, to the primary of several hosts.

    Args:
        url: libpq URL.
        purpose: shown as application_name, after "vessel-activity ".

    Raises:
        psycopg.OperationalError: the database can't be reached or refuses us.

    """
    given = conninfo_to_dict(url)
    defaults: dict[str, str | int] = {"connect_timeout": _CONNECT_TIMEOUT_SECONDS}
    if "," in str(given.get("host") or ""):
        defaults["target_session_attrs"] = "read-write"
    connection = psycopg.connect(
        url,
        autocommit=True,
        application_name=f"vessel-activity {purpose}",
        **{name: value for name, value in defaults.items() if name not in given},  # type: ignore[arg-type]
    )
    # Whatever the database has as its default: a refresh must not be older than its instant.
    connection.execute("set default_transaction_isolation = 'read committed'")
    return connection


def name_of(url: str) -> str:
    """Name a database for people: host, port and database, never a password."""
    parts = conninfo_to_dict(url)
    host = parts.get("host") or parts.get("hostaddr") or "local socket"
    if str(host).startswith("/"):
        return f"database {parts.get('dbname')} (socket {host})"
    return f"database {parts.get('dbname')} on {host}:{parts.get('port') or 5432}"


def describe(error: Exception) -> str:
    """Put an error into lines for the operator: message, detail and hint of the database."""
    if not isinstance(error, psycopg.Error):
        return str(error).strip()
    diag = error.diag
    lines = [diag.message_primary or str(error).strip() or type(error).__name__]
    lines += [f"  detail: {diag.message_detail}"] if diag.message_detail else []
    lines += [f"  hint: {diag.message_hint}"] if diag.message_hint else []
    return "\n".join(lines)
