"""Migrate and rollback keep no writer waiting, say for whom they wait, and give up in time."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import PROJECT
from tests.support.catalog import snapshot
from tests.support.traffic import reading, writing
from tests.test_sql_file import psql
from vessel_activity.database.errors import describe
from vessel_activity.install import indexes, locks, migrate, migrations, rollback, session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MIGRATIONS = migrations.files()
# A command that keeps writers of its table out, or waits for them.
_BLOCKS_WRITERS = re.compile(
    r"\b(?:(?:alter|drop|lock|truncate|cluster|reindex)\s+table"
    r"|(?:create|drop)\s+(?:or\s+replace\s+)?(?:constraint\s+)?trigger"
    r"|create\s+(?:unique\s+)?index(?!\s+concurrently)|drop\s+index(?!\s+concurrently)"
    r"|vacuum\s+\(?full|cluster|comment\s+on\s+trigger)\b[^;]*",
    re.IGNORECASE,
)
_OF_A_SOURCE = re.compile(r"\b(?:public\.)?(?:vessels|vessel_positions)\b")
_TIMEOUT = re.compile(r"\bset (?:local )?lock_timeout = '(\w+)'")
# Reads only, and so makes no writer wait.
_MAY_WAIT_LONGER = {"sql/functions/operating/status.sql"}


def code(path: Path) -> str:
    """Return a file of SQL without its comments."""
    return re.sub(r"--[^\n]*", "", path.read_text(encoding="utf-8"))


# --- the texts ------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: path.stem)
def test_a_migration_waits_half_a_second_at_most_and_locks_no_source_table(path: Path) -> None:
    text = code(path)
    assert text.lstrip().startswith("set local lock_timeout = '500ms';")
    assert len(re.findall("lock_timeout", text)) == 1
    blocking = [found[0] for found in _BLOCKS_WRITERS.finditer(text)]
    assert [found for found in blocking if _OF_A_SOURCE.search(found)] == []


def test_the_check_of_the_migrations_finds_what_it_looks_for() -> None:
    for text in (
        "alter table public.vessels add column note text",
        "create trigger mine after insert on vessel_positions for each row execute function f()",
        "drop trigger if exists mine on public.vessels",
        "create index if not exists mine on public.vessel_positions (speed)",
        "lock table only public.vessels in share mode",
    ):
        found = _BLOCKS_WRITERS.search(text)
        assert found, text
        assert _OF_A_SOURCE.search(found[0]), text
    assert not _BLOCKS_WRITERS.search("create index concurrently mine on public.vessels (flag)")


def test_no_statement_of_vessel_activity_waits_longer_for_a_lock() -> None:
    files = [*(PROJECT / "sql").rglob("*.sql"), *MIGRATIONS]
    found = {
        (path.relative_to(PROJECT).as_posix(), timeout)
        for path in files
        for timeout in _TIMEOUT.findall(code(path))
    }
    assert len(found) > 5
    allowed = {"100ms", "300ms", "500ms"}
    assert {path for path, timeout in found if timeout not in allowed} == _MAY_WAIT_LONGER
    assert session.LOCK_TIMEOUT == "500ms"


# --- a report that is open, and writers -----------------------------------------------------------


@pytest.fixture
def busy_url(url: str) -> str:
    """Give a migrated database with a few rows, whose indexes are the user's own."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            'insert into vessel_positions ("vesselId", timestamp, speed)'
            " select n % 7, now() - n * interval '1 second', 5 from generate_series(1, 100) as n"
        )
        for name in ("timestamp", "vessel_timestamp"):
            db.execute(f"alter index vessel_activity_{name}_idx rename to my_{name}".encode())
    return url


def remove_triggers(url: str) -> None:
    """Drop the triggers, as a migrate that fails does."""
    with psycopg.connect(url, autocommit=True) as db, db.transaction():
        db.execute(locks.for_removal().encode())
        db.execute("select vessel_activity.remove_triggers()")


def raised_by(work: Callable[[str], None], url: str) -> str:
    with pytest.raises(psycopg.errors.LockNotAvailable) as raised:
        work(url)
    return describe(raised.value)


REFUSED = {
    "rollback": lambda url: raised_by(rollback.rollback, url),
    "rollback in psql": lambda url: psql(url, "--rollback", code=3),
    "remove_triggers": lambda url: raised_by(remove_triggers, url),
}


@pytest.mark.parametrize("migrates", [migrate.migrate, psql], ids=["migrate", "psql"])
def test_a_migrate_beside_a_long_report_keeps_no_writer_waiting(
    busy_url: str, migrates: Callable[[str], object]
) -> None:
    before = snapshot(busy_url)
    with writing(busy_url) as traffic, reading(busy_url):
        migrates(busy_url)
    traffic.check()
    assert snapshot(busy_url) == before


@pytest.mark.parametrize("way", REFUSED)
def test_a_removal_gives_up_beside_a_long_report_and_keeps_no_writer_waiting(
    busy_url: str, way: str
) -> None:
    before = snapshot(busy_url)
    with writing(busy_url) as traffic:
        with reading(busy_url) as pid:
            said = REFUSED[way](busy_url)
        # Without the report it succeeds, beside the writers.
        if way == "remove_triggers":
            remove_triggers(busy_url)
        else:
            assert snapshot(busy_url) == before
            rollback.rollback(busy_url)
    traffic.check()
    assert re.search(
        r"public\.vessel\w+ is locked; gave up after 15 seconds of waiting for"
        rf" process {pid} \(user postgres, a report\),"
        r" which holds AccessShareLock on public\.vessel\w+ and whose transaction began at 20",
        said,
    )
    assert "select pg_terminate_backend(process). Then run this again." in said


def test_an_index_that_waits_too_long_is_given_up(
    url: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(indexes, "_SILENT_SECONDS", 0.1)
    monkeypatch.setattr(indexes, "PATIENCE_SECONDS", 2)
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("drop index vessel_activity_timestamp_idx")
        before = snapshot(url)
        with psycopg.connect(url, application_name="a report") as old:
            old.execute("begin isolation level repeatable read; select count(*) from vessels")
            said = raised_by(migrate.migrate, url)
            named = f"process {old.info.backend_pid} (user postgres, a report), a transaction open"
            assert f"index: waiting for {named}" in capsys.readouterr().err
        assert "gave up after 2 seconds of waiting for the transactions that are named" in said
        migrate.migrate(url)
        assert len(snapshot(url)) == len(before) + 2  # the relation and the index
        assert db.execute("select bool_and(indisvalid) from pg_index").fetchone() == (True,)


def test_a_migrate_that_waits_for_a_refresh_names_it(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(url, application_name="a refresher") as refresher:
        pid = refresher.info.backend_pid
        refresher.execute("select public.refresh_vessel_activity()")
        said = raised_by(migrate.migrate, url)
    holder = (
        f"process {pid} (user postgres, a refresher), which holds"
        " ShareUpdateExclusiveLock on vessel_activity.refresh_lock and whose transaction began at"
    )
    assert f"refresh_lock is locked; gave up after 15 seconds of waiting for {holder}" in said
    assert f"refresh_lock is locked; waiting for {holder}" in capsys.readouterr().err


def test_the_triggers_say_for_whom_they_wait(
    busy_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(busy_url, autocommit=True) as db:
        db.execute("drop trigger vessel_activity_inserted on vessels")
        with psycopg.connect(busy_url, application_name="a feed") as feed:
            pid = feed.info.backend_pid
            feed.execute("insert into vessels (mmsi) values ('1')")
            migrate.migrate(busy_url)
        captured = capsys.readouterr()
        locked = (
            f"public.vessels: locked by process {pid} (user postgres, a feed),"
            " which holds RowExclusiveLock on public.vessels and whose transaction began at 20"
        )
        assert f"the triggers have to wait: {locked}" in captured.err
        assert f"triggers: left out: {locked}" in captured.out
        migrate.migrate(busy_url)
        assert db.execute(
            "select count(*) from pg_trigger where tgname = 'vessel_activity_inserted'"
        ).fetchone() == (2,)
