"""Functions of others with our names in schema public are never run by our calls.

On a cluster that was upgraded from PostgreSQL 14 or older, every role may create functions in
schema public. PostgreSQL chooses among functions of one name by the types of the arguments, and a
literal without a type fits many. A domain of that name even wins over every function.
"""

from __future__ import annotations

import ast
import itertools
import os
import re
import subprocess
import uuid
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import COMMAND, PROJECT
from tests.support.builds import client_program
from tests.support.fleet import add_positions
from tests.support.roles import new_role
from tests.support.webserver import STATS, WebServer, eventually
from tests.test_documents import PAGES
from tests.test_status import Check, status
from vessel_activity.install import migrate, rollback

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SQL = sorted((PROJECT / "sql").rglob("*.sql"))
_PYTHON = [PROJECT / "server.py", *sorted((PROJECT / "vessel_activity").rglob("*.py"))]
# fmt: off
_TYPES = [
    "text", "name", "regrole", "regclass", "oid", "varchar", "bpchar", "anyelement", "anynonarray",
    "anycompatible", "timestamp", "timestamptz", "date", "interval", "bigint", "integer", "numeric",
    "boolean", "json", "record", "text[]", "public.vessel_activity_realtime",
]
# fmt: on
_TYPES_OF_THREE = ["timestamptz", "text", "name", "interval", "timestamp", "anyelement"]
_SPRINGS = "begin raise exception 'trap sprung, with the rights of %', current_user; end"

# --- the attack -----------------------------------------------------------------------------------


def signatures(db: psycopg.Connection) -> dict[str, list[str]]:
    """Return our functions in schema public with the types of their arguments."""
    rows = db.execute(
        """
        select o.name, array(select t.type::regtype::text from unnest(p.proargtypes) as t (type))
        from vessel_activity.routines() as o join pg_proc as p on p.oid = o.routine
        where o.is_public
        """
    ).fetchall()
    return {name: list(types) for name, types in rows}


def trap(name: str, types: tuple[str, ...] | list[str], last: str = "") -> str:
    arguments = ", ".join([*types, *([last] if last else [])])
    return (
        f"create function public.{name}({arguments}) returns text language plpgsql volatile as"
        f" $$ {_SPRINGS} $$"
    )


def lay_traps(attacker: psycopg.Connection, ours: dict[str, list[str]], *, defaults: bool) -> int:
    """Make functions and domains with our names, as many as the role may; return how many."""
    laid = 0
    for name, own in ours.items():
        own_shape = tuple(
            {"timestamp with time zone": "timestamptz", "vessel_activity_realtime": _TYPES[-1]}.get(
                one, one
            )
            for one in own
        )
        shapes: list[tuple[str, ...]] = []
        for length in range(len(own) + 1):
            if length > 4:  # all types would be tens of thousands of functions
                choices = [{one, "text", "name", "anyelement"} for one in own_shape[:length]]
                shapes += itertools.product(*map(sorted, choices))
                continue
            types = _TYPES if length < 3 else _TYPES_OF_THREE
            shapes += itertools.product(types, repeat=length)
        statements = [
            *(trap(name, shape) for shape in shapes if shape != own_shape),
            *(trap(name, own_shape[:length], "variadic text[]") for length in range(len(own))),
            trap(name, own_shape, "variadic text[]"),
            f"create domain public.{name} as text check (public.sprung(value))",
        ]
        if defaults:  # then the call is ambiguous, which stops it
            statements.append(trap(name, own_shape, "p_more integer default 1"))
        for statement in statements:
            try:
                attacker.execute(statement.encode())
            except psycopg.errors.InvalidFunctionDefinition:
                continue  # a variadic argument after one with a default, or the like
            except (psycopg.errors.DuplicateFunction, psycopg.errors.AmbiguousFunction):
                continue
            laid += 1
    return laid


@contextmanager
def attacked(db: psycopg.Connection, url: str, *, defaults: bool) -> Iterator[str]:
    """Lay all traps as a role that may create in schema public; give its name."""
    with new_role(db, url, name="attacker") as its_url:
        name = its_url.split("//")[1].split("@")[0]
        db.execute(f"grant create on schema public to {name}")
        with psycopg.connect(its_url, autocommit=True) as attacker:
            attacker.execute(
                "create function public.sprung(text) returns boolean language plpgsql as"
                f" $$ {_SPRINGS} $$"
            )
            assert lay_traps(attacker, signatures(db), defaults=defaults) > 1000
        yield name


# --- the calls ------------------------------------------------------------------------------------

_CALL = re.compile(
    r"\b(?:select|from|call|perform)\s+(?:\*\s+from\s+)?(public\.(?:vessel_activity|refresh_vessel)_\w+)\("
)


def whole_call(text: str, start: int) -> str:
    """Return the call that begins at `start`, up to its closing parenthesis."""
    depth = 0
    for place in range(text.index("(", start), len(text)):
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        if depth == 0:
            return text[start : place + 1]
    return text[start:]


def strings(path: Path) -> Iterator[str]:
    """Give the strings of a Python file; what an f-string puts in is a literal."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    formatted = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {part for node in formatted for part in node.values}
    for one in formatted:
        yield "".join(
            str(part.value) if isinstance(part, ast.Constant) else "'x'" for part in one.values
        )
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in parts:
            yield node.value


def shown_calls(path: Path) -> set[str]:
    """Return the calls of our public functions that a file shows or makes."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        text = "\n".join(strings(path))
    if path.suffix == ".sql":
        text = text.replace("''", "'")
    found = {whole_call(text, match.start(1)) for match in _CALL.finditer(text)}
    # What format() or the reader fills in: a quoted literal, as dangerous as any.
    return {re.sub(r"%(\d\$)?L|%s|…", "'x'", call) for call in found if "p_" not in call}


@cache
def all_calls() -> list[str]:
    """Return the calls of every page and every file."""
    return sorted({call for path in (*PAGES, *_SQL, *_PYTHON) for call in shown_calls(path)})


def chosen(db: psycopg.Connection, call: str) -> set[str]:
    """Return the functions and types of schema public that PostgreSQL chooses for a call."""
    db.execute(
        f"create temp view chosen as select ({call})::text as x"  # noqa: S608 - of our files
        " from public.vessel_activity_realtime as r"
    )
    rows = db.execute(
        """
        select distinct case d.refclassid when 'pg_proc'::regclass then d.refobjid::regprocedure::text
          else 'type ' || d.refobjid::regtype::text end
        from pg_rewrite as w
        join pg_depend as d on d.classid = 'pg_rewrite'::regclass and d.objid = w.oid
        left join pg_proc as p on d.refclassid = 'pg_proc'::regclass and p.oid = d.refobjid
        left join pg_type as t on d.refclassid = 'pg_type'::regclass and t.oid = d.refobjid
        where w.ev_class = 'pg_temp.chosen'::regclass and 'public'::regnamespace in (p.pronamespace, t.typnamespace)
        """  # noqa: E501
    ).fetchall()
    db.execute("drop view pg_temp.chosen")
    return {text for (text,) in rows}


def test_calls_are_found_in_documents_messages_and_comments() -> None:
    assert len(all_calls()) > 15
    for text in (
        "public.vessel_activity_grant('dashboard', 'reader')",
        "public.vessel_activity_schedule(interval '10 seconds')",
        "public.vessel_activity_status()",
    ):
        assert text in all_calls()


def test_the_calls_that_we_show_and_make_never_run_a_function_of_others(
    db: psycopg.Connection, url: str
) -> None:
    ours = {
        text
        for (text,) in db.execute(
            "select o.routine::text from vessel_activity.routines() as o where o.is_public"
        )
    }
    expected = {call: chosen(db, call) for call in all_calls()}
    assert {call for call, found in expected.items() if len(found & ours) != 1} == set()
    with attacked(db, url, defaults=False):
        # The attack is a real one: these calls, which we never show, are lost to it.
        for call in (
            "public.vessel_activity_schedule('10 seconds')",
            "public.vessel_activity_at('2026-01-31 12:00+00')",
            "public.vessel_activity_history('24h')",
            "public.vessel_activity_backfill_history(now(), now(), '1 minute')",
        ):
            with suppress(psycopg.errors.AmbiguousFunction):
                assert not chosen(db, call) & ours, call
        for call in all_calls():
            try:
                assert chosen(db, call) == expected[call], call
            except psycopg.errors.AmbiguousFunction:
                # A function that leaves out arguments with defaults can stop a call, not take it.
                some_left_out = r"\(\)$|schedule|backfill|revoke|history|activity_watch"
                assert re.search(some_left_out, call), call


# --- a call of PostgreSQL's own functions ---------------------------------------------------------

# Words before a parenthesis that are no functions.
# fmt: off
_NO_FUNCTION = {
    "and", "any", "array", "as", "by", "case", "check", "coalesce", "concurrently", "exists",
    "extract", "filter", "from", "greatest", "in", "key", "lateral", "least", "materialized", "not",
    "nullif", "on", "or", "over", "select", "then", "using", "values", "varchar", "when", "where",
    "with",
}
# fmt: on


def sql_in(path: Path) -> Iterator[str]:
    """Give the strings of a Python file that are SQL, without their comments and literals."""
    for text in strings(path):
        if re.search(
            r"^\s*(select|call|with|do|create|insert|delete|update|from|begin|--|\\)", text
        ) and re.search(r"\b(select|perform|call|from)\b", text):
            yield re.sub(r"--[^\n]*|'(?:[^']|'')*'", "''", text)


@pytest.mark.parametrize("path", _PYTHON, ids=lambda path: path.name)
def test_python_names_the_schema_of_each_function(path: Path) -> None:
    # The search_path of a session has schema public in it.
    unqualified = {
        name
        for text in sql_in(path)
        for name in re.findall(r"(?<![\w.\"])([a-z_][a-z_0-9]*)\(", text)
        if name not in _NO_FUNCTION
    }
    assert unqualified == set()


def test_documents_and_hints_give_literals_of_other_functions_a_type() -> None:
    # Such as undistribute_table('public.vessels'), which takes a regclass.
    found = set()
    for path in (*PAGES, *_SQL):
        # In a file of SQL, what people are told to run is in a string, where quotes are doubled.
        quote = "''" if path.suffix == ".sql" else "'"
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(rf"\b(?:[Rr]un|[Ss]elect|from)\s+(\w+)\({quote}", text):
            call = whole_call(text, match.start(1))
            if not re.search(rf"{quote}::\w+", call):
                found.add((path.name, call))
    assert found == set()


# --- under attack ---------------------------------------------------------------------------------


def run(url: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_no_program_is_misled_or_stopped(db: psycopg.Connection, url: str) -> None:
    with (
        new_role(db, url, "server") as its_url,
        attacked(db, url, defaults=True) as attacker,
    ):
        with pytest.raises(psycopg.errors.AmbiguousFunction):
            db.execute("select public.refresh_vessel_activity()")
        done = run(url, "migrate")
        assert (done.returncode, done.stderr) == (0, "")
        done = run(url, "refresh")
        assert (done.returncode, done.stderr) == (0, "")
        done = run(url, "status")
        assert (done.returncode, done.stderr) == (0, "")
        assert re.search(r"^warn  rights +schema public has objects", done.stdout, re.MULTILINE)
        assert attacker in done.stdout
        assert psql(url) == (0, "")
        db.execute("select vessel_activity.set_schedule(interval '1 second')")
        with WebServer(its_url, {"VESSEL_ACTIVITY_FALLBACK": "on"}) as web:
            add_positions(db, (1, datetime.now(UTC)))
            eventually(lambda: web.get(STATS).json()["activeNow"] == 1, within_seconds=60)
            for form in ("", ".csv"):
                path = f"/api/database/vessel-stats-history{form}?range=24h"
                assert web.get(path).status_code == 200
        assert "ERROR" not in web.log
        # A refresh that verifies, and one that uses the definition, call further functions.
        db.execute("update vessel_activity.state set verified_at = '-infinity'")
        db.execute("select vessel_activity.refresh_now()")
        verified = db.execute(
            "select mode, verification ->> 'equal' from vessel_activity.refresh_log"
            " order by id desc limit 1"
        ).fetchone()
        assert verified == ("incremental", "true")
        db.execute("drop trigger vessel_activity_inserted on public.vessel_positions")
        db.execute("select vessel_activity.refresh_now()")
        assert db.execute(
            "select mode, sqlstate from vessel_activity.refresh_log order by id desc limit 1"
        ).fetchone() == ("definition", None)


# --- objects with names of PostgreSQL -------------------------------------------------------------

_SPRING = f"language plpgsql as $$ {_SPRINGS} $$"
_TRAPS_FOR_MIGRATE = f"""
    create function public.format(text, text) returns text {_SPRING};
    create function public.format(text, text, name) returns text {_SPRING};
    create function public.format(text, name) returns text {_SPRING};
    create function public.format(text, name, name, text) returns text {_SPRING};
    create function public.unnest(text[]) returns setof text {_SPRING};
    create function public.array_to_string(text[], text) returns text {_SPRING};
    create function public.concat(name, name) returns text {_SPRING};
    create function public.spring(oid, regclass) returns boolean {_SPRING};
    create function public.spring(varchar, varchar) returns boolean {_SPRING};
    create function public.spring(name[], name[]) returns boolean {_SPRING};
    create function public.spring(text[], text[]) returns boolean {_SPRING};
    create function public.spring(name, name) returns text {_SPRING};
    create function public.spring(text, name) returns text {_SPRING};
    create operator public.= (leftarg = oid, rightarg = regclass, function = public.spring);
    create operator public.= (leftarg = varchar, rightarg = varchar, function = public.spring);
    create operator public.= (leftarg = name[], rightarg = name[], function = public.spring);
    create operator public.= (leftarg = text[], rightarg = text[], function = public.spring);
    create operator public.|| (leftarg = name, rightarg = name, function = public.spring);
    create operator public.|| (leftarg = text, rightarg = name, function = public.spring);
    create domain public.to_regclass as text check (public.format(value, value) is null);
    create domain public.current_setting as text check (public.format(value, value) is null);
"""


def psql(url: str, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [client_program("psql"), "--no-psqlrc", url],
        input=run(url, "sql", *arguments).stdout,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stderr


def test_migrate_and_rollback_run_no_function_or_operator_of_others(
    empty_url: str, db: psycopg.Connection
) -> None:
    with new_role(db, empty_url, name="attacker") as its_url:
        with psycopg.connect(empty_url, autocommit=True) as owner:
            owner.execute("grant create on schema public to public")
        with psycopg.connect(its_url, autocommit=True) as attacker:
            attacker.execute(_TRAPS_FOR_MIGRATE.encode())
            with pytest.raises(psycopg.errors.RaiseException, match="trap sprung"):
                attacker.execute("select format('%s', 'x'::text)")
        for _ in range(2):
            migrate.migrate(empty_url)
        rollback.rollback(empty_url)
        for _ in range(2):
            assert psql(empty_url) == (0, "")
        assert psql(empty_url, "--rollback") == (0, "")

        # With an event trigger, which may need schema public on the search_path, it refuses.
        with psycopg.connect(empty_url, autocommit=True) as owner:
            owner.execute(
                """
                create function public.nothing() returns event_trigger language plpgsql as
                  'begin end';
                create event trigger nothing on ddl_command_end execute function public.nothing()
                """
            )
            owner.execute("drop domain public.to_regclass")
            refused = "would run with the rights of postgres, because it fits into function vessel"
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match=refused):
                migrate.migrate(empty_url)
            owner.execute("drop event trigger nothing")
        with psycopg.connect(empty_url, autocommit=True) as owner:
            owner.execute(f"drop owned by {its_url.split('//')[1].split('@')[0]} cascade")


# --- the status says so ---------------------------------------------------------------------------


def test_the_status_names_functions_and_types_of_others(db: psycopg.Connection, url: str) -> None:
    with new_role(db, url, name="other") as its_url:
        name = its_url.split("//")[1].split("@")[0]
        db.execute(f"grant create on schema public to {name}")
        assert status(db)["rights"] == Check(
            "warn",
            "other roles may create objects in schema public, also functions with names of vessel"
            f" activity: {name}",
            f"Run revoke create on schema public from {name}. If they need it, call the functions"
            " of vessel activity only with exact types, as the documents do.",
        )
        with psycopg.connect(its_url, autocommit=True) as other:
            other.execute(trap("vessel_activity_grant", ["name", "name"]).encode())
            other.execute("create domain public.vessel_activity_at as text")
            other.execute(
                "create function public.vessel_activity_of_mine() returns void return null"
            )
        db.execute(f"revoke create on schema public from {name}")
        check = status(db)["rights"]
        assert (check.state, check.detail) == (
            "warn",
            (
                "schema public has objects with names of vessel activity that do not belong to it:"
                f" function public.vessel_activity_grant(name,name) of {name},"
                f" type public.vessel_activity_at of {name}"
            ),
        )
        assert "Drop or rename them." in (check.hint or "")
    assert status(db)["rights"] == Check(
        "ok", "besides the owner, these roles have rights on vessel activity: nobody else", None
    )


def test_the_status_warns_if_everybody_may_create_in_schema_public(db: psycopg.Connection) -> None:
    db.execute("grant create on schema public to public")
    assert status(db)["rights"] == Check(
        "warn",
        "other roles may create objects in schema public, also functions with names of vessel"
        " activity: public",
        "Run revoke create on schema public from public. If they need it, call the functions of"
        " vessel activity only with exact types, as the documents do.",
    )
    db.execute("revoke create on schema public from public")
    assert status(db)["rights"].state == "ok"


def test_the_status_names_rights_that_no_purpose_gave(db: psycopg.Connection, url: str) -> None:
    with new_role(db, url, "reader", name="watch") as its_url:
        name = its_url.split("//")[1].split("@")[0]
        assert status(db)["rights"] == Check(
            "ok",
            f"besides the owner, these roles have rights on vessel activity: {name} (reader)",
            None,
        )
        db.execute(f"grant execute on function public.vessel_activity_rebuild() to {name}, public")
        check = status(db)["rights"]
        assert (check.state, check.detail) == (
            "warn",
            (
                "roles have rights that public.vessel_activity_grant() did not give: public,"
                f" {name} may execute functions such as public.vessel_activity_rebuild()"
            ),
        )
        assert (check.hint or "").startswith("Run vessel-activity migrate, which takes these")
        migrate.migrate(url)
        assert status(db)["rights"].state == "ok"


def test_no_program_runs_a_function_of_others_while_nothing_is_installed(empty_url: str) -> None:
    role = f"va_early_{uuid.uuid4().hex[:8]}"
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute("create table public.ran_as (who text)")
        db.execute(f"create role {role}")
        db.execute(f"grant create on schema public to {role}")
        try:
            db.execute(f"set role {role}")
            for name in ("vessel_activity_status", "refresh_vessel_activity"):
                body = "begin insert into public.ran_as values (current_user); end"
                arguments = "out check_name text, out state text, out detail text, out hint text"
                db.execute(
                    f"create function public.{name}({arguments}) language plpgsql as $${body}$$"
                )
            db.execute("reset role")
            for command in ("status", "refresh"):
                done = run(empty_url, command)
                assert (done.returncode, done.stdout) == (2, "")
                assert "run `vessel-activity migrate`" in done.stderr
            assert db.execute("select who from public.ran_as").fetchall() == []
        finally:
            db.execute(f"reset role; drop owned by {role}; drop role {role}")
