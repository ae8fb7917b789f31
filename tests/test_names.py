# ruff: noqa: E501, S608 - SQL reads best unbroken, and is made of constants
"""Source tables under any names and in any schema are read, filled and left as if they had the usual ones."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg
import pytest

from tests import test_replay as replays
from tests.conftest import cloned
from tests.support.catalog import snapshot
from tests.support.feed_batches import Feed, Report
from tests.support.fleet import AS_OF, HOUR, MINUTE, SECOND, definition, last_mode, refreshed
from tests.support.sources import maintained
from tests.test_migrate import command
from tests.test_sql_file import psql
from tests.test_status import status
from vessel_activity import demo
from vessel_activity.ais import load as ingest
from vessel_activity.install import migrate, rollback
from vessel_activity.install.source_names import Names

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vessel_activity.database.local_server import LocalServer


class Layout(NamedTuple):
    """Source tables under other names: how they are made, named, and written by their own names."""

    ddl: str
    names: Names
    vessels: str
    vessel_columns: str
    """Id, MMSI, type and flag."""
    positions: str
    position_columns: str
    """Vessel, time, latitude, longitude and speed."""
    speed: str = "{}"
    """The expression for the speed in knots."""

    def columns(self) -> tuple[list[str], list[str]]:
        """Return both lists of columns."""
        return self.vessel_columns.split(", "), self.position_columns.split(", ")


LAYOUTS = {
    # What Prisma makes of the models Vessel and VesselPosition in schema ais.
    "prisma": Layout(
        """create schema ais;
        create table ais."Vessel" (id text primary key, mmsi text not null unique, name text, "vesselType" text, flag text);
        create table ais."VesselPosition" (id text primary key default gen_random_uuid(), "vesselId" text not null references ais."Vessel",
          timestamp timestamp(3) not null, latitude float8, longitude float8, speed float8, course float8)""",
        Names('ais."Vessel"', 'ais."VesselPosition"'),
        'ais."Vessel"',
        'id, mmsi, "vesselType", flag',
        'ais."VesselPosition"',
        '"vesselId", timestamp, latitude, longitude, speed',
    ),
    # The MMSI is the id, there is no other id, and speeds are tenths.
    "snake": Layout(
        """create schema fleet;
        create table fleet.ship (mmsi integer primary key, ship_name varchar(20), vessel_type text, flag_state char(2));
        create table fleet.fix (mmsi integer not null, ts timestamp(3) with time zone not null, lat real, lon real, sog smallint, cog real,
          primary key (mmsi, ts))""",
        Names(
            "fleet.ship",
            "fleet.fix",
            "id=mmsi, name=ship_name, vesselType=vessel_type, flag=flag_state, vesselId=mmsi, timestamp=ts, latitude=lat, longitude=lon, speed=sog/10, course=cog",
        ),
        "fleet.ship",
        "mmsi, mmsi, vessel_type, flag_state",
        "fleet.fix",
        "mmsi, ts, lat, lon, sog",
        "{}::numeric / 10",
    ),
    # Characters that mean something in SQL, in format() and in dollar quotes; and partitions.
    "strange": Layout(
        r"""create schema "a.b%s";
        create table "a.b%s"."the ""big"" ships" (id bigserial primary key, mmsi text not null, name text, "%1$s" text, "it's" text, active boolean default true);
        create table "a.b%s"."$$reports\1" (id bigserial, "c\d" bigint, "$sql$" timestamptz, latitude float8, longitude float8, "100%" numeric, course real)
          partition by range ("$sql$");
        create table "a.b%s".old partition of "a.b%s"."$$reports\1" for values from (minvalue) to ('2050-03-13 11:30+00');
        create table "a.b%s".new partition of "a.b%s"."$$reports\1" for values from ('2050-03-13 11:30+00') to (maxvalue)""",
        Names(
            '"a.b%s"."the ""big"" ships"',
            r'"a.b%s"."$$reports\1"',
            r"""vesselType="%1$s",flag="it's",vesselId="c\d",timestamp="$sql$",speed="100%"*0.5""",
        ),
        '"a.b%s"."the ""big"" ships"',
        'id, mmsi, "%1$s", "it\'s"',
        r'"a.b%s"."$$reports\1"',
        r'"c\d", "$sql$", latitude, longitude, "100%"',
        "{} * 0.5",
    ),
}


def migrated(url: str, layout: Layout) -> None:
    """Make the tables, and migrate with their names."""
    with psycopg.connect(url, autocommit=True) as db:
        db.execute(layout.ddl.encode())
    migrate.migrate(url, names=layout.names)


@pytest.fixture(scope="module")
def templates(server: LocalServer) -> dict[str, str]:
    """Migrate one database for each layout."""
    made = {}
    with psycopg.connect(server.url(), autocommit=True) as db:
        for name, layout in LAYOUTS.items():
            made[name] = f"names_{name}"
            db.execute(f"create database {made[name]}")
            migrated(server.url(made[name]), layout)
    return made


class Adopted(NamedTuple):
    """A database with one of the layouts."""

    url: str
    db: psycopg.Connection
    layout: Layout

    def one(self, query: str) -> Any:  # noqa: ANN401 - any column
        """Return the first column of the first row."""
        row = self.db.execute(query.encode()).fetchone()
        assert row is not None
        return row[0]


@pytest.fixture(params=LAYOUTS)
def adopted(
    server: LocalServer, templates: dict[str, str], request: pytest.FixtureRequest
) -> Iterator[Adopted]:
    with (
        cloned(server, templates[request.param]) as url,
        psycopg.connect(url, autocommit=True) as db,
    ):
        db.execute("set timezone = 'UTC'")
        yield Adopted(url, db, LAYOUTS[request.param])


@pytest.fixture
def snake(server: LocalServer, templates: dict[str, str]) -> Iterator[Adopted]:
    with cloned(server, templates["snake"]) as url, psycopg.connect(url, autocommit=True) as db:
        db.execute("set timezone = 'UTC'")
        yield Adopted(url, db, LAYOUTS["snake"])


def launch(adopted: Adopted, *ships: tuple[int, str | None, str | None]) -> None:
    """Insert vessels: id, type and flag."""
    columns, _ = adopted.layout.columns()
    names = columns[1:] if columns[0] == columns[1] else columns
    for ship, kind, flag in ships:
        values = [ship, f"{ship}", kind, flag][len(columns) - len(names) :]
        adopted.db.execute(
            f"insert into {adopted.layout.vessels} ({', '.join(names)})".replace("%", "%%")
            + f" values ({', '.join(['%s'] * len(values))})",
            [
                str(v)
                if v is not None
                and columns[0] != "mmsi"
                and names[0] == "id"
                and "Vessel" in adopted.layout.vessels
                else v
                for v in values
            ],
        )


def report(adopted: Adopted, ship: int, at: datetime, raw_speed: int = 100) -> None:
    """Insert a position."""
    adopted.db.execute(
        f"insert into {adopted.layout.positions} ({adopted.layout.position_columns}) values ('{ship}', '{at}', 50.5, -5.25, {raw_speed})".encode()
    )


def plain(adopted: Adopted, as_of: datetime = AS_OF) -> tuple[Any, ...]:
    """Count what the figures count, by plain queries of the tables under their own names."""
    _, _, kind, flag = adopted.layout.columns()[0]
    vessel, at, _, _, raw = adopted.layout.columns()[1]
    speed = adopted.layout.speed.format(raw)
    within = f"{at} between '{as_of}'::timestamptz - interval '{{}}' and '{as_of}'::timestamptz"
    groups = """(select array_agg(g order by g.n desc, g.name collate "C") from (
        select coalesce({0}, 'Unknown')::text as name, count(*) as n from {1} {2} group by 1) as g)"""
    active = "where active" if "active" in adopted.layout.ddl else ""
    seen = f"(select count(distinct {vessel}) from {adopted.layout.positions} where {within})"
    row = adopted.db.execute(
        f"""select {seen.format("5 minutes")}, {seen.format("1 hour")}, {seen.format("24 hours")},
        (select count(*) from {adopted.layout.vessels} {active}),
        (select count(*) from {adopted.layout.positions} where {within.format("1 hour")}),
        (select coalesce(json_agg(json_build_array(g.name, g.n) order by g.n desc, g.name collate "C"), '[]') from (
          select coalesce({kind}, 'Unknown')::text as name, count(*) as n from {adopted.layout.vessels} {active} group by 1) as g),
        (select coalesce(json_agg(json_build_array(g.name, g.n) order by g.n desc, g.name collate "C"), '[]') from (
          select coalesce({flag}, 'Unknown')::text as name, count(*) as n from {adopted.layout.vessels} {active} group by 1) as g),
        (select coalesce(round(avg({speed})::numeric, 2), 0) from {adopted.layout.positions}
          where {within.format("1 hour")} and {speed} > 0 and {speed} < 50)""".encode()
    ).fetchone()
    del groups
    assert row is not None
    return row


def judged(adopted: Adopted, mode: str = "incremental", as_of: datetime = AS_OF) -> tuple[Any, ...]:
    """Refresh, and check that the row is that of the plain queries and of the definition."""
    row = refreshed(adopted.db, as_of)
    assert last_mode(adopted.db)[0] == mode, last_mode(adopted.db)
    assert row == definition(adopted.db, as_of)
    told = (
        *row[:5],
        [list(pair) for pair in row.vessel_types],
        [list(pair) for pair in row.top_flags],
        row.speed_avg,
    )
    assert told == plain(adopted, as_of)
    return told


def test_every_kind_of_write_is_noted_under_any_names(adopted: Adopted) -> None:
    db, layout = adopted.db, adopted.layout
    vessel, at, latitude, longitude, speed = layout.columns()[1]
    refreshed(db, AS_OF - 30 * MINUTE)

    launch(adopted, (1, "Cargo", "DK"), (2, "Tanker", None), (3, None, "NO"), (4, "Cargo", "NO"))
    for ship, age in ((1, 1), (2, 4), (3, 20), (3, 2), (4, 59), (4, 61), (1, 1439), (2, -3)):
        report(adopted, ship, AS_OF - age * MINUTE, 20 * ship + age % 7)
    assert judged(adopted)[:5] == (3, 4, 4, 4, 5)

    db.execute(f"update {layout.positions} set {speed} = {speed} + 3 where {vessel} = '3'".encode())
    db.execute(
        f"update {layout.positions} set {at} = {at} - interval '2 hours' where {vessel} = '2'".encode()
    )
    db.execute(
        f"update {layout.positions} set {latitude} = 51, {longitude} = null where {vessel} = '1'".encode()
    )
    assert judged(adopted)[:3] == (2, 3, 4)

    db.execute(f"delete from {layout.positions} where {vessel} = '1'".encode())
    kind, flag = layout.columns()[0][2:]
    db.execute(
        f"update {layout.vessels} set {kind} = 'Tug', {flag} = 'SE' where mmsi = '4'".encode()
    )
    assert judged(adopted)[:3] == (1, 2, 3)
    with db.cursor().copy(
        f"copy {layout.positions} ({vessel}, {at}, {speed}) from stdin (format csv)".encode()
    ) as copy:
        copy.write(
            "".join(f"{1 + n % 4},{AS_OF - n * MINUTE - SECOND},{n}\n" for n in range(5, 90))
        )
    assert judged(adopted)[2] == 4

    # A program that applies the changes of another server.
    db.execute("set session_replication_role = replica")
    report(adopted, 9, AS_OF - MINUTE, 31)
    db.execute(f"update {layout.positions} set {speed} = 7 where {vessel} = '2'".encode())
    db.execute(f"delete from {layout.positions} where {vessel} = '3'".encode())
    db.execute(f"update {layout.vessels} set {kind} = 'Ferry' where mmsi = '1'".encode())
    db.execute(f"delete from {layout.vessels} where mmsi = '2'".encode())
    launch(adopted, (7, "Yacht", "FR"))
    db.execute("set session_replication_role = origin")
    judged(adopted)

    db.execute(f"truncate {layout.positions}".encode())
    assert judged(adopted, "rebuild")[2] == 0


def test_places_lists_and_history_are_read_under_any_names(adopted: Adopted) -> None:
    db = adopted.db
    refreshed(db, AS_OF - 30 * MINUTE)
    launch(adopted, (219000001, "Cargo", "DK"), (219000002, "Tanker", "NO"))
    ring = [[-6, 50], [-5, 50], [-5, 51], [-6, 51], [-6, 50]]
    area = json.dumps({"type": "Polygon", "coordinates": [ring]})
    db.execute("select public.vessel_activity_area_put('Here', %s)", (area,))
    report(adopted, 219000001, AS_OF - 2 * MINUTE, 25)
    report(adopted, 219000002, AS_OF - 90 * MINUTE, 60)
    judged(adopted)
    db.execute("select vessel_activity.refresh_at(%s, 'manual', true)", (AS_OF,))

    body = adopted.one("select body from vessel_activity.activity")
    here = next(one for one in body["areas"] if one["name"] == "Here")
    assert (here["activeNow"], here["activeLastHour"], here["activeLast24h"]) == (1, 1, 2)
    knots = float(adopted.one(f"select {adopted.layout.speed.format(25)}"))
    told = json.loads(
        adopted.one(
            "select vessel_activity.vessels_json(null, null, '24h', 'any', null, 'Here', 'mmsi', 'asc', null, 20)"
        )
    )
    assert [(v["mmsi"], v["latitude"], v["longitude"]) for v in told["vessels"]] == [
        ("219000001", 50.5, -5.25),
        ("219000002", 50.5, -5.25),
    ]
    assert told["vessels"][0]["speed"] == knots
    swept = db.execute(
        "select active_now, active_last_24h, total_vessels, speed_avg from vessel_activity.swept_history(%s, interval '1 minute', 1)",
        (AS_OF,),
    ).fetchone()
    assert swept is not None
    assert (*swept[:3], float(swept[3])) == (1, 2, 2, knots)


def test_loads_and_feeds_fill_the_tables(adopted: Adopted, tmp_path: Path) -> None:
    db, layout = adopted.db, adopted.layout
    vessel, at, latitude, longitude, speed = layout.columns()[1]
    header = "MMSI,BaseDateTime,LAT,LON,SOG,COG,VesselName,VesselType"
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None)
    lines = [
        f"219000001,{now - n * timedelta(seconds=20):%Y-%m-%dT%H:%M:%S},50.5,-5.25,{10 + n}.3,270.0,ANNA,70"
        for n in range(3)
    ]
    path = tmp_path / "ais.csv"
    path.write_text("\n".join([header, *lines]) + "\n")

    assert ingest.load_file(adopted.url, path).counts.rows_loaded == 3
    assert ingest.load_file(adopted.url, path).counts.rows_loaded == 0
    sent = Feed(db).send(Report(219000002, now.replace(tzinfo=UTC) - MINUTE, speed="20.8"))
    assert sent

    knots = db.execute(
        f"select round(({layout.speed.format(speed)})::numeric, 1) from {layout.positions} order by 1".encode()
    ).fetchall()
    assert [float(k) for (k,) in knots] == [10.3, 11.3, 12.3, 20.8]
    names = "ship_name" if "ship_name" in layout.ddl else "name"
    kind, flag = layout.columns()[0][2:]
    assert db.execute(
        f"select mmsi::text, {names}, {kind}, {flag} from {layout.vessels} order by 1".encode()
    ).fetchall() == [("219000001", "ANNA", "Cargo", "DK"), ("219000002", None, None, "DK")]

    # A newer name replaces the old one.
    path.write_text(
        f"{header}\n219000001,{now + timedelta(seconds=1):%Y-%m-%dT%H:%M:%S},50.5,-5.25,1.0,2.0,BERTA,80\n"
    )
    ingest.load_file(adopted.url, path)
    assert adopted.one(f"select {names} from {layout.vessels} where mmsi = '219000001'") == "BERTA"
    assert db.execute(
        f"select {vessel}::text = (select {layout.columns()[0][0]}::text from {layout.vessels} where mmsi = '219000001'), {latitude}, {longitude}"
        f" from {layout.positions} order by {at} desc limit 1".encode()
    ).fetchone() == (True, 50.5, -5.25)


def test_a_replay_fills_the_tables_and_takes_its_old_rows_away(
    adopted: Adopted, tmp_path: Path
) -> None:
    db, layout = adopted.db, adopted.layout
    (vessel, at, *rest), (number, mmsi) = layout.columns()[1], layout.columns()[0][:2]
    values = ", ".join(rest)

    def played() -> list[tuple[str, datetime]]:
        rows = db.execute(
            f"select 'SHIP ' || v.{mmsi}, p.{at} from {layout.positions} as p"
            f" join {layout.vessels} as v on v.{number} = p.{vessel}".encode()
        ).fetchall()
        return sorted(
            (name, time if time.tzinfo else time.replace(tzinfo=UTC)) for name, time in rows
        )

    ingest.load_file(adopted.url, replays.recording(tmp_path / "rec"), to_recording=True)
    replays.start(db, replays.NOW)
    replays.step(db, replays.NOW)
    hour = replays.due(replays.NOW - HOUR, replays.NOW, replays.NOW)
    assert played() == hour
    of_others = (hour[0][0], min(time for _, time in hour) + SECOND / 2)
    db.execute(
        f"insert into {layout.positions} ({vessel}, {at}, {values})"
        f" select {vessel}, '{of_others[1]}'::timestamptz, {values} from {layout.positions}"
        f" where {at} = '{hour[0][1]}'::timestamptz".encode()
    )
    assert of_others in played()

    end = replays.NOW + 25 * HOUR + 30 * MINUTE
    db.execute("update vessel_activity.replay set played_until = %s", (end,))
    for seconds in range(1, 10):  # ten minutes each: half an hour is too old
        replays.step(db, end + seconds * SECOND)
    end += 9 * SECOND
    kept = replays.due(end - 26 * HOUR, replays.NOW, replays.NOW)
    live = replays.due(end - 9 * SECOND, end, replays.NOW)
    assert played() == sorted([*kept, *live, of_others])


QUERIES = (
    """select utc.at from (select vessel_activity.utc_instant(p."timestamp") as at, p."timestamp" as t from public.vessel_positions as p
      where p."timestamp" <= vessel_activity.source_time($1, p."timestamp") order by p."timestamp" desc limit 1) as utc""",
    """select count(*), sum(p.course) from public.vessel_positions as p
      where p."timestamp" >= vessel_activity.source_time($1 - interval '1 minute', p."timestamp")
        and p."timestamp" < vessel_activity.source_time($1, p."timestamp")""",
    """select p."timestamp" from public.vessel_positions as p
      where p."vesselId" = '7' and p."timestamp" <= vessel_activity.source_time($1, p."timestamp") order by p."timestamp" desc limit 1""",
    """select v.name from public.vessels as v where v.id = '7'""",
    "{last_positions}",
    "select * from vessel_activity.report_values({id}, $1)",
    "select * from vessel_activity.arrival({id}, $1)",
)


def plans(db: psycopg.Connection, id_value: str, replaced: dict[str, str]) -> list[str]:
    """Return the plans of the queries, with the names of tables and columns made the same."""
    found = []
    last = db.execute("select vessel_activity.last_positions_query()").fetchone()
    assert last is not None
    db.execute(
        "set enable_seqscan = off; set enable_bitmapscan = off; set plan_cache_mode = force_generic_plan"
    )
    for query in QUERIES:
        row = db.execute(
            "select vessel_activity.remapped(%s, 'vessel_positions')" if replaced else "select %s",
            (query.replace("{last_positions}", last[0]).replace("{id}", id_value),),
        ).fetchone()
        assert row is not None
        db.execute(b"prepare tried (timestamptz) as " + row[0].encode())
        text = "\n".join(
            line for (line,) in db.execute("explain (costs off) execute tried (now())").fetchall()
        )
        db.execute("deallocate tried")
        for name, usual in replaced.items():
            text = text.replace(name, usual)
        text = re.sub(r"\bsource(_\d+)?\b", "p", text)
        found.append(
            re.sub(r"\b[pv](_\d+)?\b", "p", re.sub(r'"(timestamp|vesselId)"', r"\1", text))
        )
    return found


def test_plans_are_those_of_the_usual_names(server: LocalServer) -> None:
    columns = "lat float8, lon float8, sog numeric, cog real"
    ship = "id text primary key, mmsi text not null, name text, {} text, {} text"
    told = []
    for ddl, names, replaced in (
        (
            f"""create table vessels ({ship.format('"vesselType"', "flag")}, active boolean default true);
            create table vessel_positions (id bigserial primary key, "vesselId" text, timestamp timestamp(3),
              {columns.replace("lat ", "latitude ").replace("lon ", "longitude ").replace("sog", "speed").replace("cog", "course")})""",
            Names(),
            {},
        ),
        (
            f"""create schema ais; create table ais.ship ({ship.format("kind", "state")}, active boolean default true);
            create table ais.fix (id bigserial primary key, vessel text, ts timestamp(3), {columns})""",
            Names(
                "ais.ship",
                "ais.fix",
                "vesselType=kind,flag=state,vesselId=vessel,timestamp=ts,latitude=lat,longitude=lon,speed=sog,course=cog",
            ),
            {"ship_pkey": "vessels_pkey", "vessel_timestamp_idx": "VT", "source.vessel": "p.vesselId", "fix": "vessel_positions",
             "ship": "vessels", ".vessel ": ".vesselId ", ".ts": ".timestamp", "(ts ": "(timestamp ", "(vessel ": "(vesselId ",
             " ts ": " timestamp ", ".lat": ".latitude", ".lon": ".longitude", ".sog": ".speed", ".cog": ".course"},
        ),
    ):  # fmt: skip
        with cloned(server, None) as url, psycopg.connect(url, autocommit=True) as db:
            db.execute(ddl.encode())
            migrate.migrate(url, names=names)
            told.append(
                [
                    plan.replace("vessel_timestamp_idx", "VT")
                    for plan in plans(db, "'7'::text", replaced)
                ]
            )
    usual, other = told
    assert other == usual
    assert "Sort" not in "\n".join(other[:5])
    assert "Seq Scan on vessel" not in "\n".join(other)
    assert "Index" in other[-1]


def test_no_function_reads_the_usual_names(snake: Adopted) -> None:
    found = snake.db.execute(
        """select p.oid::regprocedure::text from pg_proc as p
        where (p.pronamespace = 'vessel_activity'::regnamespace or p.proname like '%vessel_activity%')
          and coalesce(p.prosrc, pg_get_function_sqlbody(p.oid)) ~ 'public[.]vessels|public[.]vessel_positions'
          and p.proname not in ('remapped', 'source_problem')"""
    ).fetchall()
    assert found == []


@pytest.mark.parametrize("sql_file", [False, True])
def test_names_are_kept_and_changed_by_later_migrates(empty_url: str, *, sql_file: bool) -> None:
    layout = LAYOUTS["snake"]
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(layout.ddl.encode())
        db.execute(LAYOUTS["prisma"].ddl.encode())

        def run(names: Names = Names()) -> None:  # noqa: B008 - it is immutable
            if sql_file:
                psql(
                    empty_url,
                    **{name: value for name, value in names._asdict().items() if value is not None},
                )
            else:
                migrate.migrate(empty_url, names=names)

        def noted() -> set[str]:
            return {
                table
                for (table,) in db.execute(
                    "select distinct relation::regclass::text from vessel_activity.note_triggers()"
                )
            }

        # From the usual names to others: the former tables are left alone.
        run(
            Names(None, None, None)._replace(
                vessels='ais."Vessel"', positions='ais."VesselPosition"'
            )
        )
        adopted = Adopted(empty_url, db, LAYOUTS["prisma"])
        db.execute("set timezone = 'UTC'")
        launch(adopted, (1, "Cargo", "DK"))
        judged(adopted)
        before = snapshot(empty_url)
        run()
        assert snapshot(empty_url) == before
        assert noted() == {'ais."Vessel"', 'ais."VesselPosition"'}

        run(layout.names)
        assert noted() == {"fleet.ship", "fleet.fix"}
        report(adopted, 1, AS_OF)  # its triggers are gone
        other = Adopted(empty_url, db, layout)
        launch(other, (1, "Cargo", "DK"), (2, "Tug", None))
        report(other, 2, AS_OF - MINUTE, 123)
        assert judged(other, last_mode_of_next(db))[:4] == (1, 1, 1, 2)
        assert status(db)["source tables"].detail == (
            "fleet.ship and fleet.fix exist, with the columns id=mmsi,name=ship_name,vesselType=vessel_type,flag=flag_state,"
            "vesselId=mmsi,timestamp=ts,latitude=lat,longitude=lon,speed=sog/10,course=cog"
        )
        assert {name for name, one in status(db).items() if one.state == "fail"} <= {
            "freshness",
            "feed",
            "document",
        }

        # One name is changed, the others are kept.
        run(Names(map="speed=cog,course=sog"))
        assert "speed=cog,course=sog" in status(db)["source tables"].detail
        assert "timestamp=ts" in status(db)["source tables"].detail


def last_mode_of_next(db: psycopg.Connection) -> str:
    """Return how the next refresh will be done: a refresh at another instant is done for it."""
    refreshed(db, AS_OF - 2 * MINUTE)
    return "incremental"


def test_an_installation_with_the_usual_names_adopts_others_and_returns(url: str) -> None:
    layout = LAYOUTS["prisma"]
    with psycopg.connect(url, autocommit=True) as db:
        db.execute("set timezone = 'UTC'")
        db.execute(layout.ddl.encode())
        db.execute("insert into vessels (mmsi) values ('1')")
        migrate.migrate(url, names=layout.names)
        db.execute("insert into vessels (mmsi) values ('2')")
        db.execute('insert into vessel_positions ("vesselId", timestamp) values (1, now())')
        adopted = Adopted(url, db, layout)
        launch(adopted, (1, "Cargo", "DK"), (2, "Cargo", "NO"), (3, None, None))
        report(adopted, 3, AS_OF)
        refreshed(db, AS_OF - MINUTE)
        report(adopted, 2, AS_OF - MINUTE)
        assert judged(adopted)[:4] == (2, 2, 2, 3)

        migrate.migrate(url, names=Names("vessels", "public.vessel_positions"))
        assert refreshed(db, AS_OF).total_vessels == 2
        assert (
            status(db)["source tables"].detail == "public.vessels and public.vessel_positions exist"
        )
        assert status(db)["index (timestamp)"].state == "ok"
        report(adopted, 1, AS_OF)


@pytest.mark.parametrize("sql_file", [False, True])
def test_a_rollback_leaves_the_tables_as_they_were(empty_url: str, *, sql_file: bool) -> None:
    layout = LAYOUTS["strange"]
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(layout.ddl.encode())
        catalog = """select c.oid::regclass::text, c.relkind, c.relnatts, (select count(*) from pg_trigger as t where t.tgrelid = c.oid),
            (select string_agg(i.indexrelid::regclass::text, ',' order by i.indexrelid) from pg_index as i where i.indrelid = c.oid)
            from pg_class as c where c.relnamespace = '"a.b%s"'::regnamespace order by 1"""
        before = db.execute(catalog.encode()).fetchall()
        migrate.migrate(empty_url, names=layout.names)
        report(Adopted(empty_url, db, layout), 1, AS_OF)
        assert db.execute(catalog.encode()).fetchall() != before
        if sql_file:
            psql(empty_url, "--rollback")
        else:
            rollback.rollback(empty_url)
        assert db.execute(catalog.encode()).fetchall() == before
        assert db.execute(
            "select to_regnamespace('vessel_activity'), to_regnamespace('vessel_activity_migrations')"
        ).fetchone() == (None, None)
        report(Adopted(empty_url, db, layout), 1, AS_OF)


def test_a_type_that_is_altered_is_followed(snake: Adopted) -> None:
    db = snake.db
    refreshed(db, AS_OF - 30 * MINUTE)
    launch(snake, (1, "Cargo", "DK"))
    report(snake, 1, AS_OF - MINUTE, 123)
    judged(snake)

    # The converted speed has the same type as before, so the state is built anew.
    db.execute("alter table fleet.fix alter sog type integer")
    report(snake, 1, AS_OF - 2 * MINUTE, 45)
    assert str(judged(snake, "rebuild")[-1]) == "8.40"
    db.execute("alter table fleet.fix alter ts type timestamp(0) using ts at time zone 'UTC'")
    report(snake, 1, AS_OF - 3 * MINUTE, 66)
    judged(snake, "definition")
    migrate.migrate(snake.url)
    judged(snake, "definition" if refreshed(db, AS_OF - MINUTE) is None else "incremental")

    # A text can't be converted: no writer fails, and the next migrate says so.
    db.execute("alter table fleet.fix alter sog type text")
    report(snake, 1, AS_OF - 4 * MINUTE, 77)
    assert refreshed(db, AS_OF).positions_last_hour == 4
    with pytest.raises(
        psycopg.errors.DatatypeMismatch,
        match=r"fleet\.fix\.sog is text, expected a numeric or float type, since",
    ):
        migrate.migrate(snake.url)


def test_a_dropped_place_stops_no_writer(snake: Adopted) -> None:
    db = snake.db
    refreshed(db, AS_OF - 30 * MINUTE)
    db.execute("alter table fleet.fix drop lat")
    db.execute(f"insert into fleet.fix (mmsi, ts, sog) values (1, '{AS_OF}', 5)")
    db.execute("update fleet.fix set sog = 7")
    db.execute("update fleet.fix set ts = ts - interval '1 second'")
    assert refreshed(db, AS_OF).positions_last_hour == 1
    assert last_mode(db) == ("definition", "fleet.fix has no column lat any more")


def test_a_table_that_is_gone_is_named(snake: Adopted) -> None:
    snake.db.execute("alter table fleet.fix rename to fixes")
    check = status(snake.db)["source tables"]
    assert check.state == "fail"
    assert (check.detail or "").startswith("fleet.fix does not exist")
    with pytest.raises(psycopg.errors.UndefinedTable, match=r"fleet\.fix does not exist"):
        refreshed(snake.db)
    with pytest.raises(psycopg.errors.UndefinedTable, match=r"fleet\.fix does not exist"):
        migrate.migrate(snake.url)
    snake.db.execute("alter table fleet.fixes rename to fix")
    assert refreshed(snake.db).total_vessels == 0


def test_partitions_come_and_go_under_any_names(
    server: LocalServer, templates: dict[str, str]
) -> None:
    with cloned(server, templates["strange"]) as url, psycopg.connect(url, autocommit=True) as db:
        db.execute("set timezone = 'UTC'")
        adopted = Adopted(url, db, LAYOUTS["strange"])
        refreshed(db, AS_OF - 30 * MINUTE)
        launch(adopted, (1, "Cargo", "DK"))
        report(adopted, 1, AS_OF - 40 * MINUTE)
        report(adopted, 1, AS_OF - 4 * MINUTE)
        judged(adopted)
        db.execute(rb'alter table "a.b%s"."$$reports\1" detach partition "a.b%s".old')
        judged(adopted, "definition")
        maintained(db)
        assert judged(adopted, "rebuild")[4] == 1


WRONG = [
    ({"vessels": 'ais."Boat"'}, 'ais."Boat" does not exist', "capital letters"),
    ({"vessels": "ais.Vessel"}, "ais.vessel does not exist", "capital letters"),
    ({"vessels": "a.b.c.d"}, "this is no name of a table: a.b.c.d", "Write schema.table"),
    ({"vessels": 'ais."VesselPosition"'}, 'ais."VesselPosition" can\'t hold both the vessels and the positions', "two tables"),
    ({"positions": "pg_catalog.pg_class"}, "pg_catalog.pg_class is no table", "of your own"),
    ({"map": "speed=sog"}, 'ais."VesselPosition" has no column sog', 'The columns of ais."VesselPosition" are id, "vesselId", "timestamp"'),
    ({"map": "knots=speed"}, "the map of columns has a name that vessel activity does not know: knots", "The names are id, mmsi"),
    ({"map": "speed=speed,speed=course"}, "the map of columns has the name speed twice", "The names are"),
    ({"map": "speed=speed/0"}, "the map of columns multiplies or divides speed by zero", "speed=sog/10"),
    ({"map": "flag=flag*2"}, "the map of columns has a calculation for flag", "speed=sog/10"),
    ({"map": "speed=speed/10; drop table x"}, "the map of columns has a part that can't be read: speed=speed/10; drop table x", "speed=sog/10"),
    ({"map": "speed=(select 1)"}, "the map of columns has a part that can't be read: speed=(select 1)", "speed=sog/10"),
    ({"map": "latitude=longitude"}, "latitude and longitude are both longitude", "only id and mmsi"),
    ({"map": "timestamp=id"}, 'ais."VesselPosition".id is text, expected timestamp with or without time zone', "name another column"),
    ({"map": 'vesselId=course,course="vesselId"'}, 'ais."VesselPosition".course is double precision, expected text', "name another column"),
]  # fmt: skip


def test_names_that_can_not_be_are_refused_before_anything_is_changed(empty_url: str) -> None:
    layout = LAYOUTS["prisma"]
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(layout.ddl.encode())
    before = snapshot(empty_url)
    for given, message, hint in WRONG:
        with pytest.raises(psycopg.Error) as raised:
            migrate.migrate(empty_url, names=layout.names._replace(**given))
        assert (raised.value.diag.message_primary or "").startswith(message)
        assert hint in (raised.value.diag.message_hint or "")
        assert (raised.value.diag.message_hint or "").endswith("Nothing was changed.")
        assert snapshot(empty_url) == before
    said = psql(empty_url, code=3, vessels='ais."Boat"', positions='ais."VesselPosition"')
    assert 'ERROR:  ais."Boat" does not exist' in said
    assert snapshot(empty_url) == before


def test_the_command_takes_the_names(empty_url: str) -> None:
    layout = LAYOUTS["snake"]
    with psycopg.connect(empty_url, autocommit=True) as db:
        db.execute(layout.ddl.encode())
        vessels, positions, mapped = layout.names
        assert vessels is not None
        assert positions is not None
        assert mapped is not None
        process = command(
            empty_url, "migrate", "--vessels", vessels, "--positions", positions, "--map", mapped
        )
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output
        assert "index: vessel_activity_timestamp_idx built\n" in output
        assert "building vessel_activity_timestamp_idx on fleet.fix, without" in output
        assert db.execute(
            "select to_regclass('public.vessels'), to_regclass('public.vessel_positions')"
        ).fetchone() == (None, None)


def test_the_demo_is_refused_beside_tables_of_other_names(snake: Adopted) -> None:
    before = snapshot(snake.url)
    with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState) as raised:
        demo.refuse(snake.db)
    assert raised.value.diag.message_primary == (
        "vessel activity reads other tables in this database: fleet.ship and fleet.fix;"
        " the simulated fleet is not mixed with them"
    )
    assert snapshot(snake.url) == before
