"""The errors that end a command. Each message says what happened, to what, and what to do."""

from __future__ import annotations


class VesselActivityError(Exception):
    """A command can't go on. The message is for the person who ran it."""


class SettingsError(VesselActivityError, ValueError):
    """An environment variable holds a value that can't be used."""


class LocalServerError(VesselActivityError):
    """A PostgreSQL server on this machine can't be made, started or stopped."""


class MigrationError(VesselActivityError):
    """Vessel activity can't be installed in a database or removed from it."""


class RefreshError(VesselActivityError):
    """A refresh gave no row."""


class NotAisError(VesselActivityError, ValueError):
    """A file can't be read as AIS reports."""


class MapError(VesselActivityError, ValueError):
    """What --map says of the columns of a file can't be used."""


class DemoError(VesselActivityError):
    """The demo can't be run."""


class SourceError(VesselActivityError, ValueError):
    """A source of a feed can't be used."""
