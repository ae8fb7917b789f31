# ruff: noqa: E501 - a catalog query reads best unbroken
"""docs/functions.md says what the code says, and the code says what the catalog knows."""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import psycopg

from scripts import function_map
from vessel_activity import demo

FOUND = function_map.routines()
# fit_to_sources makes these, for the types of the source columns.
_MADE_BY_MIGRATE = {"vessel_activity.noted_id", "vessel_activity.noted_speed"}


@cache
def called_by() -> dict[str, set[str]]:
    """Return the callers of each routine."""
    return function_map.callers(FOUND)


def test_the_map_is_up_to_date() -> None:
    written = function_map.MAP.read_text(encoding="utf-8")
    assert written == function_map.text(), f"docs/functions.md is old: run {function_map.COMMAND}"


def test_each_private_function_has_a_caller() -> None:
    idle = {name for name, users in called_by().items() if not users}
    assert {name for name in idle if not name.startswith("public.")} == set()


def test_a_comment_or_a_hint_is_no_call() -> None:
    hint = "raise notice using hint = 'Run select public.vessel_activity_status().'; -- serving()"
    assert function_map.used(hint, FOUND) == set()
    call = "select s.* from public.vessel_activity_status() as s"
    assert function_map.used(call, FOUND) == {"public.vessel_activity_status"}


def test_the_map_has_every_routine_and_view_of_the_catalog(db: psycopg.Connection) -> None:
    demo.install_fleet(db)
    rows = db.execute(
        """
        select p.pronamespace::regnamespace || '.' || p.proname
        from pg_proc as p
        where p.pronamespace::regnamespace::text in ('public', 'vessel_activity', 'vessel_activity_demo')
          and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'e')
        union
        select c.relnamespace::regnamespace || '.' || c.relname
        from pg_class as c
        where c.relnamespace::regnamespace::text in ('public', 'vessel_activity', 'vessel_activity_demo')
          and c.relkind = 'v' and c.relname not in ('refresh_lock', 'inbox_parts')
        """
    ).fetchall()
    assert {name for (name,) in rows} - _MADE_BY_MIGRATE == FOUND.keys()


def test_the_map_has_the_calls_that_the_catalog_knows(db: psycopg.Connection) -> None:
    # PostgreSQL keeps the calls of a function whose body it has parsed: RETURN and BEGIN ATOMIC.
    rows = db.execute(
        """
        select
          p.pronamespace::regnamespace || '.' || p.proname,
          array(
            select distinct f.pronamespace::regnamespace || '.' || f.proname
            from pg_depend as d
            join pg_proc as f on f.oid = d.refobjid
            where d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.refclassid = 'pg_proc'::regclass
              and f.pronamespace in ('public'::regnamespace, 'vessel_activity'::regnamespace)
          )
        from pg_proc as p
        where p.pronamespace in ('public'::regnamespace, 'vessel_activity'::regnamespace)
          and p.prosqlbody is not null
        """
    ).fetchall()
    known: defaultdict[str, set[str]] = defaultdict(set)
    for name, calls in rows:
        known[name] |= set(calls)
    for made in _MADE_BY_MIGRATE:
        assert known.pop(made) == set()

    derived = {
        name: {called for called, users in called_by().items() if FOUND[name].path in users}
        for name in known
    }

    assert derived == known
    assert known["vessel_activity.take_inbox_ticket"] == {"vessel_activity.renew_inbox_tickets"}


def test_the_map_names_the_tables_of_each_trigger(partitioned: str) -> None:
    with psycopg.connect(partitioned) as db:
        rows = db.execute(
            """
            select p.pronamespace::regnamespace || '.' || p.proname,
              array_agg(distinct s.source order by s.source)
            from pg_trigger as t
            join pg_proc as p on p.oid = t.tgfoid
            join vessel_activity.source_relations() as s on s.relation = t.tgrelid
            where not t.tgisinternal
            group by 1
            """
        ).fetchall()
    expected = {
        name: {
            "triggers on source tables that have partitions or children"
            if name in ("vessel_activity.note_tree", "vessel_activity.note_merge")
            else f"triggers on `public.{table}`"
            for table in tables
        }
        for name, tables in rows
    }
    triggers = {name for name, one in FOUND.items() if one.kind == "trigger"}
    assert {name: called_by()[name] for name in triggers} == expected
