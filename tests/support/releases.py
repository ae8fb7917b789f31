# ruff: noqa: E501, ISC004, S608 - SQL reads best as it stands in its file
"""Released versions of vessel activity: their SQL files, their code, and an invented older one."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import tarfile
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from tests.support.builds import client_program
from vessel_activity.install import sql_file

if TYPE_CHECKING:
    from collections.abc import Iterator

PROJECT = Path(__file__).resolve().parent.parent.parent
FILES = sorted((PROJECT / "tests" / "data" / "releases").glob("*.sql.gz"))
INVENTED = "older"
VERSIONS = [*(file.name.removesuffix(".sql.gz") for file in FILES), INVENTED]

# What the invented older version has in another form. Each text occurs in the present SQL file.
_CHANGED = (
    # The name of an argument.
    ("iso_instant(p_at timestamptz, p_fraction text", "iso_instant(p_at timestamptz, p_digits text"),
    ("'YYYY-MM-DD\"T\"HH24:MI:SS.' || p_fraction", "'YYYY-MM-DD\"T\"HH24:MI:SS.' || p_digits"),
    # The result of a function that others are built on.
    (
        "source_members()\nreturns table (source text, relation oid)",
        "source_members()\nreturns table (source text, relation oid, level integer)",
    ),
    ("select t.source, t.relation from tree as t", "select t.source, t.relation, 1 from tree as t"),
    # The result of a function that views of the user may be built on.
    (
        "public.vessel_activity_status()\n"
        "returns table (check_name text, state text, detail text, hint text)",
        "public.vessel_activity_status()\n"
        "returns table (check_name text, state text, detail text, advice text)",
    ),
    ("    k.failures\n  from", "    k.failures, 1 as rank\n  from"),
    # A function that the triggers call and the present version does not have.
    ("and vessel_activity.take_inbox_ticket();\n  return new", "and vessel_activity.old_ticket();\n  return new"),
    # The names of the triggers.
    ("t.trigger_name <> 'vessel_activity_'", "t.trigger_name <> 'old_activity_'"),
    ("'vessel_activity_' || v_event.what", "'old_activity_' || v_event.what"),
    ("t.tgname = 'vessel_activity_' || w.event", "t.tgname = 'old_activity_' || w.event"),
)  # fmt: skip
# Functions that only the older version has: signature and text.
_GONE = {
    "vessel_activity.old_ticket()": (
        "create or replace function vessel_activity.old_ticket() returns boolean language plpgsql"
        " as $$ begin return vessel_activity.take_inbox_ticket(); end $$;"
    ),
    "vessel_activity.group_name(text,integer)": (
        "create or replace function vessel_activity.group_name(p_value text, p_length integer)"
        " returns text language sql immutable return pg_catalog.left(p_value, p_length);"
    ),
    "public.vessel_activity_old_report()": (
        "create or replace function public.vessel_activity_old_report() returns bigint"
        " language sql stable return (select r.total_vessels from"
        " public.vessel_activity_realtime as r);"
    ),
}


def sql_of(version: str) -> str:
    """Return the SQL file that installs a version."""
    if version == INVENTED:
        return _invented()
    return gzip.decompress(
        (PROJECT / "tests" / "data" / "releases" / f"{version}.sql.gz").read_bytes()
    ).decode()


def install(url: str, version: str) -> None:
    """Install a version with psql."""
    done = subprocess.run(
        [client_program("psql"), "--no-psqlrc", url],
        input=sql_of(version).encode(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout.decode()


@contextmanager
def checkout(version: str, folder: Path) -> Iterator[Path]:
    """Give the folder of a version's code, from its tag; of the present one if there is no tag."""
    git = shutil.which("git")
    archive = None
    if git is not None:
        archive = subprocess.run(
            [git, "archive", f"v{version}"],
            cwd=PROJECT,
            env={**os.environ, "GIT_TERMINAL_PROMPT": "0"},
            capture_output=True,
            check=False,
        )
    if archive is None or archive.returncode != 0:
        yield PROJECT
        return
    with tarfile.open(fileobj=BytesIO(archive.stdout)) as files:
        files.extractall(folder, filter="data")
    yield folder


def _invented() -> str:
    text = sql_file.migrate()
    for present, older in _CHANGED:
        assert present in text, f"the invented older version needs another change than {present!r}"
        text = text.replace(present, older)
    rows = "".join(
        "insert into vessel_activity_migrations.routine (signature, kind, path, ddl)"
        f" values ('{signature}', 'function', 'old/{number}.sql', $file${ddl}$file$)"
        " on conflict (signature) do update set ddl = excluded.ddl;\n"
        for number, (signature, ddl) in enumerate(_GONE.items())
    )
    head, found, tail = text.partition("-- Installs the functions whose texts are in routine.ddl")
    assert found
    return head + rows + found + tail
