# ruff: noqa: E501, ISC004, S608 - catalog queries read best unbroken, and only the test fills them in
"""Migrate and rollback are safe at the same time, interrupted and repeated, and leave no trace."""

from __future__ import annotations

import gzip
import os
import re
import subprocess
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.conftest import COMMAND, PROJECT, cloned
from tests.support.builds import client_program
from tests.support.catalog import snapshot
from tests.test_load import OLD, line
from vessel_activity.database.connections import name_of
from vessel_activity.database.errors import describe
from vessel_activity.errors import MigrationError
from vessel_activity.install import indexes, migrate, migrations, rollback, session

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vessel_activity.database.local_server import LocalServer

ADOPTED = """
create table vessels (id text primary key, mmsi text, name text, "vesselType" text, flag text, active boolean, note text);
create table vessel_positions (id uuid primary key, "vesselId" text references vessels on delete cascade,
  timestamp timestamp(3) not null, latitude double precision, longitude double precision, speed real, course real);
create index mine on vessel_positions (speed);
create index also_mine on vessel_positions ("vesselId" desc, timestamp desc) include (speed);
insert into vessels values ('a', '219000001', 'A', 'Cargo', 'DK', true, 'kept');
insert into vessel_positions select gen_random_uuid(), 'a', (now() at time zone 'UTC') - i * interval '1 minute', 1, 2, 10, 3
from generate_series(1, 100) i;
create function vessel_activity_of_mine() returns integer language sql return 1;
create function vessel_activity_json(text) returns text language sql return $1;
"""


def schemas(url: str) -> list[str]:
    with psycopg.connect(url) as db:
        found = db.execute("select nspname from pg_namespace where nspname !~ '^pg_|^inf'")
        return [name for (name,) in found]


def command(url: str, what: str = "migrate", *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [*COMMAND, what, *arguments],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_twenty_migrates_at_once_give_the_result_of_one(empty_url: str, url: str) -> None:
    running = [command(empty_url) for _ in range(20)]
    outputs = [process.communicate(timeout=240)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 20, outputs
    assert sum("0002.figures" in output for output in outputs) == 1
    assert snapshot(empty_url) == snapshot(url)


def test_a_second_migrate_and_down_and_up_again_change_nothing(url: str) -> None:
    fresh = snapshot(url)
    migrate.migrate(url)
    assert snapshot(url) == fresh
    rollback.rollback(url)
    migrate.migrate(url)
    assert snapshot(url) == fresh


def test_rollback_leaves_the_users_tables_rows_and_indexes_as_they_were(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(ADOPTED)
        rows = db.execute("select * from vessel_positions order by id").fetchall()
        before = snapshot(empty_url)

        migrate.migrate(empty_url)
        # The user's own index is used; only the one on timestamp is missing.
        assert db.execute(
            "select indexrelid::regclass::text from pg_index"
            " where indrelid = 'vessel_positions'::regclass order by 1"
        ).fetchall() == [
            ("also_mine",),
            ("mine",),
            ("vessel_activity_timestamp_idx",),
            ("vessel_positions_pkey",),
        ]
        assert db.execute("select active_last_hour from refresh_vessel_activity()").fetchone() == (
            1,
        )
        rollback.rollback(empty_url)

        assert snapshot(empty_url) == before
        assert db.execute("select * from vessel_positions order by id").fetchall() == rows
        assert (
            db.execute("select nspname from pg_namespace where nspname like 'vessel%'").fetchall()
            == []
        )


def test_a_rollback_prints_nothing_but_what_was_done(
    url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rollback.rollback(url)
    assert capsys.readouterr().out == (
        f"vessel activity is removed from {name_of(url)}; the source tables stay\n"
    )


@pytest.mark.parametrize(
    ("built", "named"),
    [
        (
            "create view mine as select active_now from vessel_activity_realtime",
            "view public.mine depends on table public.vessel_activity_realtime",
        ),
        (
            "create view mine as select average_ms from vessel_activity_performance",
            "view public.mine depends on view public.vessel_activity_performance",
        ),
        (
            "create view mine as select check_name from vessel_activity_status()",
            "view public.mine depends on function public.vessel_activity_status()",
        ),
        (
            "create materialized view mine as select mode from vessel_activity.refresh_log",
            "materialized view public.mine depends on table vessel_activity.refresh_log",
        ),
        (
            "create table mine (figures vessel_activity_realtime)",
            "column figures of table public.mine depends on type public.vessel_activity_realtime",
        ),
        (
            "create function mine(vessel_activity_realtime) returns int language sql as 'select 1'",
            "function public.mine(public.vessel_activity_realtime)"
            " depends on type public.vessel_activity_realtime",
        ),
    ],
)
def test_a_rollback_names_the_users_dependent_objects_and_removes_nothing(
    url: str, built: str, named: str
) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(built)
        before = snapshot(url)
        with pytest.raises(psycopg.errors.DependentObjectsStillExist) as raised:
            rollback.rollback(url)
        assert describe(raised.value) == (
            "other objects are built on vessel activity and would be removed with it: "
            f"{named}\n"
            "  hint: Drop them, or change them so that they do without it. "
            "Then run the rollback again. Nothing was removed."
        )
        assert snapshot(url) == before
        assert db.execute("select count(*) from vessel_activity.note_triggers()").fetchone() == (8,)


def test_even_the_migration_does_not_remove_objects_that_depend_on_the_row(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("drop function vessel_activity.outside_dependents()")
        db.execute("create view mine as select active_now from vessel_activity_realtime")
        with pytest.raises(psycopg.errors.DependentObjectsStillExist, match="realtime"):
            rollback.rollback(url)
        assert db.execute("select count(*) from mine").fetchone() == (1,)


@pytest.fixture
def development_url(empty_url: str) -> str:
    """Give the URL of a database with vessel activity as it was before its first release."""
    dump = gzip.decompress((PROJECT / "tests/data/before-first-release.sql.gz").read_bytes())
    psql = [client_program("psql"), "--no-psqlrc", "--quiet", empty_url]
    subprocess.run([*psql, "--set=ON_ERROR_STOP=1"], input=dump, check=True, capture_output=True)
    return empty_url


def test_a_version_from_before_the_first_release_is_recognised_and_not_changed(
    development_url: str,
) -> None:
    before = snapshot(development_url)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        migrate.migrate(development_url)
    assert describe(raised.value) == (
        "vessel activity was installed here by a version from before its first release,"
        " which can't be upgraded\n"
        "  hint: Run `vessel-activity rollback`, then `vessel-activity migrate`. The source tables"
        " stay as they are. The settings and the history of the figures are lost."
        " Nothing was changed."
    )
    assert snapshot(development_url) == before


def test_a_rollback_removes_a_version_from_before_the_first_release(
    development_url: str, server: LocalServer
) -> None:
    with psycopg.connect(development_url) as db:
        rows = db.execute("select * from vessel_positions order by id").fetchall()
    rollback.rollback(development_url)
    with cloned(server, None) as untouched:
        with psycopg.connect(untouched, autocommit=True) as db:
            db.execute(ADOPTED)
        assert snapshot(development_url) == snapshot(untouched)
    with psycopg.connect(development_url) as db:
        assert db.execute("select * from vessel_positions order by id").fetchall() == rows
    assert schemas(development_url) == ["public"]
    migrate.migrate(development_url)


def test_a_newer_version_is_recognised_and_not_changed(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            "insert into vessel_activity_migrations._yoyo_migration values ('x', '9999.later', now())"
        )
    before = snapshot(url)
    with pytest.raises(
        psycopg.errors.ObjectNotInPrerequisiteState,
        match=r"has migrations that this version does not know: 9999\.later",
    ):
        migrate.migrate(url)
    assert snapshot(url) == before


@pytest.mark.parametrize("applied", range(1, len(migrations.files()) + 1))
def test_a_rollback_removes_what_is_half_installed(
    empty_url: str, server: LocalServer, applied: int
) -> None:
    files = migrations.files()
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(ADOPTED)
        for file in files[:applied]:
            with db.transaction():
                db.execute(file.read_bytes())
    rollback.rollback(empty_url)
    with cloned(server, None) as untouched:
        with psycopg.connect(untouched, autocommit=True) as db:
            db.execute(ADOPTED)
        assert snapshot(empty_url) == snapshot(untouched)
    assert schemas(empty_url) == ["public"]


def test_the_rollback_names_the_public_functions_that_there_are(db: psycopg.Connection) -> None:
    listed = re.findall(r"^  (public\.\w+\(.*\))[,;]$", rollback.step("3-remove"), re.MULTILINE)
    found = db.execute(
        "select to_regprocedure(f)::text from unnest(%s::text[]) as f order by 1", (listed,)
    ).fetchall()
    there = db.execute(
        "select routine::text from vessel_activity.routines() where is_public order by 1"
    ).fetchall()
    assert len(there) == 20
    assert found == there


def test_an_index_build_that_waits_says_for_whom(
    url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "_SILENT_SECONDS", 0.1)
    said = ""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("drop index vessel_activity_timestamp_idx")
        with psycopg.connect(url, application_name="a report") as old:
            pid = old.info.backend_pid
            old.execute("begin isolation level repeatable read; select count(*) from vessels")
            migrating = threading.Thread(target=migrate.migrate, args=(url,))
            migrating.start()
            while "waiting" not in said:
                time.sleep(0.05)
                captured = capfd.readouterr()
                said += captured.out + captured.err
        migrating.join()
        assert db.execute(
            "select obj_description('vessel_activity_timestamp_idx'::regclass)"
        ).fetchone() == (
            "Serves the figures of vessel activity."
            " Made by vessel-activity migrate, removed by vessel-activity rollback.",
        )
    assert (
        "index: building vessel_activity_timestamp_idx on public.vessel_positions,"
        " without blocking writers\n"
        f"index: waiting for process {pid} (user postgres, a report), a transaction open since "
    ) in said
    assert "index: vessel_activity_timestamp_idx built\n" in capfd.readouterr().out


def test_a_server_that_is_too_old_is_refused() -> None:
    session.refuse_old(150000)
    with pytest.raises(
        MigrationError, match="PostgreSQL 14; vessel activity needs PostgreSQL 15 or newer"
    ):
        session.refuse_old(140023)


def test_an_invalid_index_is_built_anew(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(
            "update pg_index set indisvalid = false"
            " where indexrelid = 'vessel_activity_timestamp_idx'::regclass"
        )
        migrate.migrate(url)
        assert db.execute(
            "select indisvalid from pg_index"
            " where indexrelid = 'vessel_activity_timestamp_idx'::regclass"
        ).fetchone() == (True,)


PARTITIONED = """
create table vessel_positions (id bigserial, "vesselId" bigint, timestamp timestamptz not null,
  latitude real, longitude real, speed real, course real) partition by range (timestamp);
create schema parts;
create table parts.early partition of vessel_positions for values from (minvalue) to ('2026-01-01')
  partition by range (timestamp);
create table parts.earliest partition of parts.early for values from (minvalue) to ('2025-01-01');
create table late partition of vessel_positions default;
"""


@pytest.mark.parametrize("shape", ["select", PARTITIONED], ids=["plain", "partitioned"])
def test_an_index_without_its_comment_gets_it_from_the_next_migrate(
    empty_url: str, shape: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(shape)
        migrate.migrate(empty_url)
        fresh = snapshot(empty_url)
        there = db.execute(
            "select oid::regclass::text from pg_class where relname ~ '^vessel_activity_.*_idx'"
        ).fetchall()
        assert len(there) == (2 if shape == "select" else 8)
        assert db.execute("select * from vessel_activity.missing_indexes()").fetchall() == []
        for (index,) in there:
            db.execute(f"comment on index {index} is null")
        assert snapshot(empty_url) != fresh
        capsys.readouterr()

        migrate.migrate(empty_url)
        assert snapshot(empty_url) == fresh
        assert "index: building" not in capsys.readouterr().out
        assert db.execute(
            "select distinct obj_description(c.oid) from pg_class c"
            " where relname ~ '^vessel_activity_.*_idx'"
        ).fetchall() == [
            (
                "Serves the figures of vessel activity."
                " Made by vessel-activity migrate, removed by vessel-activity rollback.",
            )
        ]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ("alter table vessel_positions drop speed", "UndefinedColumn", "no column speed"),
        ("alter table vessels drop flag", "UndefinedColumn", "no column flag"),
        (
            'alter table vessel_positions rename "vesselId" to vesselid',
            "UndefinedColumn",
            'no column "vesselId"',
        ),
        (
            "alter table vessel_positions alter timestamp type date",
            "DatatypeMismatch",
            "is date, expected timestamp",
        ),
        ("alter table vessels alter active type text", "DatatypeMismatch", "active is text"),
        (
            'alter table vessel_positions drop constraint "vessel_positions_vesselId_fkey", '
            'alter "vesselId" type bigint using 1',
            "DatatypeMismatch",
            'vessels.id is text and public.vessel_positions."vesselId" is bigint; these types can\'t be compared',
        ),
        (
            "create table vessel_activity_realtime (id text)",
            "DuplicateTable",
            "vessel_activity_realtime exists already, with other columns: id text",
        ),
    ],
)
def test_an_unsuitable_column_is_named_before_anything_is_changed(
    empty_url: str, change: str, error: str, message: str
) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(ADOPTED)
        db.execute(change)
    before = snapshot(empty_url)
    with pytest.raises(getattr(psycopg.errors, error), match=message) as raised:
        migrate.migrate(empty_url)
    assert (raised.value.diag.message_hint or "").endswith("Nothing was changed.")
    assert snapshot(empty_url) == before
    assert schemas(empty_url) == ["public"]


@pytest.mark.parametrize(
    ("foreign", "message"),
    [
        (
            "alter table vessels owner to postgres",
            "must be owner of public.vessels, which belongs to postgres",
        ),
        (
            "create table part () inherits (vessel_positions)",
            "must be owner of public.part, which belongs to postgres",
        ),
        (
            "create table vessel_activity_realtime ()",
            "must be owner of public.vessel_activity_realtime, which belongs to postgres",
        ),
        (
            "revoke create on schema public from {owner}",
            "permission denied to create in schema public",
        ),
    ],
)
def test_a_role_that_does_not_own_the_tables_is_refused_before_any_change(
    empty_url: str, foreign: str, message: str
) -> None:
    owner = f"owner_{urlsplit(empty_url).path[1:]}"
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(ADOPTED)
        db.execute(
            f"create role {owner} login; alter table vessels owner to {owner};"
            f"alter table vessel_positions owner to {owner};"
            f"grant create on schema public to {owner}"
        )
        name = db.info.dbname
        db.execute(f"grant create on database {name} to {owner}")
        db.execute(foreign.format(owner=owner))
        before = snapshot(empty_url)
        with pytest.raises(psycopg.errors.InsufficientPrivilege) as raised:
            migrate.migrate(empty_url.replace("postgres@", f"{owner}@"))
        assert raised.value.diag.message_primary == message
        assert raised.value.diag.message_hint == (
            f"Run vessel-activity migrate as the owner of the tables instead of {owner}. The owner"
            " needs the right to create in the database and in schema public. Nothing was changed."
        )
        assert snapshot(empty_url) == before
        assert schemas(empty_url) == ["public"]
        db.execute(f"drop owned by {owner} cascade; drop role {owner}")


@pytest.mark.parametrize(
    ("id_type", "default"),
    [
        ("uuid", "gen_random_uuid()"),
        ("text", "(gen_random_uuid())::text"),
        ("integer", "nextval('vessels_id_seq'::regclass)"),
        ("bigint", "nextval('vessels_id_seq'::regclass)"),
    ],
)
@pytest.mark.parametrize("present", ["vessels", "vessel_positions"])
def test_a_new_table_gets_the_id_type_of_the_existing_one(
    empty_url: str, present: str, id_type: str, default: str
) -> None:
    tables = {
        "vessels": f'create table vessels (id {id_type} primary key, mmsi text, name text, "vesselType" text, flag text, active boolean)',
        "vessel_positions": f'create table vessel_positions (id bigserial, "vesselId" {id_type}, timestamp timestamptz, latitude real, longitude real, speed real, course real)',
    }
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(tables[present])
        migrate.migrate(empty_url)
        assert db.execute(
            "select format_type(a.atttypid, a.atttypmod), format_type(p.atttypid, p.atttypmod)"
            " from pg_attribute a, pg_attribute p"
            " where a.attrelid = 'vessels'::regclass and a.attname = 'id'"
            " and p.attrelid = 'vessel_positions'::regclass and p.attname = 'vesselId'"
        ).fetchone() == (id_type, id_type)
        if present == "vessel_positions":
            assert db.execute(
                "select column_default from information_schema.columns"
                " where table_name = 'vessels' and column_name = 'id'"
            ).fetchone() == (default,)
            db.execute("insert into vessels (mmsi) values ('219000001'), ('219000002')")


@pytest.mark.parametrize("id_type", ["text", "uuid", "integer", "bigint"])
@pytest.mark.parametrize("time_type", ["timestamp(3)", "timestamptz"])
@pytest.mark.parametrize("speed_type", ["numeric(6,2)", "real", "double precision"])
def test_adopted_tables_of_any_type_are_refreshed_incrementally(
    empty_url: str, id_type: str, time_type: str, speed_type: str
) -> None:
    number = "lpad(i::text, 32, '0')::uuid" if id_type == "uuid" else f"i::{id_type}"
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute("set timezone = 'America/New_York'")
        db.execute(
            f"create table vessels (id {id_type} primary key, mmsi text, name text,"
            ' "vesselType" text, flag text, active boolean);'
            f'create table vessel_positions (id bigserial, "vesselId" {id_type},'
            f" timestamp {time_type}, latitude real, longitude real, speed {speed_type},"
            " course real);"
            f"insert into vessels select {number}, i, 'V', 'Cargo', 'NO', true"
            " from generate_series(1, 50) i"
        )
        migrate.migrate(empty_url)
        now = "now()" if time_type == "timestamptz" else "(now() at time zone 'UTC')"
        db.execute(
            'insert into vessel_positions ("vesselId", timestamp, speed)'
            f" select {number}, {now} - i * interval '2 minutes', i * 0.3"
            " from generate_series(1, 60) i"
        )
        # Ages 2, 4, … 120 minutes: 2 within 5 minutes, 29 within the hour (the 30th has just
        # left it), mean of 0.3 … 8.7.
        row = db.execute(
            "select active_now, active_last_hour, active_last_24h, total_vessels,"
            " positions_last_hour, speed_avg::text from refresh_vessel_activity()"
        ).fetchone()
        assert row == (2, 29, 60, 50, 29, "4.50")
        assert db.execute(
            "select mode, new_rows from vessel_activity.refresh_log order by id desc limit 1"
        ).fetchone() == ("incremental", 60)
        assert db.execute(
            "select count(*), bool_and(equal) from vessel_activity_verify()"
        ).fetchone() == (18, True)


def test_errors_of_the_database_are_explained_in_plain_words(
    server: LocalServer, url: str, tmp_path: Path
) -> None:
    role = f"nobody_{urlsplit(url).path[1:]}"
    file = tmp_path / "ais.csv"
    file.write_text(f"{OLD}\n{line('219000001')}\n")
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"create role {role} login")
    as_nobody = url.replace("postgres@", f"{role}@")
    way_out = (
        f"\n  hint: you are {role}; vessel activity in this database belongs to postgres. Migrate,"
        f" roll back and replay as postgres. To let {role} ask for the status and refresh, postgres"
        f" runs: select public.vessel_activity_grant('{role}', 'operator'); to serve, with 'server';"
        " to load, with 'feeder'\n"
    )
    for bad, what, words in [
        (as_nobody, "migrate", "error: permission denied for schema vessel_activity_migrations\n"),
        (as_nobody, "migrate", way_out),
        (as_nobody, "status", "error: permission denied for schema vessel_activity" + way_out),
        (as_nobody, "load", "error: permission denied for schema vessel_activity" + way_out),
        (
            server.url("template1").replace("postgres@", f"{role}@"),
            "migrate",
            f"\n  hint: you are {role}; run `vessel-activity migrate` as the owner of the source"
            " tables, with the right to create in the database and in schema public\n",
        ),
        (
            "postgresql://u:s3cret@127.0.0.1:1/x",
            "status",
            "can't connect to database x on 127.0.0.1:1",
        ),
        ("postgresql://u:s3cret%zz@h/x", "status", "DATABASE_URL can't be read"),
        ("mysql://x", "status", "DATABASE_URL must be a libpq URL"),
        (
            server.url("template1"),
            "status",
            "is not installed in this database; run `vessel-activity migrate`",
        ),
        (
            server.url("template1"),
            "load",
            "is not installed in this database; run `vessel-activity migrate`",
        ),
    ]:
        process = command(bad, what, *([str(file)] if what == "load" else []))
        output, _ = process.communicate(timeout=60)
        assert (process.returncode, words in output) == (2, True), output
        assert "s3cret" not in output
        assert "Traceback" not in output
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(f"drop role {role}")


def test_a_missing_object_of_others_is_not_taken_for_a_missing_installation(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("drop function vessel_activity.status()")
        output, _ = command(url, "status").communicate(timeout=60)
        assert output.startswith("error: function vessel_activity.status() does not exist")
        assert "not installed" not in output


@pytest.mark.needs("pg_cron")
def test_pg_cron_in_another_database_gets_the_jobs_and_loses_them_at_rollback(
    new_server: Callable[..., LocalServer],
) -> None:
    server = new_server(
        **{"shared_preload_libraries": "pg_cron", "cron.database_name": "cron_home"}
    )
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as db:
        db.execute("create database cron_home")
        db.execute("create database fleet")
    jobs = "select jobname, schedule, command like '%%vessel_activity%%', database from cron.job order by 1"
    migrate.migrate(server.url("fleet"))
    migrate.migrate(server.url("fleet"))
    with psycopg.connect(server.url("cron_home"), autocommit=True) as db:
        assert db.execute(jobs).fetchall() == [
            ("vessel_activity purge fleet", "17 * * * *", True, "cron_home"),
            ("vessel_activity refresh fleet", "* * * * *", True, "fleet"),
        ]
        rollback.rollback(server.url("fleet"))
        assert db.execute(jobs).fetchall() == []


# --- a row of an earlier version ------------------------------------------------------------------

EARLIER = """
    create table vessel_activity_realtime (
      id text primary key default 'singleton', active_now integer default 0,
      active_last_hour integer default 0, active_last_24h integer default 0,
      total_vessels integer default 0, positions_last_hour integer default 0,
      vessel_types json default '{}', top_flags json default '[]',
      speed_avg decimal(5,2) default 0, updated_at timestamptz default now()
    );
    insert into vessel_activity_realtime (id, active_now) values ('singleton', 7), ('other', 8)
"""


def test_the_row_of_an_earlier_version_is_taken_over(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(EARLIER)
        migrate.migrate(empty_url)
        assert db.execute("select id, active_now from vessel_activity_realtime").fetchall() == [
            ("singleton", 0)
        ]
        with pytest.raises(psycopg.errors.CheckViolation):
            db.execute("insert into vessel_activity_realtime (id) values ('other')")


def test_a_table_of_that_name_with_other_columns_is_refused_and_kept(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(EARLIER)
        db.execute("alter table vessel_activity_realtime alter updated_at type timestamp(3)")
        with pytest.raises(psycopg.errors.DuplicateTable, match=r"updated_at timestamp\(3\)") as e:
            migrate.migrate(empty_url)
        assert "rename" in (e.value.diag.message_hint or "")
        assert db.execute("select count(*) from vessel_activity_realtime").fetchone() == (2,)


@pytest.mark.parametrize("work", [migrate.migrate, rollback.rollback])
def test_what_a_broken_restore_leaves_is_refused_with_what_to_do(
    url: str, work: Callable[[str], object]
) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        # pg_restore makes the constraints last.
        db.execute(
            "alter table vessel_activity_migrations.session_lock drop constraint session_lock_pkey"
        )
    with pytest.raises(MigrationError, match=r"restore that broke off.*restore it again"):
        work(url)
