"""Standbys, dumps, upgrades of PostgreSQL and of vessel activity."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from chaos.fault import ChaosError, Setup, fault
from chaos.postgres import PASSWORD

if TYPE_CHECKING:
    from chaos.lab import Lab
    from chaos.postgres import Postgres

_MIGRATES = 20
_OLD_POSITION = """
  insert into public.vessel_positions ("vesselId", timestamp)
  values (1, date_trunc('milliseconds', now() - interval '30 hours'))
"""


def _synchronous(lab: Lab) -> Postgres:
    """Make a standby that commits wait for, so that none can be lost with the primary."""
    standby = lab.standby()
    lab.as_superuser("alter system set synchronous_standby_names = '*'", "select pg_reload_conf()")
    deadline = time.monotonic() + 30
    with lab.pg.connect() as db:
        while not db.execute("select from pg_stat_replication where sync_state = 'sync'").rowcount:
            if time.monotonic() > deadline:
                raise ChaosError("the standby did not become synchronous")
            time.sleep(0.1)
    return standby


@fault(
    "the primary is killed for good, and its standby is promoted after 20 s",
    "The web server finds the new primary if DATABASE_URL has both. The state is rebuilt there.",
    # Until the promotion the standby gives the row, which does not get stale in that time.
    flag="may",
    writers="stopped",
)
def standby_promoted(lab: Lab) -> None:
    standby = _synchronous(lab)
    web = lab.webs[0]
    web.stop()
    web.url = (
        f"postgresql://{web.role}:{PASSWORD}@{lab.pg.address}:5432,{standby.address}:5432/fleet"
    )
    web.start()
    lab.after_a_refresh()
    lab.begin()
    lab.pg.kill()
    lab.hold(20)
    lab.use(standby)
    lab.as_superuser(
        "alter system set synchronous_standby_names = ''",
        "select pg_reload_conf()",
        "select pg_promote()",
    )
    lab.end()


@fault(
    "a synchronous standby is frozen for 100 s, so that every commit of the writers waits",
    "A refresh does not wait for a standby, because its work can be done again.",
    flag="never",
    writers="stopped",
)
def synchronous_standby_frozen(lab: Lab) -> None:
    standby = _synchronous(lab)
    lab.after_a_refresh()
    frozen = standby.freeze()
    lab.begin()
    lab.hold(100)
    standby.thaw(frozen)
    lab.end()


@fault(
    "twenty migrates at once, beside four more writers",
    "One migrate runs at a time. It changes nothing if nothing is to be changed.",
    flag="may",
    setup=Setup(writers=4, rows_per_statement=10),
)
def twenty_migrates(lab: Lab) -> None:
    lab.begin()
    running = [lab.start_vessel_activity("migrate") for _ in range(_MIGRATES)]
    began = time.monotonic()
    said = [process.communicate(timeout=400)[0] for process in running]
    lab.note(f"{_MIGRATES} migrates in {time.monotonic() - began:.0f} s")
    failed = [
        text.strip().splitlines()[-1]
        for process, text in zip(running, said, strict=True)
        if process.returncode != 0
    ]
    if failed:
        lab.problem(f"{len(failed)} of {_MIGRATES} migrates failed: {failed[0]}")
    lab.end()


@fault(
    "vessel activity is removed beside an open SELECT of 15 s, and installed again",
    "Locks on source tables are taken without waiting, and again later.",
    flag="may",
)
def triggers_dropped_beside_a_reader(lab: Lab) -> None:
    _with_open_transaction(
        lab, "select count(*) from public.vessel_positions", ("rollback", "migrate")
    )


@fault(
    "a migrate puts a missing trigger back beside an open transaction of a writer of 15 s",
    "Locks on source tables are taken without waiting, and again later.",
    flag="may",
)
def triggers_made_beside_a_writer(lab: Lab) -> None:
    with lab.pg.connect("owner") as db:
        row = db.execute(
            """
            select tgname from pg_trigger
            where tgrelid = 'public.vessel_positions'::regclass and not tgisinternal
            order by tgname limit 1
            """
        ).fetchone()
        assert row is not None  # noqa: S101 - migrate made triggers
    _with_open_transaction(
        lab,
        _OLD_POSITION,
        ("migrate",),
        first=f'drop trigger "{row[0]}" on public.vessel_positions',
    )


def _with_open_transaction(
    lab: Lab, statement: str, commands: tuple[str, ...], *, first: str = ""
) -> None:
    """Run commands while another session has a transaction open for 15 s; try again afterwards."""
    with lab.pg.connect("postgres", autocommit=False) as other:
        if first:
            lab.as_superuser(first)
        other.execute(statement.encode())
        lab.begin()
        command, *rest = commands
        running = lab.start_vessel_activity(command)
        lab.hold(15)
        other.rollback()
    said = running.communicate(timeout=120)[0]
    if running.returncode == 0:
        lab.note(f"{command} went through")
    else:
        lab.note(f"{command} gave up: {said.strip().splitlines()[-1]}")
        rest = [command, *rest]
    for again in rest:
        lab.vessel_activity(again)
    with lab.pg.connect("owner") as db:
        for role in lab.server_roles:
            lab.grant_to_server(db, role)
        db.execute(
            "select public.vessel_activity_schedule(%s * interval '1 second')", (lab.interval,)
        )
    lab.end()


@fault(
    "the database is dumped, dropped and restored",
    "The state is not a part of a dump. The first refresh rebuilds it from the source tables.",
    writers="stopped",
)
def dumped_and_restored(lab: Lab) -> None:
    lab.begin()
    for writer in lab.all_writers:  # what is written after a dump is not in it
        writer.pause()
    archive = lab.pg.datadir / "dump"
    connection = ("--host", str(lab.pg.socket_folder), "--port", "5432", "--username", "postgres")
    lab.pg.run_program("pg_dump", *connection, "--format=custom", f"--file={archive}", "fleet")
    with lab.pg.connect(database="postgres") as db:
        db.execute("drop database fleet with (force)")
        db.execute("create database fleet owner owner")
    lab.pg.run_program("pg_restore", *connection, "--dbname=fleet", "--exit-on-error", str(archive))
    for writer in lab.all_writers:
        writer.resume()
    lab.end()


@fault(
    "PostgreSQL is upgraded to a newer major version with pg_upgrade",
    "pg_upgrade leaves unlogged tables empty. The first refresh rebuilds the state.",
    writers="stopped",
    needs=("newer",),
)
def postgresql_upgraded(lab: Lab) -> None:
    old = lab.pg
    lab.begin()
    for writer in lab.all_writers:
        writer.pause()
    old.stop()
    new = lab.newer()
    # The newer one has checksums by default, and both must be alike.
    old.run_program("pg_checksums", "--enable", "--pgdata", str(old.datadir))
    new.run_program(
        "pg_upgrade",
        *("--old-bindir", str(old.bindir), "--new-bindir", str(new.bindir)),
        *("--old-datadir", str(old.datadir), "--new-datadir", str(new.datadir)),
        *("--username", "postgres", "--socketdir", str(new.datadir)),
        *("--old-options", "-c listen_addresses=''", "--new-options", "-c listen_addresses=''"),
    )
    new.start()
    lab.use(new)
    for writer in lab.all_writers:
        writer.resume()
    lab.end()
