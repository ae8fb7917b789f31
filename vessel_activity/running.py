"""How a command runs: on the database of the settings, with its errors in plain words."""

from __future__ import annotations

import logging
import signal
import sys
from typing import TYPE_CHECKING, NoReturn

import psycopg

from vessel_activity import logs
from vessel_activity.database.attached import attached
from vessel_activity.database.connections import name_of
from vessel_activity.database.errors import describe
from vessel_activity.errors import VesselActivityError
from vessel_activity.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from types import FrameType


def on_file(file: Path, work: Callable[[str, Path], None]) -> None:
    """Do `work` with the database and the file; name the file in an error that is about it."""
    stop_on_signals(signal.SIGTERM)
    # A load that is stopped in the middle of a query can't roll back over that connection. It is
    # closed next, and psycopg would warn of it.
    logging.getLogger("psycopg").setLevel(logging.ERROR)
    if not file.is_file():
        fail(VesselActivityError(f"there is no file {file}"))
    try:
        on_settings_and_database(lambda _, url: work(url, file))
    except BrokenPipeError:
        raise  # who reads what is printed has gone
    except OSError as error:
        fail(VesselActivityError(f"{file} can't be read: {error.strerror}"))
    except KeyboardInterrupt:
        print(
            "stopped; all counted rows are loaded, and you may run the command again",
            file=sys.stderr,
        )
        sys.exit(130)


def on_database(work: Callable[[str], None]) -> None:
    """Do `work` with the URL of the database that the settings name."""
    try:
        on_settings_and_database(lambda _, url: work(url))
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        sys.exit(130)


def on_settings_and_database(work: Callable[[Settings, str], None]) -> None:
    """Do `work` with the settings and the URL of the database that they name."""

    def attach(settings: Settings) -> None:
        with attached(settings) as url:
            work(settings, url)

    on_settings(attach)


def on_settings(work: Callable[[Settings], None]) -> None:
    """Do `work`; end the program with a message for an error that the user can mend."""
    settings: Settings | None = None
    try:
        settings = Settings.from_env()
        work(settings)
    except (VesselActivityError, psycopg.Error) as error:
        fail(error, settings.database_url if settings else None)


def fail(error: Exception, url: str | None = None) -> NoReturn:
    """End the program with exit code 2, and with the error in plain words on standard error.

    A program whose log is JSON writes the error there, so that all its lines can be read alike.
    url: the database that was used. It is named if it could not be reached.
    """
    text = describe(error)
    if isinstance(error, psycopg.OperationalError) and error.sqlstate is None and url is not None:
        text = f"can't connect to {name_of(url)}: {text}\n  hint: check DATABASE_URL"
    if logs.is_json() and logging.getLogger().handlers:
        logging.getLogger("vessel_activity").critical("%s", text)
    else:
        print(f"error: {text}", file=sys.stderr)
    sys.exit(2)


def stop_on_signals(*numbers: int) -> None:
    """End on these signals as on Ctrl-C."""
    for number in numbers:
        signal.signal(number, _stop)


def _stop(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
