"""Every object of vessel activity has a comment, pinned names and no more rights than it needs."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg
import pytest

from tests.support.fleet import add_positions, stored
from tests.support.roles import role

# Routines that need not pin their search_path, with the reason.
_UNPINNED = {
    "put_triggers": "commits, so it can't carry SET; it sets the path in each transaction",
    "run_patiently": "commits, so it can't carry SET; it sets the path in each transaction",
    "drop_superseded": "commits, so it can't carry SET; it sets the path in each transaction",
    "scheduled_refresh": "commits, so it can't carry SET; it sets the path in each transaction",
    "note_positions_inserted": "fires on every insert; every name and operator is qualified",
    "note_positions_deleted": "the same",
    "report_values": "is inlined for each vessel; every name and operator is qualified",
    "arrival": "the same",
    "source_members": "is inlined for each statement on partitions; every name is qualified",
}
_OURS = """
    (n.nspname = 'vessel_activity'
      or n.nspname = 'public' and (c.relname like 'vessel\\_activity\\_%'))
"""


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


def test_only_triggers_and_entry_points_run_with_their_owners_rights(
    db: psycopg.Connection,
) -> None:
    definers = db.execute(
        "select o.routine::text from vessel_activity.routines() as o"
        " join pg_proc as p on p.oid = o.routine where p.prosecdef and not o.is_trigger"
    ).fetchall()
    entry_points = db.execute(
        "select e.routine::text from vessel_activity.entry_points() as e"
    ).fetchall()

    assert len(entry_points) > 20
    # try_refresh_lock: whoever may refresh can take the lock, but only through the function.
    assert sorted(definers) == sorted([*entry_points, ("vessel_activity.try_refresh_lock()",)])
    triggers = db.execute(
        "select bool_and(p.prosecdef) from vessel_activity.routines() as o"
        " join pg_proc as p on p.oid = o.routine where o.is_trigger"
    ).fetchone()
    assert triggers == (True,)


def test_a_writers_search_path_cannot_mislead_the_triggers(
    db: psycopg.Connection, url: str
) -> None:
    with role(db, url) as writer:
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


# --- rights of writers --------------------------------------------------------------------------


def test_a_writer_needs_no_right_on_vessel_activity(db: psycopg.Connection, url: str) -> None:
    with role(db, url) as writer:
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
    with role(db, url) as writer:
        db.execute(f"grant insert on vessel_positions to {writer.info.user}")
        db.execute(f"grant usage on sequence vessel_positions_id_seq to {writer.info.user}")
        add_positions(writer, (1, datetime.now(UTC)))

        db.execute("select public.refresh_vessel_activity()")
        assert stored(db).active_now == 1
