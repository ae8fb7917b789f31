"""Where the files beside the Python code are: in a checkout, and in an installed package."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
IS_CHECKOUT = not (_PACKAGE / "migrations").is_dir()
"""Whether this runs from a checkout. A wheel has migrations/ and the rest inside the package."""

ROOT = _PACKAGE.parent if IS_CHECKOUT else _PACKAGE
"""The folder that holds server.py, migrations/, sql/, dashboard/ and openapi.json."""

MIGRATIONS = ROOT / "migrations"
FUNCTIONS = ROOT / "sql" / "functions"
INSTALL = ROOT / "sql" / "install"
ROLLBACK = ROOT / "sql" / "rollback"
DEMO = ROOT / "sql" / "demo"
DASHBOARD = ROOT / "dashboard"
OPENAPI = ROOT / "openapi.json"
SERVER = ROOT / "server.py"


def default_data_folder() -> Path:
    """Return the folder of the embedded server if no setting names one.

    In a checkout that is .data/. An installed package keeps the data where the user's other
    programs do, in $XDG_DATA_HOME or ~/.local/share.
    """
    if IS_CHECKOUT:
        return ROOT / ".data"
    shared = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(shared) / "vessel-activity"
