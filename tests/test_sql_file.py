"""`vessel-activity sql`: one file for psql that does what migrate and rollback do."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import COMMAND, PROJECT, cloned
from tests.support.builds import client_program
from tests.support.catalog import snapshot
from vessel_activity.install import migrate, rollback

if TYPE_CHECKING:
    from collections.abc import Callable

    from vessel_activity.database.local_server import LocalServer

ADOPTED = """
create table vessels (id text primary key, mmsi text, name text, "vesselType" text, flag text, active boolean);
create table vessel_positions (id uuid primary key, "vesselId" text, timestamp timestamp(3) not null,
  latitude double precision, longitude double precision, speed real, course real);
insert into vessels values ('a', '219000001', 'A', 'Cargo', 'DK', true);
insert into vessel_positions values (gen_random_uuid(), 'a', now() at time zone 'UTC', 1, 2, 10, 3);
"""  # noqa: E501


def psql(url: str, *arguments: str, code: int = 0, **variables: str) -> str:
    """Run the file that `vessel-activity sql` prints with psql, and return all psql says."""
    given = [word for name, value in variables.items() for word in ("-v", f"{name}={value}")]
    file = subprocess.run(
        [*COMMAND, "sql", *arguments], cwd=PROJECT, capture_output=True, check=True
    )
    done = subprocess.run(
        [client_program("psql"), "--no-psqlrc", *given, url],
        input=file.stdout,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, "PGTZ": "UTC"},
        check=False,
    )
    said = done.stdout.decode()
    assert done.returncode == code, said
    return said


def test_the_file_installs_what_migrate_installs(empty_url: str, url: str) -> None:
    said = psql(empty_url)

    assert said.splitlines()[-2:] == [
        "refreshed: 0 vessels active in the last hour, 0 in the fleet",
        "vessel activity is installed",
    ]
    assert snapshot(empty_url) == snapshot(url)


def test_the_file_can_run_again_and_migrate_can_follow_it(empty_url: str, url: str) -> None:
    psql(empty_url)
    psql(empty_url)
    assert snapshot(empty_url) == snapshot(url)

    migrate.migrate(empty_url)
    assert snapshot(empty_url) == snapshot(url)
    psql(empty_url)
    assert snapshot(empty_url) == snapshot(url)


def test_the_file_adopts_tables_and_its_counterpart_leaves_them(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(ADOPTED)
    before = snapshot(empty_url)

    said = psql(empty_url)
    assert "refreshed: 1 vessels active in the last hour, 1 in the fleet" in said
    assert snapshot(empty_url) != before

    said = psql(empty_url, "--rollback")
    assert said.splitlines()[-1] == ("vessel activity is removed; the source tables stay")
    assert snapshot(empty_url) == before
    with psycopg.connect(empty_url) as db:
        assert db.execute("select count(*) from vessel_positions").fetchone() == (1,)
        assert (
            db.execute("select nspname from pg_namespace where nspname ~ 'vessel'").fetchall() == []
        )


def test_the_file_removes_what_migrate_installed_and_the_other_way_round(
    server: LocalServer, url: str, empty_url: str
) -> None:
    psql(url, "--rollback")
    psql(empty_url)
    rollback.rollback(empty_url)
    assert snapshot(url) == snapshot(empty_url)
    with cloned(server, None) as untouched:
        psql(untouched, "--rollback")
        assert snapshot(untouched) == []


def test_what_can_not_be_adopted_stops_the_file_before_any_change(empty_url: str) -> None:
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(ADOPTED)
        db.execute("alter table vessels drop flag")
    before = snapshot(empty_url)

    said = psql(empty_url, code=3)

    assert "ERROR:  public.vessels has no column flag" in said
    assert snapshot(empty_url) == before


def test_the_counterpart_refuses_while_a_view_is_built_on_the_row(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("create view mine as select active_now from vessel_activity_realtime")
    before = snapshot(url)

    said = psql(url, "--rollback", code=3)

    assert "view public.mine depends on table public.vessel_activity_realtime" in said
    assert snapshot(url) == before


@pytest.mark.needs("pg_cron")
def test_the_files_schedule_and_unschedule_pg_cron(new_server: Callable[..., LocalServer]) -> None:
    server = new_server(
        **{"shared_preload_libraries": "pg_cron", "cron.database_name": "cron_home"}
    )
    server.start()
    with psycopg.connect(server.url(), autocommit=True) as db:
        db.execute("create database cron_home")
        db.execute("create database fleet")

    said = psql(server.url("cron_home"))
    assert "refreshed every 00:00:30 by pg_cron" in said
    jobs = "select jobname from cron.job order by 1"
    with psycopg.connect(server.url("cron_home"), autocommit=True) as db:
        assert db.execute(jobs).fetchall() == [
            ("vessel_activity purge cron_home",),
            ("vessel_activity refresh cron_home",),
        ]
        psql(server.url("cron_home"), "--rollback")
        assert db.execute(jobs).fetchall() == []

    said = psql(server.url("fleet"))
    assert (
        "in database cron_home: select cron.schedule_in_database('vessel_activity refresh fleet',"
        " '* * * * *', 'call vessel_activity.scheduled_refresh(60)', 'fleet');"
    ) in said
    said = psql(server.url("fleet"), "--rollback")
    assert (
        "select cron.unschedule(jobid) from cron.job where jobname in"
        " ('vessel_activity refresh fleet', 'vessel_activity purge fleet');"
    ) in said
