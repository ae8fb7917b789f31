# ruff: noqa: S608 - SQL texts, made of constants
"""The rows of the source tables are read from shards, each exactly once, or a refresh says why not.

Citus has no package, so a stand-in takes its place here: its catalog, with shards that are ordinary
tables of the same database, and its function that runs a query on a node. The tables themselves are
empty, as the tables of a coordinator are. tests/test_citus.py runs on a real cluster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import cloned
from tests.support.fleet import (
    AS_OF,
    HOUR,
    MINUTE,
    SECOND,
    Figures,
    alter_type,
    definition,
    last_mode,
    refreshed,
    stored,
)
from tests.support.sources import engine_check

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vessel_activity.database.local_server import LocalServer

STAND_IN = """
    set allow_system_table_mods = on;
    create table pg_catalog.pg_dist_partition (
      logicalrelid regclass, partmethod "char", partkey text, colocationid integer default 1,
      repmodel "char" default 's');
    create table pg_catalog.pg_dist_shard (logicalrelid regclass, shardid bigint);
    create table pg_catalog.pg_dist_placement (shardid bigint, shardstate integer, groupid integer);
    create table pg_catalog.pg_dist_local_group (groupid integer);
    insert into pg_dist_local_group values (0);
    create table pg_catalog.pg_dist_node (nodeid integer, groupid integer, nodename text,
      nodeport integer, noderole text, isactive boolean, hasmetadata boolean default true);
    insert into pg_dist_node values
      (1, 0, 'node', 1, 'primary', true), (2, 1, 'node', 2, 'primary', true),
      (3, 2, 'node', 3, 'primary', true), (4, 2, 'node', 4, 'secondary', true);

    create function pg_catalog.shard_name(p_table regclass, p_shard bigint) returns text
    language sql as $$ select relname || '_' || p_shard from pg_class where oid = p_table $$;
    create function pg_catalog.column_to_column_name(p_table regclass, p_key text) returns text
    language sql as 'select p_key';
    create function pg_catalog.master_run_on_worker(p_names text[], p_ports integer[],
      p_queries text[], p_parallel boolean, out node_name text, out node_port integer,
      out success boolean, out result text) returns setof record
    language plpgsql as $$
    begin
      for i in 1 .. cardinality(p_names) loop
        node_name := p_names[i];
        node_port := p_ports[i];
        begin
          execute p_queries[i] into result;
          success := true;
        exception when others then
          success := false;
          result := 'ERROR: ' || sqlerrm;
        end;
        perform from public.after_each_node();
        return next;
      end loop;
    end $$;
    grant select on pg_dist_partition, pg_dist_shard, pg_dist_placement, pg_dist_node,
      pg_dist_local_group to public;
    create function public.after_each_node() returns void language plpgsql as 'begin end';
    create function public.citus_truncate_trigger() returns trigger language plpgsql as
    'begin return null; end';
    """
_SHARDED = """
    create trigger truncate_trigger_1 after truncate on public.{table}
      for each statement execute function public.citus_truncate_trigger();
    create table public.{table}_1{number} (like public.{table} including all);
    create table public.{table}_2{number} (like public.{table} including all);
    insert into pg_dist_partition values ('public.{table}', 'h', '{key}');
    insert into pg_dist_shard values
      ('public.{table}', 1{number}), ('public.{table}', 2{number});
    insert into pg_dist_placement values (1{number}, 1, 1), (2{number}, 1, 2), (2{number}, 4, 1);
    """


def shard(db: psycopg.Connection, table: str, key: str) -> None:
    """Give a source table two shards on two nodes, as a distributed table has."""
    number = {"vessels": 1, "vessel_positions": 2}[table]
    db.execute(_SHARDED.format(table=table, number=number, key=key).encode())


@pytest.fixture(scope="module")
def sharded(server: LocalServer, template: str) -> Iterator[str]:
    """Make a migrated database with the stand-in, and no shards yet."""
    with cloned(server, template) as url:
        with psycopg.connect(url, autocommit=True) as db:
            db.execute(STAND_IN.encode())
        yield url


@pytest.fixture
def db(sharded: str) -> Iterator[psycopg.Connection]:
    """Give a session; what a test does is rolled back."""
    with (
        psycopg.connect(sharded, autocommit=True) as session,
        session.transaction(force_rollback=True),
    ):
        yield session


_FILL = """
    insert into public.vessels_{vessel_shard} (id, mmsi, "vesselType", flag, active)
    select v, v, case v %% 3 when 0 then 'Cargo' when 1 then ' ' end, 'F' || v %% 13, v %% 5 > 0
    from generate_series({shard}, 60, 2) as v;
    insert into public.vessel_positions_{shard}2 ("vesselId", timestamp, latitude, longitude, speed)
    select v, %(at)s - make_interval(secs =>
        v * s * 37 %% case v %% 4 when 0 then 3500 else 5000 end),
      v, s, (v + s) / 10.0
    from generate_series({first}, 70, {step}) as v, generate_series(0, 40) as s;
    insert into public.vessel_positions_{shard}2 ("vesselId", timestamp, speed) values
      ({first}, %(at)s - interval '24 hours', 'NaN'), ({first}, %(at)s + interval '1 minute', 5),
      ({first} + 100, %(at)s - interval '23 hours', null)
    """


def fill(db: psycopg.Connection, *, whole_vessels: bool = True) -> None:
    """Write vessels and positions into the shards.

    whole_vessels: each vessel has its positions in one shard; else in both.
    """
    for number in (1, 2):
        text = _FILL.format(
            shard=number,
            vessel_shard=f"{number}1",
            first=number if whole_vessels else 1,
            step=2 if whole_vessels else 1,
        )
        for statement in text.split(";"):
            db.execute(statement.encode(), {"at": AS_OF})


_PLAIN = """
    with position as (
      select "vesselId", timestamp, speed::numeric as speed from public.vessel_positions_12
      union all select "vesselId", timestamp, speed::numeric from public.vessel_positions_22
    )
    select
      count(distinct "vesselId") filter (where timestamp >= %(at)s - interval '5 minutes'),
      count(distinct "vesselId") filter (where timestamp >= %(at)s - interval '1 hour'),
      count(distinct "vesselId"),
      (select count(*) from public.vessels_11 where active)
        + (select count(*) from public.vessels_21 where active),
      count(*) filter (where timestamp >= %(at)s - interval '1 hour'),
      round(avg(speed) filter (
        where timestamp >= %(at)s - interval '1 hour' and speed > 0 and speed < 50), 2)
    from position
    where timestamp between %(at)s - interval '24 hours' and %(at)s
    """


def exact(db: psycopg.Connection) -> Figures:
    """Refresh; compare with plain SQL over the shards, and with the definition."""
    figures = refreshed(db)
    assert last_mode(db)[0] == "definition"
    told = (*figures[:5], figures.speed_avg)
    assert told == db.execute(_PLAIN, {"at": AS_OF}).fetchone()
    assert figures == definition(db)
    return figures


def sharded_by(db: psycopg.Connection, key: str) -> None:
    """Give both source tables shards and rows."""
    shard(db, "vessels", "id")
    shard(db, "vessel_positions", key)
    fill(db, whole_vessels=key == "vesselId")


@pytest.mark.parametrize("key", ["vesselId", "id"])
def test_the_figures_are_those_of_all_shards(db: psycopg.Connection, key: str) -> None:
    sharded_by(db, key)

    figures = exact(db)

    assert figures.active_last_24h == (72 if key == "vesselId" else 71)
    assert len(figures.top_flags) == 10
    assert sum(count for _, count in figures.vessel_types) == figures.total_vessels
    assert engine_check(db)[:2] == (
        "warn",
        (
            "every refresh computes the figures from all recent rows of the source tables, because"
            " a faster refresh could miss changes: public.vessel_positions is managed by Citus, so"
            " triggers do not see all changes"
        ),
    )


@pytest.mark.parametrize("ddl", ["", "drop index public.vessel_activity_vessel_timestamp_idx"])
@pytest.mark.parametrize(
    ("column", "type_name"),
    [("timestamp", "timestamp using timestamp at time zone 'UTC'"), ("speed", "real")],
)
def test_other_types_and_a_missing_index_change_nothing(
    db: psycopg.Connection, ddl: str, column: str, type_name: str
) -> None:
    db.execute("set local timezone = 'Asia/Tokyo'")
    alter_type(db, column, type_name)
    if ddl:
        db.execute(ddl.encode())
    shard(db, "vessels", "id")
    shard(db, "vessel_positions", "vesselId")
    db.execute("set local timezone = 'UTC'")
    fill(db)
    expected = db.execute(_PLAIN, {"at": AS_OF.replace(tzinfo=None)}).fetchone()
    db.execute("set local timezone = 'Asia/Tokyo'")

    figures = refreshed(db)

    assert (*figures[:5], figures.speed_avg) == expected


@pytest.mark.parametrize("table", ["vessels", "vessel_positions"])
def test_one_table_in_shards_and_the_other_not(db: psycopg.Connection, table: str) -> None:
    shard(db, table, "id" if table == "vessels" else "vesselId")
    other = "vessel_positions" if table == "vessels" else "vessels"
    number = {"vessels": 1, "vessel_positions": 2}[other]
    key = "id" if other == "vessels" else '"vesselId"'
    # The stand-in for the shards of the other table: the rows themselves, in the table.
    for part in (1, 2):
        db.execute(
            f"create view public.{other}_{part}{number} as select * from public.{other}"
            f" where {key} % 2 = {part % 2}".encode()
        )
    fill(db)

    exact(db)


@pytest.mark.parametrize("key", ["vesselId", "id"])
def test_the_last_reports_are_those_of_ordinary_tables(db: psycopg.Connection, key: str) -> None:
    sharded_by(db, key)
    query = "select * from vessel_activity.last_reports_at(%s) order by vessel_id"
    told = db.execute(query, (AS_OF,)).fetchall()
    document = "select vessel_activity.activity_json(%s, false)::text"
    body = db.execute(document, (AS_OF,)).fetchone()

    for table, number in (("vessels", 1), ("vessel_positions", 2)):
        db.execute(f"drop trigger truncate_trigger_1 on public.{table}".encode())
        for part in (1, 2):
            db.execute(
                f"insert into public.{table} select * from public.{table}_{part}{number}"
                " on conflict do nothing".encode()
            )
    if key == "vesselId":  # ids of positions are the same in both shards otherwise
        assert told == db.execute(query, (AS_OF,)).fetchall()
        assert body == db.execute(document, (AS_OF,)).fetchone()
    assert sum(report[5] is not None for report in told) > 10


def test_a_reference_table_is_read_once(db: psycopg.Connection) -> None:
    sharded_by(db, "vesselId")
    before = exact(db)
    # Every node has a copy of each shard.
    db.execute(
        "insert into pg_dist_placement select shardid, 1, g from pg_dist_shard,"
        " generate_series(0, 2) as g where (shardid, g) not in"
        " (select shardid, groupid from pg_dist_placement where shardstate = 1)"
    )

    assert exact(db) == before


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (
            "delete from pg_dist_shard where shardid in (12, 22)",
            "public.vessel_positions is managed by Citus, but it has no shard",
        ),
        (
            "update pg_dist_placement set shardstate = 4 where shardid = 22",
            "public.vessel_positions is managed by Citus, but no active node has its shard 22",
        ),
        (
            "update pg_dist_node set isactive = false where groupid = 1",
            "public.vessel_positions is managed by Citus, but no active node has its shard 12",
        ),
        (
            "alter table public.vessel_positions_22 rename to lost",
            (
                "the Citus node node:3 did not answer: "
                'ERROR: relation "public.vessel_positions_22" does not exist'
            ),
        ),
    ],
)
def test_a_shard_that_can_not_be_read_is_an_error_and_no_zero(
    db: psycopg.Connection, broken: str, said: str
) -> None:
    sharded_by(db, "vesselId")
    before = exact(db)
    db.execute(broken.encode())

    with pytest.raises(psycopg.Error) as failure, db.transaction():
        refreshed(db, AS_OF + MINUTE)

    assert failure.value.diag.message_primary == said
    assert failure.value.diag.message_hint
    assert stored(db) == before


_CALL = "select p.* from vessel_activity.shard_part(%s) as p"


def after_each_node(db: psycopg.Connection, body: str) -> None:
    """Let the stand-in do something after each answer of a node."""
    db.execute(
        "create sequence public.answers;"
        "create or replace function public.after_each_node() returns void language plpgsql as"
        f" $$ declare v_answer bigint := nextval('public.answers'); begin {body}; end $$".encode()
    )


def test_a_shard_that_moves_while_it_is_read_is_read_again(db: psycopg.Connection) -> None:
    sharded_by(db, "vesselId")
    expected = exact(db)
    after_each_node(
        db,
        """
        if v_answer = 1 then
          update pg_dist_placement set groupid = 1 where shardid = 22 and shardstate = 1;
        end if
        """,
    )

    part = db.execute(_CALL, (AS_OF,)).fetchone()

    assert part is not None
    assert part[1:4] == expected[:3]
    # Both nodes have answered twice.
    assert db.execute("select last_value from public.answers").fetchone() == (4,)


def test_shards_that_never_stop_moving_are_an_error(db: psycopg.Connection) -> None:
    sharded_by(db, "vesselId")
    db.execute("update pg_dist_placement set groupid = 1 where shardstate = 1")
    after_each_node(
        db, "update pg_dist_placement set groupid = 1 + v_answer % 2 where shardstate = 1"
    )

    with pytest.raises(psycopg.errors.ObjectInUse, match="three times"), db.transaction():
        db.execute(_CALL, (AS_OF,))


def test_the_truth_of_the_feed_is_that_of_all_shards(db: psycopg.Connection) -> None:
    sharded_by(db, "vesselId")
    refreshed(db)
    assert (
        db.execute(
            "select t.newest_report, t.reports_last_minute, t.positions_ahead"
            " from vessel_activity.feed_truth as t"
        ).fetchone()
        == db.execute(
            """
        select max(timestamp) filter (where timestamp <= %(at)s),
          count(*) filter (where timestamp between %(at)s - interval '1 minute' and %(at)s),
          count(*) filter (where timestamp > %(at)s)
        from (select timestamp from public.vessel_positions_12
          union all select timestamp from public.vessel_positions_22) as p
        """,
            {"at": AS_OF},
        ).fetchone()
    )
    assert (
        db.execute(
            "select sum(s.positions) from vessel_activity.positions_by_second(%s, %s) as s",
            (AS_OF - HOUR, AS_OF - SECOND),
        ).fetchone()
        == db.execute(
            "select count(*) from (select timestamp from public.vessel_positions_12"
            " union all select timestamp from public.vessel_positions_22) as p"
            " where timestamp between %s and %s",
            (AS_OF - HOUR, AS_OF - SECOND),
        ).fetchone()
    )


@pytest.mark.parametrize(
    "call",
    [
        "vessel_activity.load_start('file')",
        "vessel_activity.feed_start(gen_random_uuid(), 'host', 1, '1')",
        "vessel_activity_backfill_history(now() - interval '1 day', now())",
        "vessel_activity.replay_start('file')",
    ],
)
def test_what_shards_do_not_allow_is_refused_by_name(db: psycopg.Connection, call: str) -> None:
    shard(db, "vessel_positions", "vesselId")

    with pytest.raises(psycopg.errors.FeatureNotSupported) as refusal, db.transaction():
        db.execute(f"select {call}".encode())

    assert "is not possible: public.vessel_positions is managed by Citus" in str(refusal.value)


def test_hidden_rows_and_old_snapshots_are_errors(sharded: str) -> None:
    with psycopg.connect(sharded, autocommit=True) as db:
        with db.transaction(force_rollback=True):
            sharded_by(db, "vesselId")
            db.execute("alter table public.vessel_positions enable row level security")
            db.execute("alter table public.vessel_positions force row level security")
            db.execute("create role reader; grant all on all tables in schema public to reader")
            db.execute("grant usage on schema vessel_activity to reader")
            db.execute("grant execute on all functions in schema vessel_activity to reader")
            db.execute("set local role reader")
            with pytest.raises(psycopg.errors.InsufficientPrivilege, match="row-level security"):
                db.execute("select vessel_activity.shard_part(%s)", (AS_OF,))
        with db.transaction(force_rollback=True):
            db.execute("set transaction isolation level repeatable read")
            sharded_by(db, "vesselId")
            with pytest.raises(psycopg.errors.InvalidTransactionState, match="REPEATABLE READ"):
                definition(db)


def test_policies_below_a_view_are_errors(db: psycopg.Connection) -> None:
    shard(db, "vessel_positions", "vesselId")
    db.execute("alter table public.vessel_positions rename to ais_positions")
    db.execute("create view public.between as select * from public.ais_positions")
    db.execute("create view public.vessel_positions as select * from public.between")
    db.execute("alter table public.ais_positions enable row level security")

    said = "row-level security of public.ais_positions could hide rows of the view"
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match=said):
        db.execute("select vessel_activity.shard_part(%s)", (AS_OF,))


def test_tables_that_become_ordinary_again_are_folded_again(db: psycopg.Connection) -> None:
    shard(db, "vessels", "id")
    shard(db, "vessel_positions", "vesselId")
    fill(db)
    exact(db)
    db.execute("select vessel_activity.maintain()")
    for table, number in (("vessels", 1), ("vessel_positions", 2)):
        db.execute(f"drop trigger truncate_trigger_1 on public.{table}".encode())
        db.execute(f"delete from pg_dist_shard where logicalrelid = 'public.{table}'::regclass")
        db.execute(f"insert into public.{table} select * from public.{table}_1{number}".encode())
    for _ in range(20):
        if not db.execute("select from vessel_activity.install_triggers()").fetchall():
            break

    rebuilt = refreshed(db, AS_OF + SECOND)

    assert last_mode(db)[0] == "rebuild"
    assert rebuilt == definition(db, AS_OF + SECOND)
    refreshed(db, AS_OF + 2 * SECOND)
    assert last_mode(db)[0] == "incremental"
