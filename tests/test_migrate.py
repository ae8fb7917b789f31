# ruff: noqa: E501, ISC004, S608 - catalog queries read best unbroken, and only the test fills them in
"""Migrate and rollback are safe at the same time, interrupted and repeated, and leave no trace."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.conftest import COMMAND, PROJECT, has_pg_cron
from tests.test_load import OLD, line
from vessel_activity.database.connections import name_of
from vessel_activity.errors import MigrationError
from vessel_activity.install import indexes, migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from vessel_activity.database.local_server import LocalServer

# Every object of vessel activity and of the user, down to function bodies and rights.
SNAPSHOT = r"""
select 'relation', n.nspname || '.' || c.relname, c.relkind::text || c.relpersistence::text,
  coalesce(c.relacl::text, ''), coalesce(array_to_string(c.reloptions, ','), ''), obj_description(c.oid, 'pg_class')
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname in ('public', 'vessel_activity')
union all
select 'column', a.attrelid::regclass::text || '.' || a.attname, format_type(a.atttypid, a.atttypmod),
  a.attnotnull::text, pg_get_expr(d.adbin, d.adrelid), col_description(a.attrelid, a.attnum)
from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relnamespace::regnamespace::text in ('public', 'vessel_activity') and a.attnum > 0 and not a.attisdropped and c.relkind in ('r', 'v', 'p')
union all
select 'routine', p.oid::regprocedure::text, pg_get_functiondef(p.oid), coalesce(p.proacl::text, ''), '', obj_description(p.oid, 'pg_proc')
from pg_proc p where p.pronamespace::regnamespace::text in ('public', 'vessel_activity')
union all
select 'trigger', t.tgrelid::regclass::text || '.' || t.tgname, pg_get_triggerdef(t.oid), t.tgenabled::text, '', ''
from pg_trigger t where not t.tgisinternal
union all
select 'constraint', conrelid::regclass::text || '.' || conname, pg_get_constraintdef(oid), '', '', ''
from pg_constraint where connamespace::regnamespace::text in ('public', 'vessel_activity')
union all
select 'index', indexrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid::text, '', ''
from pg_index where indrelid::regclass::text ~ '^(public\.|vessel_activity\.)?vessel'
order by 1, 2
"""

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


def snapshot(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as db:
        return db.execute(SNAPSHOT).fetchall()


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
    assert sum("0010.cache" in output for output in outputs) == 1
    assert snapshot(empty_url) == snapshot(url)


def test_the_next_migrate_completes_one_that_was_killed_at_any_moment(
    empty_url: str, url: str
) -> None:
    for delay in (0.3, 0.6, 0.9, 1.2, 1.6):
        process = command(empty_url)
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    migrate.migrate(empty_url)
    assert snapshot(empty_url) == snapshot(url)


def test_a_second_migrate_and_down_and_up_again_change_nothing(url: str) -> None:
    fresh = snapshot(url)
    migrate.migrate(url)
    assert snapshot(url) == fresh
    migrate.rollback(url)
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
        migrate.rollback(empty_url)

        assert snapshot(empty_url) == before
        assert db.execute("select * from vessel_positions order by id").fetchall() == rows
        assert (
            db.execute("select nspname from pg_namespace where nspname like 'vessel%'").fetchall()
            == []
        )


def test_a_rollback_prints_only_its_result(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    migrate.rollback(url)
    assert capsys.readouterr().out == (
        f"vessel activity is removed from {name_of(url)}; your tables are as they were\n"
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
        with pytest.raises(MigrationError) as raised:
            migrate.rollback(url)
        assert str(raised.value) == (
            f"what was built on vessel activity would go with it:\n  {named}\n"
            "  hint: drop it, or have it do without, then run `make rollback` again; "
            "nothing was removed"
        )
        assert snapshot(url) == before
        assert db.execute("select count(*) from vessel_activity.our_triggers()").fetchone() == (6,)


def test_even_the_migration_does_not_remove_objects_that_depend_on_the_row(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("drop function vessel_activity.outside_dependents()")
        db.execute("create view mine as select active_now from vessel_activity_realtime")
        with pytest.raises(psycopg.errors.DependentObjectsStillExist, match="realtime"):
            migrate.rollback(url)
        assert db.execute("select count(*) from mine").fetchone() == (1,)


def test_an_index_build_names_the_session_it_waits_for(
    url: str, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(indexes, "_PATIENCE_SECONDS", 0.1)
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
            "For the vessel activity figures; built by its migration, removed by its rollback.",
        )
    assert (
        "index: building vessel_activity_timestamp_idx on public.vessel_positions,"
        " without blocking writers\n"
        f"index: waiting for process {pid} (user postgres, a report), a transaction open since "
    ) in said
    assert "index: vessel_activity_timestamp_idx built\n" in capfd.readouterr().out


def test_a_server_that_is_too_old_is_refused() -> None:
    migrate.refuse_old(150000)
    with pytest.raises(MigrationError, match="PostgreSQL 14; 15 or newer is needed"):
        migrate.refuse_old(140023)


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
            'vessels.id is text and public.vessel_positions."vesselId" is bigint, which can\'t be compared',
        ),
        (
            "create table vessel_activity_realtime (id text)",
            "DuplicateTable",
            "vessel_activity_realtime is there already, with other columns: id text",
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
            "must be owner of public.vessels, which is postgres's",
        ),
        (
            "create table part () inherits (vessel_positions)",
            "must be owner of public.part, which is postgres's",
        ),
        (
            "create table vessel_activity_realtime ()",
            "must be owner of public.vessel_activity_realtime, which is postgres's",
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
            f"You are {owner}. Migrate as the owner of the tables, with the right to create in"
            " the database and in schema public. Nothing was changed."
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
        ).fetchone() == (9, True)


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
        f"\n  hint: you are {role}, and vessel activity there belongs to postgres, who alone may"
        " migrate, load and replay; to read or to refresh let postgres run:"
        f" select public.vessel_activity_grant('{role}', 'reader'), or 'operator'\n"
    )
    for bad, what, words in [
        (as_nobody, "migrate", "error: permission denied for database "),
        (as_nobody, "migrate", way_out),
        (as_nobody, "status", "vessel_activity_status" + way_out),
        (as_nobody, "load", "error: permission denied for schema vessel_activity" + way_out),
        (
            server.url("template1").replace("postgres@", f"{role}@"),
            "migrate",
            f"\n  hint: you are {role}; `make migrate` needs the owner of the tables, with the right"
            " to create in the database and in schema public\n",
        ),
        (
            "postgresql://u:s3cret@127.0.0.1:1/x",
            "status",
            "can't connect to database x on 127.0.0.1:1",
        ),
        ("postgresql://u:s3cret%zz@h/x", "status", "DATABASE_URL can't be read"),
        ("mysql://x", "status", "DATABASE_URL must be a libpq URL"),
        (server.url("template1"), "status", "not installed there; run `make migrate`"),
        (server.url("template1"), "load", "not installed there; run `make migrate`"),
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
        db.execute("drop function public.vessel_activity_status()")
        output, _ = command(url, "status").communicate(timeout=60)
        assert output.startswith("error: function public.vessel_activity_status() does not exist")
        assert "not installed" not in output


def test_pg_cron_in_another_database_gets_the_jobs_and_loses_them_at_rollback(
    new_server: Callable[..., LocalServer],
) -> None:
    if not has_pg_cron():
        pytest.skip("pg_cron is not installed; run scripts/install-packages")
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
        migrate.rollback(server.url("fleet"))
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
