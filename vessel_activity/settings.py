"""Every environment variable, read and checked in one place."""

from __future__ import annotations

import ipaddress
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
from psycopg.conninfo import conninfo_to_dict

from vessel_activity import logs
from vessel_activity.errors import SettingsError
from vessel_activity.paths import default_data_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

_PREFIX = "VESSEL_ACTIVITY_"
VARIABLES = {
    "DATABASE_URL": "libpq URL of the database; without it an embedded PostgreSQL is used",
    "HOST": "address the server listens on (127.0.0.1)",
    "PORT": "port the server listens on (8000)",
    _PREFIX + "FALLBACK": "whether the server refreshes when nobody else does (on)",
    _PREFIX + "DATA_DIR": "folder of the embedded PostgreSQL",
    _PREFIX + "ANSWER_TIMEOUT_SECONDS": "how long the server waits for the database (2)",
    _PREFIX + "STALE_ANSWER_SECONDS": "how long it serves an old answer without the database (300)",
    _PREFIX + "MAX_STREAMS": "event-stream clients at a time (1000)",
    _PREFIX + "MAX_CONNECTIONS": "connections of clients at a time (MAX_STREAMS + 1000)",
    _PREFIX + "MAX_CONNECTIONS_PER_ADDRESS": "the same of one client address (100; see the docs)",
    _PREFIX
    + "LOG_FORMAT": "format of the log of the server and the refresh loop: text or json (text)",
    _PREFIX + "CORS_ORIGINS": "web origins whose pages may read the API (none)",
    _PREFIX + "EMBED_ORIGINS": "web origins that may show the dashboard in a frame (none)",
    _PREFIX + "FEED_SPOOL_MB": "what a feed keeps on disk while the database is away (1024)",
    _PREFIX + "WEBHOOK_URL": "where the server delivers alerts, as JSON (nowhere)",
    "AISSTREAM_API_KEY": "key of aisstream.io, for the source aisstream: of a feed",
}
"""Every environment variable, with its meaning and its default in a few words."""

_ON = {"on", "true", "yes", "1"}
_OFF = {"off", "false", "no", "0"}


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings, as `from_env` reads and checks them.

    Attributes:
        database_url: libpq URL of the database; None stands for the embedded server.
        host: address the web server listens on.
        port: TCP port the web server listens on; 0 lets the system choose one.
        fallback: whether the refresh loop runs in the server.
        data_dir: folder of the embedded server; it is made when it is first needed.
        answer_timeout_seconds: how long the server waits for the database before it answers 500.
        stale_answer_seconds: how long the last good answer is served while the database is away; if
            it is 0, the server then answers 500 at once.
        max_streams: how many event-stream clients one server process serves at a time.
        max_connections: how many connections of clients one server process has at a time.
        max_connections_per_address: the same for one client address; 0: no limit.
        cors_origins: web origins whose pages may read the API; ("*",) means all.
        embed_origins: web origins that may show the dashboard in a frame (with ?embed).
        feed_spool_mb: how many MB a feed keeps on disk while the database is away; 0 for none.
        webhook_url: where the server delivers alerts; it is never shown, since it holds a secret.
        aisstream_api_key: key of aisstream.io; it is never shown.

    """

    database_url: str | None = None
    host: str = "127.0.0.1"
    port: int = 8000
    fallback: bool = True
    data_dir: Path = field(default_factory=default_data_folder)
    answer_timeout_seconds: float = 2.0
    stale_answer_seconds: float = 300.0
    max_streams: int = 1000
    max_connections: int = 2000
    max_connections_per_address: int = 0
    cors_origins: tuple[str, ...] = ()
    embed_origins: tuple[str, ...] = ()
    feed_spool_mb: int = 1024
    webhook_url: str | None = field(default=None, repr=False)
    aisstream_api_key: str | None = field(default=None, repr=False)

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Read the settings from the environment; an empty variable counts as unset.

        Raises:
            SettingsError: a variable can't be used. The message never holds a password.

        """
        env = {k: v.strip() for k, v in (os.environ if environ is None else environ).items()}
        log_format = env.get(_PREFIX + "LOG_FORMAT", "").lower()
        if log_format not in {"", *logs.FORMATS}:
            raise SettingsError(f"{logs.VARIABLE} must be text or json, not {log_format!r}")
        host = env.get("HOST") or "127.0.0.1"
        max_streams = int(
            _number(env, _PREFIX + "MAX_STREAMS", 1000, low=0, high=50_000, whole=True)
        )
        # At a loopback address all clients are of this machine, most often one proxy for everybody.
        per_address = 0 if is_loopback(host) else 100
        return cls(
            database_url=_database_url(env.get("DATABASE_URL", "")),
            host=host,
            port=int(_number(env, "PORT", 8000, low=0, high=65535, whole=True)),
            fallback=_switch(env, _PREFIX + "FALLBACK", default=True),
            data_dir=Path(env.get(_PREFIX + "DATA_DIR") or default_data_folder())
            .expanduser()
            .absolute(),
            answer_timeout_seconds=_number(
                env, _PREFIX + "ANSWER_TIMEOUT_SECONDS", 2.0, low=0.05, high=60
            ),
            stale_answer_seconds=_number(
                env, _PREFIX + "STALE_ANSWER_SECONDS", 300.0, low=0, high=604_800
            ),
            max_streams=max_streams,
            max_connections=int(
                _number(
                    env,
                    _PREFIX + "MAX_CONNECTIONS",
                    max_streams + 1000,
                    low=10,
                    high=100_000,
                    whole=True,
                )
            ),
            max_connections_per_address=int(
                _number(
                    env,
                    _PREFIX + "MAX_CONNECTIONS_PER_ADDRESS",
                    per_address,
                    low=0,
                    high=100_000,
                    whole=True,
                )
            ),
            cors_origins=_origins(env, _PREFIX + "CORS_ORIGINS", anyone=True),
            embed_origins=_origins(env, _PREFIX + "EMBED_ORIGINS", anyone=False),
            feed_spool_mb=int(
                _number(env, _PREFIX + "FEED_SPOOL_MB", 1024, low=0, high=1_048_576, whole=True)
            ),
            webhook_url=_webhook_url(env, _PREFIX + "WEBHOOK_URL"),
            aisstream_api_key=env.get("AISSTREAM_API_KEY") or None,
        )


def address_of(host: str, port: int) -> str:
    """Write host and port as a URL has them, an IPv6 address in brackets."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def is_loopback(host: str) -> bool:
    """Tell whether a host is reached from its own machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _database_url(text: str) -> str | None:
    if not text:
        return None
    form = "postgresql://user:password@host:5432/database"
    if not text.startswith(("postgresql://", "postgres://")):
        raise SettingsError(f"DATABASE_URL must be a libpq URL of the form {form}")
    # libpq's own message quotes the part that it could not read, which may be the password. libpq
    # may also take a part of a password with @ or / in it for the host, the port or the database.
    unreadable = SettingsError(
        f"DATABASE_URL can't be read as a libpq URL of the form {form}; "
        "characters such as @ : / # % in a password must be percent-encoded"
    )
    if not re.fullmatch(r"\w+://([^@/]*@)?[^@?]*(\?.*)?", text):
        raise unreadable
    try:
        parsed = conninfo_to_dict(text)
    except psycopg.Error:
        raise unreadable from None
    if not parsed.get("dbname") and not urlsplit(text).path.strip("/"):
        raise SettingsError(f"DATABASE_URL names no database; the form is {form}")
    return text


def _number(
    env: Mapping[str, str],
    name: str,
    default: float,
    *,
    low: float,
    high: float,
    whole: bool = False,
) -> float:
    text = env.get(name, "")
    if not text:
        return default
    kind = "a whole number" if whole else "a number"
    try:
        value = int(text) if whole else float(text)
    except ValueError:
        raise SettingsError(
            f"{name} must be {kind} from {low:g} to {high:g}, not {text!r}"
        ) from None
    if not low <= value <= high:
        raise SettingsError(f"{name} must be {kind} from {low:g} to {high:g}, not {text!r}")
    return value


def _origins(env: Mapping[str, str], name: str, *, anyone: bool) -> tuple[str, ...]:
    """Read web origins separated by commas or spaces; `anyone` allows * for all origins."""
    origins = tuple(env.get(name, "").replace(",", " ").split())
    if anyone and origins == ("*",):
        return origins
    for origin in origins:
        if not re.fullmatch(r"https?://[A-Za-z0-9.\-\[\]:]+", origin):
            raise SettingsError(
                f"{name} must list origins such as https://example.org, without a path, "
                f"not {origin!r}"
            )
    return origins


def _webhook_url(env: Mapping[str, str], name: str) -> str | None:
    """Read the address of a webhook. Its path is often a secret, so no message quotes it."""
    text = env.get(name, "")
    if not text:
        return None
    wrong = SettingsError(
        f"{name} must be a URL such as https://chat.example.org/hooks/key, in ASCII, without a "
        "user name, a password or a fragment"
    )
    if not re.fullmatch(r"https?://[!-~]+", text):
        raise wrong
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise wrong from None
    if not parts.hostname or "@" in parts.netloc or "#" in text or port == 0:
        raise wrong
    return text


def _switch(env: Mapping[str, str], name: str, *, default: bool) -> bool:
    text = env.get(name, "").lower()
    if not text:
        return default
    if text in _ON:
        return True
    if text in _OFF:
        return False
    raise SettingsError(f"{name} must be on or off, not {text!r}")
