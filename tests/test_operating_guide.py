"""What docs/operating.md tells an operator to do works, and covers every alert and every check."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import psycopg
import pytest
import yaml

from bench import year
from tests.conftest import COMMAND, PROJECT, cloned
from tests.support.builds import client_program
from tests.support.feed_batches import Feed

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vessel_activity.database.local_server import LocalServer

GUIDE = (PROJECT / "docs" / "operating.md").read_text(encoding="utf-8")
_HOST = "@db.example.org/"


def section(heading: str) -> str:
    """Return the text below a heading, until the next heading of its rank or above."""
    found = re.search(rf"^(#+) {re.escape(heading)}$", GUIDE, re.MULTILINE)
    assert found is not None, heading
    rest = GUIDE[found.end() :]
    end = re.search(rf"^#{{2,{len(found[1])}}} ", rest, re.MULTILINE)
    return rest[: end.start()] if end else rest


def blocks(text: str, kind: str = "") -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


# --- runbooks ------------------------------------------------------------------------------------

_HEADINGS = re.findall(r"^### (.+)$", section("Runbooks"), re.MULTILINE)


def test_every_alert_has_a_runbook_and_every_runbook_an_alert_or_a_check() -> None:
    rules = yaml.safe_load((PROJECT / "deploy/prometheus/alerts.yml").read_text(encoding="utf-8"))
    alerts = {rule["alert"] for rule in rules["groups"][0]["rules"]}
    assert {heading for heading in _HEADINGS if not heading.startswith("Check ")} == alerts


def test_every_check_of_the_status_has_a_runbook(db: psycopg.Connection) -> None:
    Feed(db, ("NAME",)).send()
    checks = {
        str(name)
        for (name,) in db.execute("select check_name from public.vessel_activity_status()")
    }
    assert {"freshness", "index (timestamp)", "feed NAME"} <= checks
    described = {
        name
        for heading in _HEADINGS
        if heading.startswith("Check ")
        for name in re.findall(r"`([^`]+)`", heading)
    }
    assert checks - described == set()


# --- backup and restore --------------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path) -> Callable[[str, dict[str, str]], subprocess.CompletedProcess[str]]:
    """Give a function that runs the commands of a block in a folder of its own.

    The programs of the block are those of the tests, and `places` gives the databases.
    """
    programs = tmp_path / "programs"
    programs.mkdir()
    for name in ("pg_dump", "pg_restore", "psql"):
        (programs / name).symlink_to(client_program(name))
    command = programs / "vessel-activity"
    words = shlex.join([COMMAND[0], "-m", COMMAND[2]])
    command.write_text(f'#!/bin/sh\nPYTHONPATH={shlex.quote(str(PROJECT))} exec {words} "$@"\n')
    command.chmod(0o755)

    def run(block: str, places: dict[str, str]) -> subprocess.CompletedProcess[str]:
        lines = [line.removeprefix("$ ") for line in block.splitlines() if line.startswith("$ ")]
        script = "\n".join(lines)
        for name, url in places.items():
            script = re.sub(rf"postgresql://\w+{_HOST}{name}\b", shlex.quote(url), script)
        assert _HOST not in script
        return subprocess.run(
            ["sh", "-euc", script],
            cwd=tmp_path,
            env={"PATH": f"{programs}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


def fill(url: str) -> None:
    """Write three vessels, which report now, and refresh."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "insert into public.vessels (mmsi, flag)"
            " select (219000000 + n)::text, 'DK' from generate_series(1, 3) as n"
        )
        connection.execute(
            'insert into public.vessel_positions ("vesselId", timestamp, speed)'
            " select id, clock_timestamp(), 10 from public.vessels"
        )
        connection.execute("select public.refresh_vessel_activity()")


_COUNTS = """
    select r.active_last_hour, r.total_vessels from public.refresh_vessel_activity() as r
"""


def follows(url: str) -> None:
    """Check that a restored database has the figures, and follows its writers."""
    with psycopg.connect(url, autocommit=True) as connection:
        assert connection.execute(_COUNTS).fetchone() == (3, 3)
        connection.execute(
            "with made as (insert into public.vessels (mmsi) values ('219000009') returning id)"
            ' insert into public.vessel_positions ("vesselId", timestamp)'
            " select id, clock_timestamp() from made"
        )
        assert connection.execute(_COUNTS).fetchone() == (4, 4)
        problems = connection.execute(
            "select check_name, detail from public.vessel_activity_status() where state = 'fail'"
        ).fetchall()
        assert problems == []


BACKUPS = blocks(section("Backup and restore"))


@pytest.mark.needs("pg_restore")
@pytest.mark.parametrize("block", [BACKUPS[0], BACKUPS[2]], ids=["database", "schema public"])
def test_the_backup_restores_without_an_error_and_goes_on(
    server: LocalServer,
    url: str,
    shell: Callable[[str, dict[str, str]], subprocess.CompletedProcess[str]],
    block: str,
) -> None:
    fill(url)
    with cloned(server, "template0") as restored:
        done = shell(block, {"fleet": url, "restored": restored})
        assert done.returncode == 0, done.stderr
        assert "error" not in done.stderr
        follows(restored)


@pytest.mark.needs("pg_restore")
def test_a_plain_restore_of_schema_public_fails_only_where_the_guide_says_and_migrate_repairs_it(
    server: LocalServer,
    url: str,
    shell: Callable[[str, dict[str, str]], subprocess.CompletedProcess[str]],
) -> None:
    fill(url)
    plain = "\n".join(
        line.replace("--exit-on-error --use-list=wanted.list ", "")
        for line in BACKUPS[2].splitlines()
        if "--list" not in line
    ).replace("public.dump\n$ DATABASE", "public.dump || true\n$ DATABASE")
    with cloned(server, "template0") as restored:
        done = shell(plain, {"fleet": url, "restored": restored})
        assert done.returncode == 0, done.stderr
        errors = re.findall(r"error: could not execute query: (.*)", done.stderr)
        assert 20 <= len(errors) <= 40
        assert [e for e in errors if "vessel_activity" not in e and '"public"' not in e] == []
        follows(restored)


@pytest.mark.slow
@pytest.mark.needs("pg_cron", "pg_restore")
def test_a_new_operator_installs_it_and_restores_a_dump_with_pg_cron(
    new_server: Callable[..., LocalServer],
    shell: Callable[[str, dict[str, str]], subprocess.CompletedProcess[str]],
) -> None:
    options = {"cron.database_name": "fleet", "cron.use_background_workers": "on"}
    server = new_server(shared_preload_libraries="pg_cron", **options)
    server.start()
    try:
        with psycopg.connect(server.url(), autocommit=True) as connection:
            connection.execute("create database fleet")
            connection.execute("create role fleet_owner login")
            connection.execute("create database restored owner fleet_owner template template0")
        (roles,) = blocks(section("1. The database"), "postgresql")
        with psycopg.connect(server.url("fleet"), autocommit=True) as connection:
            for statement in roles.replace("create role fleet_owner login;", "").split(";"):
                connection.execute(statement.encode())
        owner = server.url("fleet").replace("postgres@", "fleet_owner@")
        (install,) = blocks(section("3. Vessel activity in the database"))
        done = shell(install.replace("/opt/vessel-activity/bin/", ""), {"fleet": owner})
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.findall(r"^(?:warn|fail).*", done.stdout, re.MULTILINE) == []
        assert "refreshed every 00:00:30 by pg_cron" in done.stdout
        as_server = owner.replace("fleet_owner@", "vessel_activity_server@")
        with psycopg.connect(as_server, autocommit=True) as connection:
            assert connection.execute("select present from vessel_activity.serving()").fetchone()

        fill(owner)
        dump = BACKUPS[0].splitlines()[0]
        # As the owner, who may read neither the jobs of pg_cron nor create the extension.
        restored = server.url("restored").replace("postgres@", "fleet_owner@")
        places = {"fleet": owner, "restored": restored}
        done = shell("\n".join([dump, BACKUPS[1]]), places)
        assert done.returncode == 0, done.stderr
        follows(restored)
    finally:
        server.stop("immediate")


# --- a year of running ---------------------------------------------------------------------------


def test_the_guide_shows_the_last_run_of_the_simulated_year() -> None:
    results = json.loads((PROJECT / "bench" / "year-latest.json").read_text(encoding="utf-8"))
    assert results["months"] == 12
    assert year.table_of(results) in section("A year of running")


def test_a_table_that_grows_is_told() -> None:
    quiet = {"a": year.Size(10, 8192, 8192), "b": year.Size(10, 9_000_000, 8192)}
    assert year.growing(quiet, quiet) == []
    bloated = quiet | {"a": year.Size(10, 1_000_000, 8192)}
    assert year.growing(quiet, bloated) == []
    grown = quiet | {"b": year.Size(10, 9_000_000, 4_000_000)}
    assert year.growing(quiet, grown) == [
        "indexes of b: 8,192 bytes, later 4,000,000 bytes",
        "indexes of all together: 16,384 bytes, later 4,008,192 bytes",
    ]


def test_the_simulated_year_names_a_wrong_setting() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "bench.year"],
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", "STEP_SECONDS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    expected = "error: STEP_SECONDS must be a whole number from 30 to 3600, not '1'\n"
    assert done.stderr == expected
