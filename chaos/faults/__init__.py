"""The faults, by what they break. Importing a module adds its faults to the list."""

from __future__ import annotations

from importlib import import_module

_MODULES = ("processes", "network", "settings", "locks", "clock", "space", "cron", "copies", "web")


def load_all() -> None:
    """Fill the list of faults, in the order of the table."""
    for name in _MODULES:
        import_module(f"chaos.faults.{name}")
