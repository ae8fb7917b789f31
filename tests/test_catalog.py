"""Every object of vessel activity has a comment, pinned names and no more rights than it needs."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.support.feed_batches import Feed, Report
from tests.support.fleet import add_positions, stored

if TYPE_CHECKING:
    from collections.abc import Iterator

# Routines that need not pin their search_path, with the reason.
_UNPINNED = {
    "put_triggers": "commits, so it can't carry SET; it sets the path in each transaction",
    "scheduled_refresh": "commits, so it can't carry SET; it sets the path in each transaction",
    "note_positions_inserted": "fires on every insert; every name and operator is qualified",
    "note_positions_deleted": "the same",
}
_OURS = """
    (n.nspname = 'vessel_activity'
      or n.nspname = 'public' and (c.relname like 'vessel\\_activity\\_%'))
"""


@contextmanager
def role(db: psycopg.Connection, url: str, right: str | None) -> Iterator[psycopg.Connection]:
    """Open a session of a new role that was granted one right, or none."""
    name = f"{right or 'nobody'}_{urlsplit(url).path[1:]}"
    db.execute(f"create role {name} login")
    try:
        if right is not None:
            db.execute("select public.vessel_activity_grant(%s, %s)", (name, right))
        with psycopg.connect(url.replace("postgres@", f"{name}@"), autocommit=True) as session:
            yield session
    finally:
        db.execute(f"drop owned by {name}")
        db.execute(f"drop role {name}")


# --- rights of everybody --------------------------------------------------------------------------


def test_public_may_execute_no_routine_of_vessel_activity(db: psycopg.Connection) -> None:
    open_to_all = db.execute(
        """
        select p.oid::regprocedure::text
        from vessel_activity.routines() as o
        join pg_proc as p on p.oid = o.routine
        cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) as a
        where a.grantee = 0
        """
    ).fetchall()

    assert open_to_all == []


def test_the_list_of_routines_is_complete(db: psycopg.Connection) -> None:
    others = db.execute(
        """
        select p.oid::regprocedure::text
        from pg_proc as p
        where p.pronamespace in ('public'::regnamespace, 'vessel_activity'::regnamespace)
          and p.oid not in (select o.routine from vessel_activity.routines() as o)
          and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
        """
    ).fetchall()

    assert others == []
    count = db.execute("select count(*) from vessel_activity.routines()").fetchone()
    assert count is not None
    assert count[0] > 40


def test_public_has_no_right_on_tables_views_sequences_and_schemas(
    db: psycopg.Connection,
) -> None:
    rights = db.execute(
        f"""
        select c.oid::regclass::text, a.privilege_type
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        cross join lateral aclexplode(c.relacl) as a
        where a.grantee = 0 and {_OURS}
        union all
        select n.nspname, a.privilege_type
        from pg_namespace as n
        cross join lateral aclexplode(n.nspacl) as a
        where a.grantee = 0 and n.nspname like 'vessel%'
        """  # noqa: S608
    ).fetchall()

    assert rights == []


# --- comments -------------------------------------------------------------------------------------


def test_every_routine_has_a_comment(db: psycopg.Connection) -> None:
    silent = db.execute(
        """
        select o.routine::text from vessel_activity.routines() as o
        where coalesce(length(obj_description(o.routine, 'pg_proc')), 0) < 20
        """
    ).fetchall()

    assert silent == []


def test_every_table_view_sequence_and_index_has_a_comment(
    db: psycopg.Connection,
) -> None:
    silent = db.execute(
        f"""
        select c.oid::regclass::text
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        where ({_OURS} or c.relname = 'idx_vessel_activity_updated')
          and c.relkind in ('r', 'v', 'm', 'p', 'S', 'i', 'I')
          and obj_description(c.oid, 'pg_class') is null
          -- what a key makes belongs to its constraint
          and not exists (select from pg_constraint as k where k.conindid = c.oid)
        """  # noqa: S608
    ).fetchall()

    assert silent == []


def test_every_column_has_a_comment(db: psycopg.Connection) -> None:
    silent = db.execute(
        f"""
        select c.oid::regclass::text, a.attname
        from pg_class as c
        join pg_namespace as n on n.oid = c.relnamespace
        join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where {_OURS} and c.relkind in ('r', 'v', 'm', 'p', 'c')
          and col_description(c.oid, a.attnum) is null
        """  # noqa: S608
    ).fetchall()

    assert silent == []


def test_the_schemas_have_comments(db: psycopg.Connection) -> None:
    silent = db.execute(
        "select n.nspname from pg_namespace as n where n.nspname like 'vessel%' and"
        " coalesce(obj_description(n.oid, 'pg_namespace'), '') not like '%vessel activity%'"
    ).fetchall()

    assert silent == []


# --- pinned names ---------------------------------------------------------------------------------


def test_every_routine_pins_its_search_path_or_binds_its_names_at_creation(
    db: psycopg.Connection,
) -> None:
    unpinned = db.execute(
        """
        select p.proname
        from vessel_activity.routines() as o
        join pg_proc as p on p.oid = o.routine
        where p.prosqlbody is null
          and not coalesce(p.proconfig, '{}') @> array['search_path=pg_catalog, pg_temp']
        """
    ).fetchall()

    assert {name for (name,) in unpinned} <= set(_UNPINNED)


# What a role that may feed calls, and what the server asks for its metrics.
_DEFINERS = {
    "feed_batch",
    "feed_measures",
    "feed_start",
    "load_batch",
    "load_end",
    "load_start",
}


def test_only_triggers_and_functions_for_other_roles_run_with_their_owners_rights(
    db: psycopg.Connection,
) -> None:
    definers = db.execute(
        """
        select p.proname, o.is_trigger
        from vessel_activity.routines() as o
        join pg_proc as p on p.oid = o.routine
        where p.prosecdef
        """
    ).fetchall()

    assert definers
    assert {name for name, is_trigger in definers if not is_trigger} == _DEFINERS


def test_a_writers_search_path_cannot_mislead_the_triggers(
    db: psycopg.Connection, url: str
) -> None:
    with role(db, url, None) as writer:
        user = writer.info.user
        db.execute(
            f"""
            create schema trap authorization {user};
            grant insert, update, delete, select on vessels, vessel_positions to {user};
            grant usage on all sequences in schema public to {user}
            """
        )
        # Functions with the names that the triggers call, and operators that match better than the
        # real ones.
        writer.execute(
            """
            create table trap.inbox ();
            create function trap.sprung() returns boolean language plpgsql as
              $$ begin raise exception 'trap sprung, with the rights of %', current_user; end $$;
            create function trap.random() returns float8 language sql as 'select 0.0::float8 from trap.sprung()';
            create function trap.now() returns timestamptz language sql as 'select null::timestamptz from trap.sprung()';
            create function trap.pg_sequence_last_value(regclass) returns bigint language sql as 'select 1::bigint from trap.sprung()';
            create function trap.pg_sequence_last_value(text) returns bigint language sql as 'select 1::bigint from trap.sprung()';
            create function trap.count() returns bigint language sql as 'select 1::bigint from trap.sprung()';
            """  # noqa: E501
        )
        for left in ("oid", "regclass", "bigint", "integer", "timestamptz", "float8", "numeric"):
            writer.execute(
                f"""
                create function trap.compared({left}, {left}) returns boolean language sql as
                  'select trap.sprung()';
                """
            )
            for name in ("=", "<>", "<", ">", "<=", ">="):
                writer.execute(
                    f"create operator trap.{name} "
                    f"(leftarg = {left}, rightarg = {left}, function = trap.compared)"
                )
        for left, right in (("bigint", "integer"), ("oid", "regclass"), ("float8", "numeric")):
            writer.execute(
                f"""
                create function trap.compared({left}, {right}) returns boolean language sql as
                  'select trap.sprung()';
                """
            )
            for name in ("=", "<>", "<", ">", "<=", ">="):
                writer.execute(
                    f"create operator trap.{name} "
                    f"(leftarg = {left}, rightarg = {right}, function = trap.compared)"
                )
        writer.execute("set search_path = trap, pg_catalog, public")
        with pytest.raises(psycopg.errors.RaiseException, match="trap sprung"):
            # The trap catches a session that does not pin its search_path.
            writer.execute("select 1 < 2")

        now = datetime.now(UTC)
        for _ in range(40):  # the check that runs for one statement in sixteen runs here too
            add_positions(writer, (1, now))
        add_positions(writer, *((vessel, now) for vessel in range(40)))
        writer.execute("update public.vessel_positions set speed = 7")
        writer.execute("insert into public.vessels (mmsi, flag) values ('1', 'NO')")
        writer.execute("update public.vessels set flag = 'SE'")
        writer.execute("delete from public.vessel_positions")

    db.execute("select public.refresh_vessel_activity()")
    assert (stored(db).active_now, stored(db).top_flags) == (0, [("SE", 1)])


# --- granted rights -------------------------------------------------------------------------------

_READS = [
    "select * from public.vessel_activity_realtime",
    "select public.vessel_activity_json(r) from public.vessel_activity_realtime as r",
    "select * from public.vessel_activity_status()",
    "select * from public.vessel_activity_performance",
    "select * from vessel_activity.serving()",
    "select * from vessel_activity.refresh_log",
]
_OPERATES = [
    "select public.refresh_vessel_activity()",
    "select * from vessel_activity.refresh_if_due('fallback')",
    "select public.vessel_activity_at(now())",
    "select * from public.vessel_activity_verify()",
    "select public.vessel_activity_schedule('30 seconds')",
    "select public.vessel_activity_rebuild()",
    "select vessel_activity.log_failure('fallback', now(), '57014', 'stopped')",
    "select vessel_activity.maintain()",
    "call vessel_activity.scheduled_refresh(1)",
]
_OWNS = [
    "select public.vessel_activity_grant('{user}', 'operator')",
    "delete from public.vessel_positions",
    "drop table public.vessel_activity_realtime",
    "truncate public.vessels",
]


@pytest.mark.parametrize("query", _READS)
def test_a_reader_can_read(db: psycopg.Connection, url: str, query: str) -> None:
    with role(db, url, "reader") as session:
        assert session.execute(query).fetchall()


@pytest.mark.parametrize(
    "table", ["inbox", "last_seen", "upcoming", "recording", "rejected_message"]
)
def test_a_reader_reads_no_position(db: psycopg.Connection, url: str, table: str) -> None:
    with role(db, url, "reader") as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(f"table vessel_activity.{table}")


@pytest.mark.parametrize("query", [*_OPERATES, *_OWNS])
def test_a_reader_can_do_nothing_else(db: psycopg.Connection, url: str, query: str) -> None:
    with role(db, url, "reader") as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(query.format(user=session.info.user))


@pytest.mark.parametrize("query", [*_READS, *_OPERATES])
def test_an_operator_can_read_and_operate(db: psycopg.Connection, url: str, query: str) -> None:
    with role(db, url, "operator") as session:
        session.execute(query)
        failures = db.execute(
            "select message from vessel_activity.refresh_log where sqlstate not in ('57014')"
        ).fetchall()
        assert failures == []


@pytest.mark.parametrize("query", _OWNS)
def test_an_operator_owns_nothing(db: psycopg.Connection, url: str, query: str) -> None:
    with role(db, url, "operator") as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(query.format(user=session.info.user))


def test_an_operator_refreshes_incrementally(db: psycopg.Connection, url: str) -> None:
    with role(db, url, "operator") as session:
        session.execute("select public.refresh_vessel_activity()")  # rebuilds after the grants
        add_positions(db, (1, datetime.now(UTC)))
        session.execute("select public.refresh_vessel_activity()")

        log = db.execute(
            "select mode, new_rows from vessel_activity.refresh_log order by id desc limit 1"
        ).fetchone()
        assert log == ("incremental", 1)
        session.execute("select public.vessel_activity_rebuild()")
        session.execute("select public.refresh_vessel_activity()")
        assert stored(db).active_now == 1


@pytest.mark.parametrize(
    "query",
    [
        "select public.refresh_vessel_activity()",
        "select public.vessel_activity_at(now())",
        "select public.vessel_activity_backfill_history(now() - interval '1 hour', now())",
    ],
)
def test_row_level_security_that_hides_rows_is_an_error(
    db: psycopg.Connection, url: str, query: str
) -> None:
    add_positions(db, (1, datetime.now(UTC)))
    db.execute("select public.refresh_vessel_activity()")
    db.execute("alter table public.vessel_positions enable row level security")
    before = stored(db)

    with role(db, url, "operator") as session:
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match='"vessel_positions"'):
            session.execute(query)
        future = session.execute(
            "select s.state, s.detail from public.vessel_activity_status() as s"
            " where s.check_name = 'future positions'"
        ).fetchone()
        assert future == (
            "ok",
            f"{session.info.user} may not read all of public.vessel_positions",
        )

    assert stored(db) == before
    assert before.active_now == 1
    db.execute(query)  # the owner sees all rows


@pytest.mark.parametrize("query", [*_READS, *_OPERATES])
def test_a_role_without_a_grant_can_do_nothing(
    db: psycopg.Connection, url: str, query: str
) -> None:
    with role(db, url, None) as session, pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(query)


_FEEDS = [
    "select vessel_activity.feed_start('00000000-0000-0000-0000-000000000001', 'host', 1, '1')",
    "select vessel_activity.load_unknown_characters('{}')",
    "select vessel_activity.load_start('file')",
]


@pytest.mark.parametrize("query", [*_READS, *_OPERATES, *_OWNS])
def test_a_feeder_can_do_nothing_else(db: psycopg.Connection, url: str, query: str) -> None:
    with role(db, url, "feeder") as session:
        for allowed in _FEEDS:
            session.execute(allowed.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute(query.format(user=session.info.user))


def test_a_feeder_adds_positions_and_vessels_but_reads_and_changes_none(
    db: psycopg.Connection, url: str
) -> None:
    with role(db, url, "feeder") as session:
        feed = Feed(session)
        assert feed.send(Report(219000001), Report(219000001))["positions"] == 1
        session.execute("select vessel_activity.load_start('file')")
        loaded = session.execute(
            "select rows_loaded from vessel_activity.load_batch(1, %s)", (Report(219000002).row(),)
        ).fetchone()
        assert loaded == (1,)
        session.execute("select vessel_activity.load_end(1, 'finished')")
        for table in ("public.vessels", "public.vessel_positions", "vessel_activity.feed"):
            for query in (f"select from {table}", f"delete from {table}"):  # noqa: S608 - names
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    session.execute(query.encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("insert into public.vessels (mmsi) values ('1')")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            session.execute("select vessel_activity.file_reports('{}')")


def test_a_writer_needs_no_right_on_vessel_activity(db: psycopg.Connection, url: str) -> None:
    with role(db, url, None) as writer:
        db.execute(
            f"""
            grant insert, update, delete, select on vessels, vessel_positions to {writer.info.user};
            grant usage on all sequences in schema public to {writer.info.user}
            """
        )
        now = datetime.now(UTC)
        add_positions(writer, *((vessel, now) for vessel in range(40)))
        writer.execute("insert into vessels (mmsi, flag) values ('1', 'NO'), ('2', 'US')")
        writer.execute('delete from vessel_positions where "vesselId" = 1')
        writer.execute("update vessels set flag = 'SE' where mmsi = '1'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            writer.execute("select * from vessel_activity.inbox")

        db.execute("select public.refresh_vessel_activity()")
        assert stored(db).active_now == 39
        assert stored(db).top_flags == [("SE", 1), ("US", 1)]


def test_insert_alone_is_enough_to_insert(db: psycopg.Connection, url: str) -> None:
    with role(db, url, None) as writer:
        db.execute(f"grant insert on vessel_positions to {writer.info.user}")
        db.execute(f"grant usage on sequence vessel_positions_id_seq to {writer.info.user}")
        add_positions(writer, (1, datetime.now(UTC)))

        db.execute("select public.refresh_vessel_activity()")
        assert stored(db).active_now == 1


def test_an_unknown_right_is_refused_by_name(db: psycopg.Connection) -> None:
    with pytest.raises(
        psycopg.errors.InvalidParameterValue, match="unknown right 'owner'"
    ) as error:
        db.execute("select public.vessel_activity_grant('postgres', 'owner')")

    assert error.value.diag.message_hint == "Use reader, operator or feeder."
    with pytest.raises(psycopg.errors.InvalidParameterValue):
        db.execute("select public.vessel_activity_grant('postgres', null)")


def test_an_unknown_role_is_refused(db: psycopg.Connection) -> None:
    with pytest.raises(psycopg.errors.UndefinedObject, match="no_such_role"):
        db.execute("select public.vessel_activity_grant('no_such_role', 'reader')")


def test_a_role_with_an_odd_name_is_granted_its_right(db: psycopg.Connection, url: str) -> None:
    name = f'Odd "Role" {urlsplit(url).path[1:]}'
    quoted = '"' + name.replace('"', '""') + '"'
    db.execute(f"create role {quoted}")
    try:
        db.execute("select public.vessel_activity_grant(%s, 'reader')", (name,))
        db.execute(f"set role {quoted}")
        assert db.execute("select id from public.vessel_activity_realtime").fetchone()
    finally:
        db.execute("reset role")
        db.execute(f"drop owned by {quoted}")
        db.execute(f"drop role {quoted}")
