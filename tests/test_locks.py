"""Locks that only the owner can take: nobody else stops a refresh, a migrate or a load."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import cloned
from vessel_activity.database.errors import describe
from vessel_activity.errors import MigrationError
from vessel_activity.install import migrate, rollback, session

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vessel_activity.database.local_server import LocalServer

# What vessel activity used as keys of advisory locks before its first release.
KEYS = (1448100678, (1, 2, 3, 4))
TAKE = "select vessel_activity.try_refresh_lock()"
LOAD = "select vessel_activity.take_session_lock('load')"


@pytest.fixture
def stranger(db: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """Give a session of a role that may only connect."""
    role = f"stranger_{db.info.dbname}"
    db.execute(f"create role {role}")
    with psycopg.connect(db.info.dsn, autocommit=True) as other:
        other.execute(f"set session authorization {role}")
        yield other
    db.execute(f"drop owned by {role}; drop role {role}")


def refresh_modes(db: psycopg.Connection) -> int:
    """Refresh, and return how many refreshes have succeeded."""
    db.execute("select public.refresh_vessel_activity()")
    row = db.execute("select count(*) from vessel_activity.refresh_log where sqlstate is null")
    found = row.fetchone()
    assert found is not None
    return int(found[0])


def test_advisory_locks_of_others_have_no_effect(
    url: str, db: psycopg.Connection, stranger: psycopg.Connection
) -> None:
    for key in KEYS[1]:
        stranger.execute("select pg_advisory_lock(%s, %s)", (KEYS[0], key))
    before = refresh_modes(db)
    assert refresh_modes(db) == before + 1
    assert db.execute(LOAD).fetchone() == (None,)
    migrate.migrate(url)
    rollback.rollback(url)


@pytest.mark.parametrize(
    "statement",
    [
        "lock table vessel_activity.refresh_lock in access share mode",
        "lock table vessel_activity.refresh_lock in share update exclusive mode",
        "select from vessel_activity.refresh_lock",
        "select vessel_activity.try_refresh_lock()",
        "select from vessel_activity_migrations.session_lock for update",
        "lock table vessel_activity_migrations.session_lock in access share mode",
        "select vessel_activity.take_session_lock('migrate')",
    ],
)
def test_a_role_that_may_only_connect_can_take_no_lock(
    stranger: psycopg.Connection, statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege), stranger.transaction():
        stranger.execute(statement.encode())


def test_one_session_has_the_refresh_lock_until_its_transaction_ends(
    url: str, db: psycopg.Connection
) -> None:
    with psycopg.connect(url) as holder:
        assert holder.execute(TAKE).fetchone() == (True,)
        assert holder.execute(TAKE).fetchone() == (True,)
        assert db.execute(TAKE).fetchone() == (False,)
        # It holds neither a snapshot nor a transaction id, so it does not hold back vacuum.
        assert db.execute(
            "select backend_xid, backend_xmin from pg_stat_activity where pid = %s",
            (holder.info.backend_pid,),
        ).fetchone() == (None, None)
        holder.rollback()
        assert db.execute(TAKE).fetchone() == (True,)
    killed = psycopg.connect(url)
    killed.execute(TAKE)
    db.execute("select pg_terminate_backend(%s, 10000)", (killed.info.backend_pid,))
    assert db.execute(TAKE).fetchone() == (True,)
    killed.close()


def test_vacuum_and_readers_of_every_table_stop_no_refresh_and_wait_for_none(
    url: str, db: psycopg.Connection
) -> None:
    before = refresh_modes(db)
    with psycopg.connect(url) as dump:
        # As pg_dump does; it also reads views.
        for (name,) in dump.execute(
            "select c.oid::regclass::text from pg_class as c"
            " where c.relnamespace::regnamespace::text like 'vessel_activity%' and c.relkind in"
            " ('r', 'v')"
        ).fetchall():
            dump.execute(f"lock table {name} in access share mode".encode())
        assert refresh_modes(db) == before + 1
    with psycopg.connect(url) as holder:
        holder.execute(TAKE)
        db.execute("set lock_timeout = '20s'")
        db.execute("vacuum (freeze, analyze)")


def test_the_status_names_the_session_that_holds_the_refresh_lock(
    url: str, db: psycopg.Connection
) -> None:
    db.execute("update vessel_activity.settings set refresh_interval = '1 second'")
    with psycopg.connect(url) as holder:
        holder.execute(TAKE)
        time.sleep(3.1)
        hint = db.execute(
            "select hint from vessel_activity_status() where check_name = 'freshness'"
        ).fetchone()
        assert hint is not None
        assert f"End session {holder.info.backend_pid}, which keeps all others" in hint[0]


def test_a_session_lock_belongs_to_one_session_until_it_is_released_or_ends(
    url: str, db: psycopg.Connection
) -> None:
    with psycopg.connect(url, autocommit=True, application_name="a loader") as holder:
        assert holder.execute(LOAD).fetchone() == (None,)
        assert holder.execute(LOAD).fetchone() == (None,)
        other = db.execute(LOAD).fetchone()
        assert other is not None
        assert other[0].startswith(
            f"process {holder.info.backend_pid} (user postgres, a loader), since 20"
        )
        db.execute("select vessel_activity.release_session_lock('load')")  # not its own
        assert db.execute(LOAD).fetchone() != (None,)
        holder.execute("select vessel_activity.release_session_lock('load')")
        assert db.execute(LOAD).fetchone() == (None,)
        assert holder.execute(LOAD).fetchone() != (None,)
        db.execute("select vessel_activity.release_session_lock('load')")

        assert holder.execute(LOAD).fetchone() == (None,)
        db.execute("select pg_terminate_backend(%s, 10000)", (holder.info.backend_pid,))
        assert db.execute(LOAD).fetchone() == (None,)


def test_a_session_lock_outlives_no_restart_and_no_other_process_of_its_number(
    new_server: Callable[..., LocalServer],
) -> None:
    server = new_server()
    server.start()
    migrate.migrate(server.url())
    with (
        psycopg.connect(server.url(), autocommit=True) as db,
        psycopg.connect(server.url(), autocommit=True) as other,
    ):
        # As if this process had the number of one that held the lock and has ended.
        other.execute(LOAD)
        db.execute(
            "update vessel_activity_migrations.session_lock"
            " set backend_start = backend_start - interval '1 day'"
        )
        assert db.execute(LOAD).fetchone() == (None,)
    server.stop("immediate")
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as db:
        # A process of the old number may run again: only the start of the server tells them apart.
        db.execute(
            "update vessel_activity_migrations.session_lock set backend_start = null, pid ="
            " (select pid from pg_stat_activity where backend_type = 'client backend' limit 1)"
        )
        assert db.execute(LOAD).fetchone() == (None,)


@pytest.mark.parametrize("run", [migrate.migrate, rollback.rollback])
def test_a_migrate_that_waits_for_another_names_it_and_gives_up(
    url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    run: Callable[[str], None],
) -> None:
    monkeypatch.setattr(session, "PATIENCE_SECONDS", 1)
    monkeypatch.setattr(session, "_SILENT_SECONDS", 0)
    with session.alone(url, purpose="migrate") as other:
        named = f"process {other.info.backend_pid} (user postgres, vessel-activity migrate), since "
        with pytest.raises(MigrationError) as raised:
            run(url)
        assert describe(raised.value).startswith(
            f"another migrate or rollback is running in this database: {named}"
        )
        assert describe(raised.value).endswith(
            "; gave up after 1 seconds; end that session, or try again once it has ended"
        )
        assert (
            f"another migrate or rollback is running in this database; waiting for {named}"
            in capsys.readouterr().err
        )
    run(url)


def test_a_first_migrate_that_is_refused_leaves_nothing(server: LocalServer) -> None:
    with cloned(server, None) as url, psycopg.connect(url, autocommit=True) as db:
        db.execute("create table vessels (id bigint)")
        with pytest.raises(psycopg.errors.UndefinedColumn):
            migrate.migrate(url)
        assert db.execute(
            "select nspname from pg_namespace where nspname like 'vessel%'"
        ).fetchall() == []  # fmt: skip
