"""Every released version can be upgraded beside its writers and its server.

The release's own SQL file installs it. An invented older version has what releases do not have yet:
functions of another form, functions that are gone, and triggers of other names.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
import pytest

from scripts import function_map
from tests.conftest import PROJECT
from tests.support import releases
from tests.support.catalog import snapshot
from tests.support.traffic import reading, writing
from tests.support.webserver import STATS, WebServer, eventually, row_as_json
from tests.test_sql_file import psql
from vessel_activity.database.errors import describe
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


MIGRATES = pytest.mark.parametrize("migrates", [migrate.migrate, psql], ids=["migrate", "psql"])
DATA = """
    insert into vessels (mmsi, name, "vesselType", flag, active)
    select 219000000 + n, 'V' || n, 'Cargo', 'NO', n % 3 > 0 from generate_series(1, 50) as n;
    insert into vessel_positions ("vesselId", timestamp, speed)
    select n % 50 + 1, now() - n * interval '20 seconds', n % 60 from generate_series(1, 5000) as n;
"""
# The form of a function: what must stay as it is if a trigger calls the function.
_FORM = re.compile(
    r"^create or replace function ((?:public|vessel_activity)\.\w+\([^)]*\)\s*returns .*?)\s*"
    r"^(?:language|stable|volatile|immutable)",
    re.MULTILINE | re.DOTALL,
)


@pytest.fixture
def older_url(empty_url: str) -> str:
    """Give a database with the invented older version and some data."""
    releases.install(empty_url, releases.INVENTED)
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(DATA)
        db.execute("select public.refresh_vessel_activity()")
    return empty_url


def is_exact(db: psycopg.Connection) -> bool:
    """Refresh, and say whether the state equals the definition."""
    rows = db.execute("select figure, equal from public.vessel_activity_verify()").fetchall()
    return len(rows) == 18 and all(equal for _, equal in rows)


@MIGRATES
@pytest.mark.parametrize("version", releases.VERSIONS)
def test_a_release_is_upgraded_beside_its_writers_and_its_server(
    version: str, migrates: Callable[[str], object], empty_url: str, url: str, tmp_path: Path
) -> None:
    fresh = snapshot(url)
    releases.install(empty_url, version)
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(DATA)
        db.execute("select public.vessel_activity_schedule('1 second')")
        db.execute("select public.refresh_vessel_activity()")
        environment = {"VESSEL_ACTIVITY_FALLBACK": "on"}
        with (
            releases.checkout(version, tmp_path) as code,
            WebServer(empty_url, environment, code=code) as web,
        ):
            with writing(empty_url) as traffic:
                before = web.get(STATS).json()["updatedAt"]
                eventually(lambda: web.get(STATS).json()["updatedAt"] > before, within_seconds=30)
                migrates(empty_url)
                written, at = traffic.written, web.get(STATS).json()["updatedAt"]
                eventually(lambda: traffic.written > written + 5, within_seconds=30)
                eventually(lambda: web.get(STATS).json()["updatedAt"] > at, within_seconds=60)
            traffic.check()
        assert snapshot(empty_url) == fresh
        db.execute("select public.refresh_vessel_activity()")
        assert is_exact(db)
    with WebServer(empty_url) as web:
        assert web.get(STATS).json() == row_as_json(empty_url)


def test_an_upgrade_beside_a_long_report_keeps_no_writer_waiting(older_url: str, url: str) -> None:
    with writing(older_url) as traffic:
        with reading(older_url):
            # The triggers can't be exchanged now. The figures come from the definition meanwhile.
            migrate.migrate(older_url)
        with psycopg.connect(older_url, autocommit=True) as db:
            row = db.execute(
                "select mode from vessel_activity.refresh_log order by id desc limit 1"
            ).fetchone()
            assert row == ("definition",)
            assert snapshot(older_url) != snapshot(url)
        migrate.migrate(older_url)
    traffic.check()
    assert snapshot(older_url) == snapshot(url)
    with psycopg.connect(older_url, autocommit=True) as db:
        assert is_exact(db)


@MIGRATES
def test_a_view_of_the_user_on_a_function_of_another_form_is_named(
    older_url: str, url: str, migrates: Callable[..., str | None]
) -> None:
    with psycopg.connect(older_url, autocommit=True) as db:
        db.execute("create view mine as select advice from public.vessel_activity_status()")
        before = snapshot(older_url)
        if migrates is psql:
            said = psql(older_url, code=3)
        else:
            with pytest.raises(psycopg.errors.DependentObjectsStillExist) as raised:
                migrate.migrate(older_url)
            said = describe(raised.value)
        assert re.search(
            r"function public\.vessel_activity_status\(\) has another form in this version, and"
            r" these objects are built on it: view (public\.)?mine",
            said,
        )
        assert "Drop them, migrate again, and make them anew." in said
        assert snapshot(older_url) == before
        db.execute("select public.refresh_vessel_activity()")

        db.execute("drop view mine")
        migrates(older_url)
        assert snapshot(older_url) == snapshot(url)


def test_a_function_that_is_gone_stays_while_a_view_of_the_user_needs_it(
    older_url: str, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(older_url, autocommit=True) as db:
        db.execute("create view mine as select public.vessel_activity_old_report() as vessels")
        migrate.migrate(older_url)
        assert (
            "vessel_activity_old_report() of an earlier version stays, because these objects are"
            " built on it: view public.mine" in capsys.readouterr().err
        )
        assert db.execute("select vessels from mine").fetchone() is not None
        db.execute("drop view mine")
        migrate.migrate(older_url)
        assert snapshot(older_url) == snapshot(url)


def test_a_function_that_is_gone_stays_while_a_writer_may_call_it(
    older_url: str, url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(older_url) as writer:
        writer.execute('insert into vessel_positions ("vesselId", timestamp) values (1, now())')
        migrate.migrate(older_url)
        assert "functions of an earlier version are still there" in capsys.readouterr().err
        writer.execute("select vessel_activity.old_ticket()")
        writer.commit()
    migrate.migrate(older_url)
    assert snapshot(older_url) == snapshot(url)


def test_roles_may_still_execute_what_they_could(older_url: str) -> None:
    with psycopg.connect(older_url, autocommit=True) as db:
        role = f"operator_{db.info.dbname}"
        db.execute(f"create role {role}")
        db.execute("select public.vessel_activity_grant(%s, 'operator')", (role,))
        could = "select has_function_privilege(%s, 'public.vessel_activity_status()', 'execute')"
        assert db.execute(could, (role,)).fetchone() == (True,)
        migrate.migrate(older_url)
        assert db.execute(could, (role,)).fetchone() == (True,)
        assert db.execute(
            "select has_table_privilege(%s, 'public.vessel_activity_performance', 'select')",
            (role,),
        ).fetchone() == (True,)
        db.execute(f"drop owned by {role}; drop role {role}")


@pytest.mark.parametrize("version", releases.VERSIONS[:-1])
def test_functions_that_triggers_call_keep_their_form(version: str) -> None:
    """A writer may be about to call the old one while the new one is installed."""
    found = function_map.routines()
    users = function_map.callers(found)
    by_path = {routine.path: name for name, routine in found.items()}
    called = {name for name, routine in found.items() if routine.kind == "trigger"}
    while more := {
        name for name in found if name not in called
        and any(by_path.get(user) in called for user in users[name])
    }:  # fmt: skip
        called |= more
    assert {"vessel_activity.take_inbox_ticket", "vessel_activity.group_name"} <= called

    present = {
        form
        for name in called
        for form in _FORM.findall((PROJECT / found[name].path).read_text(encoding="utf-8"))
    }
    arguments = {re.sub(r"\)\s*returns.*", ")", form, flags=re.DOTALL): form for form in present}
    for form in _FORM.findall(releases.sql_of(version)):
        same = arguments.get(re.sub(r"\)\s*returns.*", ")", form, flags=re.DOTALL))
        assert same in {None, form}
