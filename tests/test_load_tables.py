# ruff: noqa: E501, ISC004 - SQL and messages read best unbroken
"""A load into tables with further constraints, triggers or partitions loses no row in silence.

Every row that was read is loaded, a duplicate, or rejected with a reason; or the load fails and
names the constraint.
"""

from __future__ import annotations

import os
import subprocess
import threading
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from tests.conftest import COMMAND, PROJECT
from vessel_activity.ais import load as ingest
from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HEADER = "MMSI,BaseDateTime,LAT,LON,SOG,COG,VesselName,VesselType"
VESSELS = """create table vessels (id bigserial primary key, mmsi text unique, name text unique,
    "vesselType" text, flag text, active boolean default true);"""
POSITIONS = """create table vessel_positions (id bigserial, "vesselId" bigint, timestamp timestamptz not null,
    latitude float8, longitude float8, speed numeric, course real)"""


def line(mmsi: int, clock: str = "00:00:00", name: str = "ANNA") -> str:
    return f"{mmsi},2022-01-03T{clock},50.5,-5.25,10.1,270.0,{name},70"


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    def write(*lines: str) -> Path:
        path = tmp_path / "ais.csv"
        path.write_text("\n".join([HEADER, *lines]) + "\n")
        return path

    return write


@pytest.fixture
def tables(empty_url: str) -> Iterator[Callable[..., psycopg.Connection]]:
    with psycopg.connect(empty_url, autocommit=True) as db:

        def make(*statements: str) -> psycopg.Connection:
            for statement in statements:
                db.execute(statement.encode())
            migrate.migrate(empty_url)
            return db

        yield make


def command(url: str, path: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, "load", str(path)],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def figures(counts: ingest.Counts) -> tuple[int, int, int, int]:
    return counts.rows_read, counts.rows_loaded, counts.rows_duplicate, counts.rows_rejected


def one(db: psycopg.Connection, query: str) -> Any:  # noqa: ANN401 - any column
    row = db.execute(query.encode()).fetchone()
    assert row is not None
    return row[0]


def test_two_vessels_of_one_name_in_a_table_of_unique_names_fail_the_load_by_the_constraints_name(
    empty_url: str, tables: Callable[..., psycopg.Connection], file: Callable[..., Path]
) -> None:
    db = tables(VESSELS)
    path = file(
        line(219000001, name="UNKNOWN SHIP"),
        line(219000002, name="UNKNOWN SHIP"),
        line(219000003, name="ANNA"),
    )

    done = command(empty_url, path)

    assert (done.returncode, done.stdout.splitlines()) == (
        2,
        [
            'error: duplicate key value violates unique constraint "vessels_name_key"',
            "  detail: Key (name)=(UNKNOWN SHIP) already exists.",
            "  hint: Change or drop constraint vessels_name_key of public.vessels, which refuses a row of the file, or take"
            " that row out of the file. Then run the command again: nothing is loaded twice.",
        ],
    )
    assert one(db, "select count(*) from vessels") == 0
    assert db.execute("select state, rows_read, message from vessel_activity.load").fetchall() == [
        ("failed", 0, done.stdout.removeprefix("error: ").rstrip())
    ]

    db.execute("alter table vessels drop constraint vessels_name_key")
    assert figures(ingest.load_file(empty_url, path).counts) == (3, 3, 0, 0)


@pytest.mark.parametrize(
    ("constraint", "name"),
    [
        ('alter table vessels add constraint one_type unique ("vesselType")', "one_type"),
        ("create unique index one_name on vessels (lower(name))", "one_name"),
        ("create unique index one_flag on vessels (flag) where active", "one_flag"),
        ("alter table vessels add constraint late unique (name) deferrable initially deferred", "late"),
        ("alter table vessels add constraint short check (length(name) < 4)", "short"),
        ("alter table vessel_positions add constraint one_place unique (latitude, longitude)", "one_place"),
        ("alter table vessel_positions add constraint apart exclude using btree (latitude with =)", "apart"),
        ("alter table vessel_positions add constraint slow check (speed < 10)", "slow"),
    ],
)  # fmt: skip
def test_each_further_constraint_fails_the_load_by_its_name(
    url: str, db: psycopg.Connection, file: Callable[..., Path], constraint: str, name: str
) -> None:
    db.execute(constraint.encode())

    with pytest.raises(psycopg.IntegrityError) as raised:
        ingest.load_file(url, file(line(219000001), line(219000002)))

    assert raised.value.diag.constraint_name == name
    assert raised.value.__notes__[0].startswith(
        f"hint: Change or drop constraint {name} of public.vessel"
    )
    assert one(db, "select count(*) from vessels") == 0


def test_a_column_that_must_not_be_null_is_named(
    url: str, db: psycopg.Connection, file: Callable[..., Path]
) -> None:
    db.execute("alter table vessel_positions alter speed set not null")
    with pytest.raises(psycopg.errors.NotNullViolation) as raised:
        ingest.load_file(url, file(line(219000001).replace("10.1", "102.3")))
    assert raised.value.__notes__ == [
        "hint: Let column speed of public.vessel_positions be NULL: AIS does not always give it."
        " Then run the command again: nothing is loaded twice."
    ]


def test_rows_that_a_trigger_drops_are_rejected_with_the_reason(
    url: str, db: psycopg.Connection, file: Callable[..., Path]
) -> None:
    db.execute(
        """
        create function drop_row() returns trigger language plpgsql as 'begin return null; end';
        create trigger no_ghosts before insert on vessels for each row when (new.name = 'GHOST')
          execute function drop_row();
        create trigger no_noon before insert on vessel_positions for each row
          when (new.timestamp = '2022-01-03 12:00:00+00') execute function drop_row()
        """
    )
    path = file(
        line(219000001, "11:00:00"),
        line(219000001, "12:00:00"),
        line(219000001, "12:00:00"),
        line(219000002, "12:00:00"),
        line(219000002, "13:00:00"),
        line(219000003, "11:00:00", name="GHOST"),
        line(219000003, "14:00:00", name="GHOST"),
    )

    result = ingest.load_file(url, path)

    assert figures(result.counts) == (7, 2, 1, 4)
    assert result.counts.vessels_new == 2
    assert result.rejected == {
        "position not stored by public.vessel_positions": 2,
        "vessel not stored by public.vessels": 2,
    }
    assert db.execute(
        "select line_number, reason from vessel_activity.rejected_row order by 1"
    ).fetchall() == [
        (3, "position not stored by public.vessel_positions"),
        (5, "position not stored by public.vessel_positions"),
        (7, "vessel not stored by public.vessels"),
        (8, "vessel not stored by public.vessels"),
    ]
    assert one(db, "select count(*) from vessel_positions") == 2
    again = ingest.load_file(url, path)
    assert figures(again.counts) == (7, 0, 3, 4)


def test_a_trigger_that_changes_values_and_drops_rows_leaves_true_counts(
    url: str, db: psycopg.Connection, file: Callable[..., Path]
) -> None:
    db.execute(
        """
        create function change() returns trigger language plpgsql as $$
        begin
          if new.speed > 10 and new.timestamp = '2022-01-03 12:00:01+00' then return null; end if;
          new.timestamp = date_trunc('minute', new.timestamp);
          return new;
        end $$;
        create trigger change before insert on vessel_positions for each row execute function change()
        """
    )
    path = file(*(line(219000001, f"12:00:0{second}") for second in range(4)))

    result = ingest.load_file(url, path)

    assert figures(result.counts) == (4, 3, 0, 1)
    assert one(db, "select count(*) from vessel_positions") == 3


def test_rules_that_drop_rows_leave_true_counts(
    url: str, db: psycopg.Connection, file: Callable[..., Path]
) -> None:
    db.execute(
        "create rule none_at_noon as on insert to vessel_positions"
        " where new.timestamp = '2022-01-03 12:00:00+00' do instead nothing;"
        "create rule no_ghosts as on insert to vessels where new.name = 'GHOST' do instead nothing"
    )
    path = file(
        line(219000001, "11:00:00"),
        line(219000001, "12:00:00"),
        line(219000002, "11:00:00", name="GHOST"),
    )

    result = ingest.load_file(url, path)

    assert figures(result.counts) == (3, 1, 0, 2)
    assert one(db, "select count(*) from vessel_positions") == 1


def test_a_view_over_a_table_that_drops_rows_leaves_true_counts(
    empty_url: str, tables: Callable[..., psycopg.Connection], file: Callable[..., Path]
) -> None:
    db = tables(
        VESSELS.replace("table vessels", "table ships"),
        POSITIONS.replace("table vessel_positions", "table reports"),
        """
        create view vessels as select * from ships;
        alter view vessels alter id set default nextval('ships_id_seq');
        create view vessel_positions as select * from reports;
        alter view vessel_positions alter id set default nextval('reports_id_seq');
        create function drop_row() returns trigger language plpgsql as 'begin return null; end';
        create trigger drop_row before insert on reports for each row
          when (new.timestamp = '2022-01-03 12:00:00+00') execute function drop_row()
        """,
    )
    path = file(line(219000001, "11:00:00"), line(219000001, "12:00:00"))

    result = ingest.load_file(empty_url, path)

    assert figures(result.counts) == (2, 1, 0, 1)
    assert one(db, "select count(*) from reports") == 1


def test_a_position_for_which_there_is_no_partition_fails_the_load_with_the_way_out(
    empty_url: str, tables: Callable[..., psycopg.Connection], file: Callable[..., Path]
) -> None:
    db = tables(
        f"{POSITIONS} partition by range (timestamp);"
        "create table p_2021 partition of vessel_positions for values from ('2021-01-01') to ('2022-01-01')"
    )
    path = file(line(219000001))

    done = command(empty_url, path)

    assert (done.returncode, done.stdout.splitlines()) == (
        2,
        [
            'error: no partition of relation "vessel_positions" found for row',
            '  detail: Partition key of the failing row contains ("timestamp") = (2022-01-03 00:00:00+00).',
            "  hint: Add a partition to public.vessel_positions for the rows of the file, for example: create table"
            " public.vessel_positions_rest partition of public.vessel_positions default. Then run the command again:"
            " nothing is loaded twice.",
        ],
    )
    db.execute("create table vessel_positions_rest partition of vessel_positions default")
    assert figures(ingest.load_file(empty_url, path).counts) == (1, 1, 0, 0)


def test_a_trigger_on_a_partition_that_drops_rows_is_noticed(
    empty_url: str, tables: Callable[..., psycopg.Connection], file: Callable[..., Path]
) -> None:
    db = tables(
        f"{POSITIONS} partition by range (timestamp);"
        "create table rest partition of vessel_positions default;"
        "create function drop_row() returns trigger language plpgsql as 'begin return null; end';"
        "create trigger drop_row before insert on rest for each row execute function drop_row()"
    )
    result = ingest.load_file(empty_url, file(line(219000001)))
    assert figures(result.counts) == (1, 0, 0, 1)
    assert one(db, "select count(*) from vessel_positions") == 0


def test_a_vessel_that_is_stored_under_another_mmsi_costs_its_lines_with_the_reason(
    url: str, db: psycopg.Connection, file: Callable[..., Path]
) -> None:
    db.execute(
        """
        create function prefix() returns trigger language plpgsql as
          $$ begin new.mmsi = 'MMSI ' || new.mmsi; return new; end $$;
        create trigger prefix before insert on vessels for each row execute function prefix()
        """
    )
    result = ingest.load_file(url, file(line(219000001)))
    assert result.rejected == {"vessel not stored by public.vessels": 1}


@pytest.mark.parametrize(
    "key", ["unique ({})", "unique ({}) deferrable initially deferred", "primary key ({})"]
)
def test_a_vessel_and_a_position_that_another_session_adds_meanwhile_do_not_fail_the_load(
    empty_url: str,
    tables: Callable[..., psycopg.Connection],
    file: Callable[..., Path],
    key: str,
) -> None:
    db = tables(
        f"""create table vessels (id bigserial unique, mmsi text, name text, "vesselType" text, flag text,
          active boolean default true, {key.format("mmsi")});
        {POSITIONS[:-1]}, {key.format('"vesselId", timestamp')})"""
    )
    result: list[ingest.Result] = []
    path = file(line(219000001), line(219000002), line(219000001, "00:00:10"))
    loading = threading.Thread(target=lambda: result.append(ingest.load_file(empty_url, path)))
    with psycopg.connect(empty_url) as other:
        other.execute("insert into vessels (mmsi, name) values ('219000001', 'ANNA')")
        other.execute(
            'insert into vessel_positions ("vesselId", timestamp)'
            " select id, '2022-01-03 00:00:10+00' from vessels"
        )
        loading.start()
        waiting = "select count(*) from pg_locks where not granted and locktype = 'transactionid'"
        while one(db, waiting) == 0:
            assert loading.is_alive()
    loading.join()

    assert figures(result[0].counts) == (3, 2, 1, 0)
    assert result[0].counts.vessels_new == 1
    assert one(db, "select count(*) from vessels") == 2
    assert one(db, "select count(*) from vessel_positions") == 3


def test_a_replay_steps_over_positions_that_are_there_and_counts_those_not_stored(
    empty_url: str, tables: Callable[..., psycopg.Connection], file: Callable[..., Path]
) -> None:
    db = tables(
        f'{POSITIONS[:-1]}, unique ("vesselId", timestamp));'
        "create function drop_row() returns trigger language plpgsql as 'begin return null; end';"
        "create trigger drop_row before insert on vessel_positions for each row when (new.speed = 0)"
        " execute function drop_row()"
    )
    stopped = line(219000001, "00:00:30").replace("10.1", "0")
    path = file(line(219000001), line(219000002, "00:00:10"), stopped, line(219000001, "00:01:00"))
    ingest.load_file(empty_url, path, to_recording=True)
    noon = "2026-05-01 12:00:00+00"
    db.execute("select vessel_activity.replay_start('ais.csv', '1 hour', %s)", (noon,))
    db.execute("update vessel_activity.replay set played_until = anchor_at - interval '1 second'")
    db.execute(
        'insert into vessel_positions ("vesselId", timestamp, speed)'
        " select id, %s::timestamptz + '10 seconds', 5 from vessels where mmsi = '219000002'",
        (noon,),
    )

    added = db.execute(
        "select vessel_activity.replay_step('ais.csv', %s::timestamptz + '60 seconds')", (noon,)
    ).fetchone()

    assert added == (2,)
    assert one(db, "select not_added from vessel_activity.replay") == 2
    assert one(db, "select count(*) from vessel_positions") == 3


def test_load_says_how_much_it_did_not_understand(
    url: str, db: psycopg.Connection, file: Callable[..., Path]
) -> None:
    path = file(
        "366940480.0,2022-01-03T01:00:00+02:00,-8.5e-05,-5.25,10.1,270.0,ANNA,70.0",
        "366940481,2022-01-03T00:00:00,50.5,-5.25,fast,west,ANNA,Cargo",
        "366940482,2022-01-03T00:00:00,50.5,-5.25,nan,,ANNA,70.5",
        "366940483,03/01/2022 00:00,50.5,-5.25,1,1,ANNA,70",
        "366940484,2022-01-03T00:00:00,50.5,-5.25,,,ANNA,0",
        "366940485,2022-01-03T00:00:00,50.5,-5.25,,,A\ufffdNA,38",
        "992190001,2022-01-03T00:00:00,50.5,-5.25,fast,west,BUOY,Cargo",  # is rejected
    )

    done = command(url, path)

    assert done.returncode == 0, done.stdout
    assert "not understood: types 3, times 1, speeds 1, courses 1, names 1" in done.stdout
    assert db.execute(
        "select rows_loaded, rows_rejected, types_not_understood, times_not_understood,"
        " speeds_not_understood, courses_not_understood, names_not_understood"
        " from vessel_activity.load"
    ).fetchone() == (5, 2, 3, 1, 1, 1, 1)
    assert db.execute(
        'select v.mmsi, v."vesselType", p.timestamp::text, p.latitude, p.speed::text, p.course'
        ' from vessels v join vessel_positions p on p."vesselId" = v.id'
        " order by 1 limit 2"
    ).fetchall() == [
        ("366940480", "Cargo", "2022-01-02 23:00:00+00", -8.5e-05, "10.1", 270.0),
        ("366940481", None, "2022-01-03 00:00:00+00", 50.5, None, None),
    ]
