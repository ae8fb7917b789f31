"""The figures stay exact through crashes, failover, restores and sessions left open."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import TEMPLATE, cloned
from tests.support.builds import client_program
from tests.support.fleet import (
    AS_OF,
    HOUR,
    MINUTE,
    SECOND,
    Figures,
    add_positions,
    add_vessels,
    definition,
    last_mode,
    refreshed,
    stored,
)
from tests.support.standby import start_standby
from vessel_activity.errors import MigrationError
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime
    from pathlib import Path

    from vessel_activity.database.local_server import LocalServer

_PREPARED = "a transaction that was prepared before the state was lost has not ended"


@pytest.fixture(scope="module")
def mortal(new_server: Callable[..., LocalServer]) -> Iterator[LocalServer]:
    """Run a server that tests may crash, with the migrated template in it."""
    server = new_server()
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute(f"create database {TEMPLATE}")
    migrate.migrate(server.url(TEMPLATE))
    yield server
    server.stop("immediate")


@pytest.fixture
def name(mortal: LocalServer) -> Iterator[str]:
    """Give the name of a database with positions, its state built, on the server that may crash."""
    mortal.start()  # the previous test may have left it stopped
    with cloned(mortal, TEMPLATE) as url:
        name = url.partition("@/")[2].partition("?")[0]
        with psycopg.connect(url, autocommit=True) as db:
            # A crash before this would undo numbers that a copied sequence has given.
            db.execute("checkpoint")
            refreshed(db, AS_OF - MINUTE)
            add_vessels(db, [("Cargo", "NO"), ("Tug", "US")])
            add_positions(db, (1, AS_OF - MINUTE), (2, AS_OF - HOUR), (3, AS_OF + HOUR), speed=10)
            exact(db, "incremental", AS_OF - SECOND)
        yield name


@contextmanager
def opened(server: LocalServer, name: str) -> Iterator[psycopg.Connection]:
    """Open a session in autocommit."""
    with psycopg.connect(server.url(name), autocommit=True) as db:
        yield db


def exact(db: psycopg.Connection, mode: str, as_of: datetime = AS_OF) -> Figures:
    """Refresh, and check the mode of the refresh and that the row equals the definition."""
    figures = refreshed(db, as_of)
    assert figures == definition(db, as_of) == stored(db)
    assert last_mode(db)[0] == mode, last_mode(db)
    return figures


def goes_on(db: psycopg.Connection, active_now: int) -> None:
    """Check that the next changes are followed incrementally."""
    add_positions(db, (91, AS_OF), (92, AS_OF))
    assert exact(db, "incremental", AS_OF + SECOND).active_now == active_now + 2
    db.execute('delete from vessel_positions where "vesselId" = 91')
    db.execute("update vessels set flag = 'SE' where flag = 'US'")
    figures = exact(db, "incremental", AS_OF + SECOND)
    assert figures.active_now == active_now + 1
    assert ("SE", 1) in figures.top_flags


def bytes_of(db: psycopg.Connection, relation: str) -> int:
    """Return the size of a table of vessel activity, with its indexes and TOAST.

    Their maps of free space and visibility are left out: autovacuum may write one at any moment.
    """
    row = db.execute(
        """
        select sum(pg_relation_size(c.oid))
        from pg_class as t
        join pg_class as c on c.oid in (t.oid, t.reltoastrelid)
          or c.oid in (select i.indexrelid from pg_index as i where i.indrelid = t.oid)
        where t.oid = %s::regclass
        """,
        (f"vessel_activity.{relation}",),
    ).fetchone()
    assert row is not None
    return int(row[0])


# --- crashes and restarts ------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["immediate", "kill"])
def test_after_a_crash_the_next_refresh_is_right(mortal: LocalServer, name: str, how: str) -> None:
    with opened(mortal, name) as db, closing(psycopg.connect(mortal.url(name))) as unfinished:
        add_positions(db, (4, AS_OF))  # noted, and lost with the inbox
        add_positions(unfinished, (5, AS_OF))  # never committed
        if how == "kill":
            mortal.kill()
        else:
            mortal.stop("immediate")
    mortal.start()

    with opened(mortal, name) as db:
        assert stored(db).updated_at == AS_OF - SECOND
        figures = exact(db, "rebuild")
        assert (figures[:3], figures.total_vessels) == ((2, 3, 3), 2)
        assert last_mode(db)[1] == "there was no state"
        goes_on(db, 2)


_ROLLED_BACK = {
    "a rebuild": [
        "select vessel_activity_rebuild()",
        "begin",
        "select vessel_activity.refresh_at(clock_timestamp(), 'manual')",
    ],
    "maintaining a full inbox": [
        "update vessel_activity.settings set inbox_limit_bytes = 65536, state_limit_bytes = 0",
        (
            'insert into vessel_positions ("vesselId", timestamp, speed)'
            " select i, now(), 1 from generate_series(1, 6000) i"
        ),
        "begin",
        "select vessel_activity.maintain()",
    ],
    "beginning a load": ["begin", "select vessel_activity.load_start('file', true)"],
    "a batch of a load": [
        "select vessel_activity.load_start('file')",
        "begin",
        (
            "select vessel_activity.load_batch((select max(id) from vessel_activity.load),"
            r" E'2\t\\N\t1\t219000001\t2026-05-01 12:00:00+00\t1\t1\t1\t1\t\\N\t\\N\t')"
        ),
    ],
}


@pytest.mark.parametrize("what", _ROLLED_BACK)
def test_the_server_starts_after_a_crash_that_follows_a_rolled_back_statement(
    mortal: LocalServer, name: str, what: str
) -> None:
    with opened(mortal, name) as db:
        db.execute("checkpoint")
        for statement in _ROLLED_BACK[what]:
            db.execute(statement)
        db.execute("rollback")
        mortal.stop("immediate")
    mortal.start()
    with opened(mortal, name) as db:
        assert db.execute("select count(*) from vessel_activity.inbox").fetchone() == (0,)


def test_a_clean_restart_loses_nothing(mortal: LocalServer, name: str) -> None:
    with opened(mortal, name) as db:
        add_positions(db, (4, AS_OF))
    mortal.stop()
    mortal.start()

    with opened(mortal, name) as db:
        assert exact(db, "incremental").active_now == 2
        goes_on(db, 2)


def test_a_crash_right_after_a_refresh_is_right_too(mortal: LocalServer, name: str) -> None:
    with opened(mortal, name) as db:
        db.execute("checkpoint")
        add_positions(db, (4, AS_OF))
        exact(db, "incremental")
    mortal.stop("immediate")
    mortal.start()

    with opened(mortal, name) as db:
        assert exact(db, "rebuild", AS_OF + SECOND).active_now == 2


# --- prepared transactions -----------------------------------------------------------------------


def test_a_prepared_transaction_counts_after_its_commit(mortal: LocalServer, name: str) -> None:
    with opened(mortal, name) as db, psycopg.connect(mortal.url(name)) as writer:
        writer.tpc_begin(writer.xid(1, "calm", name))
        add_positions(writer, (4, AS_OF))
        writer.tpc_prepare()
        assert exact(db, "incremental").active_now == 1
        writer.tpc_commit()

        assert exact(db, "incremental").active_now == 2


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_a_transaction_prepared_before_a_crash_is_waited_for(
    mortal: LocalServer, name: str, ending: str
) -> None:
    with psycopg.connect(mortal.url(name)) as writer:
        writer.execute("select 1")
        writer.execute(
            'insert into vessel_positions ("vesselId", timestamp) values (4, %s)', (AS_OF,)
        )
        writer.execute(f"prepare transaction 'crash {name}'")
    mortal.stop("immediate")
    mortal.start()

    with opened(mortal, name) as db:
        assert exact(db, "definition").active_now == 1
        assert last_mode(db)[1] == _PREPARED
        add_positions(db, (5, AS_OF))
        assert exact(db, "definition", AS_OF + SECOND).active_now == 2
        state = db.execute(
            "select state, detail from vessel_activity_status() where check_name = 'engine'"
        ).fetchone()
        assert state is not None
        assert state[0] == "warn"
        assert _PREPARED in state[1]

        db.execute(f"{ending} prepared 'crash {name}'")

        there = int(ending == "commit")
        assert exact(db, "rebuild", AS_OF + SECOND).active_now == 2 + there
        goes_on(db, 2 + there)


def test_a_transaction_that_ends_between_crash_and_refresh_is_counted(
    mortal: LocalServer, name: str
) -> None:
    with psycopg.connect(mortal.url(name)) as writer:
        writer.execute(
            'insert into vessel_positions ("vesselId", timestamp) values (4, %s)', (AS_OF,)
        )
        writer.execute(f"prepare transaction 'early {name}'")
    mortal.stop("immediate")
    mortal.start()

    with opened(mortal, name) as db:
        db.execute(f"commit prepared 'early {name}'")
        assert exact(db, "rebuild").active_now == 2


# --- copies --------------------------------------------------------------------------------------


def _program(name: str, *arguments: str) -> None:
    subprocess.run(
        [client_program(name), *arguments],
        check=True,
        capture_output=True,
        env={"PATH": os.environ["PATH"], "LC_ALL": "C"},
    )


@pytest.mark.needs("pg_restore")
@pytest.mark.parametrize("options", [(), ("--no-unlogged-table-data",)], ids=["all", "logged"])
def test_everything_works_after_dump_and_restore(
    mortal: LocalServer, name: str, options: tuple[str, ...], tmp_path: Path
) -> None:
    with opened(mortal, name) as db:
        add_positions(db, (4, AS_OF))  # in the inbox when it is dumped
        db.execute("select public.vessel_activity_schedule('10 seconds')")
        _program("pg_dump", "-Fc", *options, "-f", str(tmp_path / "dump"), "-d", mortal.url(name))
        with cloned(mortal, "template0") as url:
            _program("pg_restore", "--exit-on-error", "-d", url, str(tmp_path / "dump"))
            with psycopg.connect(url, autocommit=True) as restored:
                assert exact(restored, "rebuild") == exact(db, "incremental")
                assert restored.execute(
                    "select refresh_interval from vessel_activity.settings"
                ).fetchone() == (10 * SECOND,)
                goes_on(restored, 2)
            migrate.migrate(url)
        # Changes of the copy do not reach the original.
        assert exact(db, "incremental", AS_OF + SECOND).active_now == 2


def test_a_database_cloned_as_a_template_keeps_its_own_figures(
    mortal: LocalServer, name: str
) -> None:
    with opened(mortal, name) as db:
        add_positions(db, (4, AS_OF))
    with cloned(mortal, name) as url, opened(mortal, name) as db:
        with psycopg.connect(url, autocommit=True) as copy:
            figures = refreshed(copy, AS_OF)
            assert figures == definition(copy, AS_OF)
            assert figures.active_now == 2
            goes_on(copy, 2)
        assert exact(db, "incremental").active_now == 2


@pytest.fixture
def standby(mortal: LocalServer, new_server: Callable[..., LocalServer]) -> Iterator[LocalServer]:
    """Run a streaming standby of the server."""
    server = new_server()
    start_standby(mortal, server)
    yield server
    server.stop("immediate")


def _caught_up(primary: psycopg.Connection, standby: psycopg.Connection) -> None:
    row = primary.execute("select pg_current_wal_flush_lsn()").fetchone()
    assert row is not None
    until = time.monotonic() + 60
    while standby.execute("select pg_last_wal_replay_lsn() >= %s", row).fetchone() != (True,):
        assert time.monotonic() < until, "the standby does not follow its primary"
        time.sleep(0.01)


def test_a_standby_serves_the_row_and_takes_over_when_it_is_promoted(
    mortal: LocalServer, name: str, standby: LocalServer
) -> None:
    with psycopg.connect(mortal.url(name)) as writer:
        writer.execute(
            'insert into vessel_positions ("vesselId", timestamp) values (4, %s)', (AS_OF,)
        )
        writer.execute(f"prepare transaction 'failover {name}'")
    with opened(mortal, name) as db:
        row = exact(db, "incremental")
        add_positions(db, (5, AS_OF))
        with opened(standby, name) as there:
            _caught_up(db, there)
            assert stored(there) == row
            assert definition(there).active_now == 2
            assert there.execute("select body from vessel_activity.serving()").fetchone()
            with pytest.raises(psycopg.errors.ReadOnlySqlTransaction) as error:
                there.execute("select public.refresh_vessel_activity()")
            assert "standby" in str(error.value)
            assert error.value.diag.message_hint == "Refresh on the primary."
            with pytest.raises(MigrationError, match="standby"):
                migrate.migrate(standby.url(name))

            there.execute("select pg_promote()")

            assert exact(there, "definition", AS_OF + SECOND).active_now == 2
            assert last_mode(there)[1] == _PREPARED
            there.execute(f"commit prepared 'failover {name}'")
            assert exact(there, "rebuild", AS_OF + SECOND).active_now == 3
            goes_on(there, 3)
        db.execute(f"rollback prepared 'failover {name}'")


def test_the_status_answers_on_a_standby(
    mortal: LocalServer, name: str, standby: LocalServer
) -> None:
    with opened(mortal, name) as db, opened(standby, name) as there:
        _caught_up(db, there)

        states = there.execute("select check_name, state from vessel_activity_status()").fetchall()

    assert ("engine", "ok") in states


# --- sessions left open, and missing refreshes ---------------------------------------------------


def small_limit(db: psycopg.Connection, what: str, limit: int) -> int:
    """Set a small limit for the inbox or the state and return it, in bytes."""
    db.execute(f"update vessel_activity.settings set {what}_limit_bytes = %s", (limit,))  # noqa: S608
    return limit


# The limit is checked once in 4,096 rows. A page holds more than a hundred rows.
OVERSHOOT = 4_096 // 100 * 8_192
CLOSED = "writers leave changes out because an inbox is over its limit"
BLOATED = "the state is over its limit because an old snapshot keeps its dead rows"


def vacuumed(db: psycopg.Connection) -> None:
    """Do autovacuum's work at once."""
    db.execute("vacuum vessel_activity.inbox, vessel_activity.fleet_inbox")
    db.execute("vacuum vessel_activity.last_report, vessel_activity.position_second")


def rebuilt_once_there_is_room(db: psycopg.Connection, as_of: datetime = AS_OF) -> Figures:
    """Check that the definition answers until vacuum has made room, and that a rebuild follows."""
    exact(db, "definition", as_of)
    assert last_mode(db)[1] == CLOSED
    vacuumed(db)
    figures = exact(db, "rebuild", as_of)
    assert last_mode(db)[1] == "there was no state"
    return figures


def test_an_old_snapshot_lets_the_inbox_grow_to_its_limit_only(
    db: psycopg.Connection, url: str
) -> None:
    limit = small_limit(db, "inbox", 1_048_576)
    refreshed(db, AS_OF - MINUTE)
    largest, modes = 0, set()
    with psycopg.connect(url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select count(*) from vessel_positions")
        for turn in range(20):
            as_of = AS_OF + turn * SECOND
            db.execute(
                """
                insert into vessel_positions ("vesselId", timestamp, speed)
                select v, %s, 10 from generate_series(%s::integer, %s) as v
                """,
                (as_of, 1 + turn * 2_000, 2_000 + turn * 2_000),
            )
            assert refreshed(db, as_of) == definition(db, as_of)
            largest = max(largest, bytes_of(db, "inbox"))
            modes.add(last_mode(db))
            db.execute("select vessel_activity.maintain()")

    assert stored(db).active_now == 40_000
    assert largest < 2 * limit
    assert modes == {("incremental", None), ("definition", CLOSED)}
    # Once the old snapshot is gone, so are the dead rows, and refreshes are cheap again.
    end = AS_OF + 20 * SECOND
    rebuilt_once_there_is_room(db, end)
    add_positions(db, (1, end))
    exact(db, "incremental", end)


def filled(db: psycopg.Connection, limit: int) -> int:
    """Write until an inbox is found to be over its limit; return the number of vessels."""
    vessels = 0
    while db.execute("select last_value from vessel_activity.inbox_guard").fetchone() == (1,):
        db.execute(
            """
            insert into vessel_positions ("vesselId", timestamp, speed)
            select v, %s, 10 from generate_series(%s::integer, %s) as v
            """,
            (AS_OF, vessels + 1, vessels + 500),
        )
        vessels += 500
    assert bytes_of(db, "inbox") > limit
    return vessels


def test_without_refreshes_the_inbox_grows_to_its_limit_only(db: psycopg.Connection) -> None:
    limit = small_limit(db, "inbox", 4_194_304)
    refreshed(db, AS_OF - MINUTE)
    vessels = filled(db, limit)
    largest = bytes_of(db, "inbox")
    for vessel in range(vessels + 1, vessels + 101):
        add_positions(db, (vessel, AS_OF), (vessel, AS_OF - SECOND))
    assert limit < largest < limit + OVERSHOOT
    assert bytes_of(db, "inbox") == largest
    state = db.execute("select state from vessel_activity_status() where check_name = 'inbox'")
    assert state.fetchone() == ("warn",)

    assert rebuilt_once_there_is_room(db).active_now == vessels + 100
    assert bytes_of(db, "inbox") < limit / 2
    add_positions(db, (vessels + 101, AS_OF))
    assert exact(db, "incremental").active_now == vessels + 101


def test_many_small_statements_are_bounded_too(db: psycopg.Connection) -> None:
    limit = small_limit(db, "inbox", 1_048_576)
    refreshed(db, AS_OF - MINUTE)
    with db.transaction():  # one commit, to be quick
        db.execute(
            """
            do $$ begin for v in 1 .. 60000 loop
              insert into vessel_positions ("vesselId", timestamp, speed)
              values (v, '2050-03-13 12:00:00+00', 10);
            end loop; end $$
            """
        )

    assert limit < bytes_of(db, "inbox") < limit + OVERSHOOT
    assert rebuilt_once_there_is_room(db).active_now == 60_000


def test_one_large_statement_is_bounded_too(db: psycopg.Connection) -> None:
    limit = small_limit(db, "inbox", 1_048_576)
    refreshed(db, AS_OF - MINUTE)
    db.execute(
        'insert into vessel_positions ("vesselId", timestamp) select v, %s'
        " from generate_series(1, 100000) as v",
        (AS_OF,),
    )

    assert limit < bytes_of(db, "inbox") < limit + OVERSHOOT
    assert rebuilt_once_there_is_room(db).active_now == 100_000


def test_a_writers_own_random_numbers_are_left_alone(db: psycopg.Connection) -> None:
    def after_a_seed(*statements: str) -> object:
        for statement in ("select setseed(0.5)", *statements):
            db.execute(statement)
        return db.execute("select random()").fetchone()

    insert = 'insert into vessel_positions ("vesselId", timestamp) values (1, now())'
    assert after_a_seed(insert) == after_a_seed()


def test_names_that_no_vessel_has_any_more_are_forgotten(db: psycopg.Connection) -> None:
    add_vessels(db, [("Cargo", "NO")])
    refreshed(db, AS_OF - MINUTE)
    for turn in range(3):
        db.execute(
            "do $$ begin for v in 1 .. 99 loop update vessels set flag = 'F' || v; end loop; end $$"
        )
        exact(db, "incremental", AS_OF + turn * SECOND)
    groups = db.execute("select kind, name, vessels from vessel_activity.fleet_count order by 1")
    assert groups.fetchall() == [("flag", "F99", 1), ("total", "", 1), ("type", "Cargo", 1)]


def test_the_fleets_inbox_is_bounded_too(db: psycopg.Connection) -> None:
    limit = small_limit(db, "inbox", 524_288)
    refreshed(db, AS_OF - MINUTE)
    add_vessels(db, [("Cargo", "NO")])
    db.execute(
        "do $$ begin for v in 1 .. 20000 loop update vessels set flag = 'F' || v; end loop; end $$"
    )

    assert limit < bytes_of(db, "fleet_inbox") < limit + OVERSHOOT
    assert rebuilt_once_there_is_room(db).top_flags == [("F20000", 1)]


STILL_OPEN = (
    "a writer that left changes out, while an inbox was over its limit or was not there,"
    " has not ended"
)


@pytest.mark.parametrize("ending", ["commit", "rollback"])
def test_the_definition_answers_until_a_writer_with_unnoted_changes_ends(
    db: psycopg.Connection, url: str, ending: str
) -> None:
    limit = small_limit(db, "inbox", 65_536)
    refreshed(db, AS_OF - MINUTE)
    vessels = filled(db, limit)
    with psycopg.connect(url) as writer:
        add_positions(writer, (vessels + 1, AS_OF))
        assert exact(db, "definition").active_now == vessels
        assert last_mode(db)[1] == CLOSED
        small_limit(db, "inbox", 100 * limit)  # vacuum can't make room while the writer is open
        db.execute("select vessel_activity.maintain()")
        with psycopg.connect(url) as late:  # begun after the inbox was reopened
            for _ in range(2):
                assert exact(db, "definition").active_now == vessels
                assert last_mode(db)[1] == STILL_OPEN
            add_positions(late, (vessels + 2, AS_OF))
            writer.execute(ending)
            there = vessels + int(ending == "commit")
            assert exact(db, "rebuild").active_now == there
            late.commit()
            assert exact(db, "incremental").active_now == there + 1


@pytest.mark.parametrize("restarts", [False, True], ids=["running", "restarted"])
def test_the_definition_answers_until_a_prepared_transaction_with_unnoted_changes_ends(
    mortal: LocalServer, name: str, *, restarts: bool
) -> None:
    with opened(mortal, name) as db, psycopg.connect(mortal.url(name)) as writer:
        limit = small_limit(db, "inbox", 65_536)
        before = exact(db, "incremental").active_now
        vessels = filled(db, limit)
        add_positions(writer, (vessels + 100, AS_OF))
        writer.execute(f"prepare transaction 'full {name}'")
        exact(db, "definition")
        small_limit(db, "inbox", 100 * limit)
        db.execute("select vessel_activity.maintain()")
        missing = exact(db, "definition").active_now
        assert last_mode(db)[1] == STILL_OPEN
        assert missing >= before + vessels - 3
    if restarts:
        mortal.stop()
        mortal.start()
    with opened(mortal, name) as db:
        assert exact(db, "definition").active_now == missing
        db.execute(f"commit prepared 'full {name}'")

        assert exact(db, "rebuild").active_now == missing + 1


def test_an_inbox_reopened_between_two_refreshes_is_noticed(db: psycopg.Connection) -> None:
    limit = small_limit(db, "inbox", 65_536)
    refreshed(db, AS_OF - MINUTE)
    vessels = filled(db, limit)
    add_positions(db, (vessels + 1, AS_OF))
    small_limit(db, "inbox", 10 * limit)
    db.execute("select vessel_activity.maintain()")
    add_positions(db, (vessels + 2, AS_OF))

    assert exact(db, "rebuild").active_now == vessels + 2


def test_an_old_snapshot_lets_the_state_grow_to_its_limit_only(
    db: psycopg.Connection, url: str
) -> None:
    limit = small_limit(db, "state", 131_072)
    vessels = range(1, 501)
    add_positions(db, *((vessel, AS_OF) for vessel in vessels))
    refreshed(db, AS_OF)
    sizes, modes = [], []
    with psycopg.connect(url) as reader:
        reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        reader.execute("select count(*) from vessel_positions")
        for turn in range(1, 25):
            as_of = AS_OF + turn * SECOND
            add_positions(db, *((vessel, as_of) for vessel in vessels))
            assert refreshed(db, as_of) == definition(db, as_of)
            db.execute("select pg_stat_force_next_flush()")
            sizes.append(bytes_of(db, "last_report"))
            modes.append(last_mode(db))

    assert set(modes) == {("incremental", None), ("definition", BLOATED)}
    first = modes.index(("definition", BLOATED))
    assert set(modes[first:]) == {("definition", BLOATED)}
    assert len(set(sizes[first:])) == 1  # the inbox has not grown by a byte
    assert sizes[-1] < 2 * limit
    # The changes made meanwhile wait in the inbox and are folded once the old snapshot is gone.
    vacuumed(db)
    assert exact(db, "incremental", AS_OF + 25 * SECOND).active_now == 500


def test_a_reader_of_the_state_delays_nobody(db: psycopg.Connection, url: str) -> None:
    refreshed(db, AS_OF - MINUTE)
    with psycopg.connect(url) as reader:
        # This takes the lock that pg_dump takes.
        reader.execute("select 1 from vessel_activity.inbox, vessel_activity.last_report")
        db.execute("set lock_timeout = '100ms'")
        add_positions(db, (1, AS_OF))
        db.execute("select public.vessel_activity_rebuild()")

        assert exact(db, "rebuild").active_now == 1
        add_positions(db, (2, AS_OF))
        assert exact(db, "incremental").active_now == 2
