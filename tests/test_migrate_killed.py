"""A migrate that is killed at any statement is completed by the next one."""

from __future__ import annotations

import os
import re
import signal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from tests.conftest import cloned
from tests.support.catalog import snapshot
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable

    from vessel_activity.database.local_server import LocalServer


def watched(monkeypatch: pytest.MonkeyPatch, see: Callable[[str, bool], None]) -> None:
    """Have `see` told each statement before it is sent, and whether no transaction is open."""
    execute: Any = psycopg.Cursor.execute

    def telling(cursor: psycopg.Cursor[Any], query: Any, *rest: Any, **options: Any) -> Any:  # noqa: ANN401
        if isinstance(query, bytes):
            text = query.decode()
        else:
            text = query if isinstance(query, str) else query.as_string(cursor)
        see(text, cursor.connection.info.transaction_status == TransactionStatus.IDLE)
        return execute(cursor, query, *rest, **options)

    monkeypatch.setattr(psycopg.Cursor, "execute", telling)


def moments_of_a_migrate(server: LocalServer) -> dict[int, str]:
    """Return the numbers of the statements before which a kill leaves something new behind.

    That is where no transaction is open, and the statement before may have changed something. Each
    number comes with that statement's text.
    """
    moments: dict[int, str] = {}
    number, before = 0, ""

    def see(text: str, is_idle: bool) -> None:
        nonlocal number, before
        if is_idle and not re.match("(?i)select (?!vessel_activity|public)|set |rollback", before):
            moments[number] = before
        number, before = number + 1, text

    with cloned(server, None) as url, pytest.MonkeyPatch.context() as monkeypatch:
        watched(monkeypatch, see)
        migrate.migrate(url)
    return moments


def migrate_and_die_before(url: str, number: int) -> None:
    """Migrate in a child process, which kills itself before it sends statement `number`."""
    child = os.fork()
    if child == 0:
        sent = 0

        def see(_text: str, _is_idle: bool) -> None:
            nonlocal sent
            sent += 1
            if sent > number:
                os.kill(os.getpid(), signal.SIGKILL)

        try:
            watched(pytest.MonkeyPatch(), see)
            migrate.migrate(url)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status)


def applied(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as db:
        return db.execute(
            "select migration_id from vessel_activity_migrations._yoyo_migration order by 1"
        ).fetchall()


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_migrate_killed_at_any_statement_is_completed_by_the_next(
    server: LocalServer, url: str
) -> None:
    whole = snapshot(url)

    for number, before in moments_of_a_migrate(server).items():
        with cloned(server, None) as killed:
            migrate_and_die_before(killed, number)
            migrate.migrate(killed)
            assert snapshot(killed) == whole, before
            assert applied(killed) == applied(url)
