# ruff: noqa: E501, S608 - SQL texts, made of constants
"""Databases for random schedules, in several shapes of source tables, and the judge.

The judge compares a refreshed row with `vessel_activity_at` and with the plain queries below. The
plain queries share no code with vessel activity.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import psycopg

from tests.support import builds
from vessel_activity.install import migrate
from vessel_activity.install.source_names import KEPT, Names

if TYPE_CHECKING:
    from vessel_activity.database.local_server import LocalServer

SERVER_OPTIONS = {"autovacuum": "off", "jit": "off"}
LANES = 8


class Mismatch(AssertionError):  # noqa: N818 - it is what is looked for, not something gone wrong
    """A refreshed row differs from the definition or from the plain queries."""


class Positions(NamedTuple):
    """A table or view through which positions are written, and its columns."""

    name: str = "public.vessel_positions"
    vessel: str = '"vesselId"'
    at: str = "timestamp"
    speed: str = "speed"


class Fleet(NamedTuple):
    """A table or view through which vessels are written, and its columns."""

    name: str = "public.vessels"
    kind: str = '"vesselType"'
    active: str = "active"


@dataclass(frozen=True)
class Shape:
    """One shape that source tables may have.

    Attributes:
        name: the database's name.
        ddl: statements that make the source tables; if empty, migrate makes them.
        more: statements that make other objects after the migrate.
        text_ids: vessel ids are texts such as v12, and a position may lack one.
        utc: expression for a position's instant.
        cascades: positions belong to vessels by a foreign key.
        partitioned: positions are in partitions, for ids up to a million.
        positions: where positions are written: the table first, then views.
        fleets: where vessels are written: the table first, then views.
        position_key: columns of the unique key of positions.
        fleet_key: columns of a unique key of vessels.
        owner: the role that owns the source tables and vessel activity.
        spares: tables that swaps put into the place of a source table or of a partition.
        own_changes: changes of structure that only this shape allows; each ends as it began.
        from_version: the first version of PostgreSQL that knows this shape.
        by_definition: the source tables can carry no triggers, so the definition answers.
        names: other names of the source tables and their columns. Views have the usual names, for the
            judge alone.

    """

    name: str
    ddl: str = ""
    more: str = ""
    text_ids: bool = False
    utc: str = 'p."timestamp"'
    cascades: bool = False
    partitioned: bool = False
    positions: tuple[Positions, ...] = (Positions(),)
    fleets: tuple[Fleet, ...] = (Fleet(),)
    position_key: str = "id"
    fleet_key: str = "mmsi"
    owner: str = "postgres"
    spares: tuple[str, ...] = ()
    own_changes: tuple[tuple[str, ...], ...] = ()
    from_version: int = 15
    by_definition: bool = False
    names: Names = KEPT

    def vessel(self, number: int) -> str:
        """Return the id of the vessel with that number as an SQL literal."""
        return f"'v{number}'" if self.text_ids else str(number)

    def actual(self, statement: str) -> str:
        """Return the statement with the actual names of the source tables."""
        if self.names == KEPT:
            return statement
        statement = re.sub(r"public\.vessel_positions\b", f"{self.names.positions}", statement)
        return re.sub(r"public\.vessels\b", f"{self.names.vessels}", statement)

    @property
    def changes(self) -> tuple[tuple[str, ...], ...]:
        """All changes of structure that this shape allows."""
        return (*_EVERYWHERE, *self.own_changes)


_COLUMNS = 'mmsi text not null unique, name text, "vesselType" text, flag text, active boolean'
_REST = "latitude double precision, longitude double precision, speed {}, course real"

# "write" stands for a write through the source tables, "swap" for the exchange of two tables.
_EVERYWHERE = (
    (
        "alter table public.vessel_positions add column note text default 'x'",
        "write",
        "alter table public.vessel_positions drop column note",
    ),
    ("write", "vacuum full public.vessel_positions", "write"),
    (
        "alter table public.vessels add column note integer default 1",
        "alter table public.vessels alter note type text",  # writes the whole table anew
        "write",
        "alter table public.vessels drop column note",
    ),
    (
        "create index brief on public.vessel_positions (course)",
        "write",
        "drop index public.brief",
    ),
)


def _renamed(table: str) -> str:
    return f"""alter table public.{table} rename to between_names;
        alter table public.spare_{table} rename to {table};
        alter table public.between_names rename to spare_{table}"""


def _swaps(table: str) -> tuple[tuple[str, ...], ...]:
    """Exchange a table for its spare, which is written to before and after."""
    return (
        ("write", _renamed(table), "write"),
        (_renamed(table), "write", _renamed(table), "write"),
    )


def _moves(parent: str, partition: str, bounds: str) -> tuple[tuple[str, ...], ...]:
    """Detach a partition, attach it, and exchange it for its spare."""
    detach = f"alter table public.{parent} detach partition public.{{}}"
    attach = f"alter table public.{parent} attach partition public.{{}} for values {bounds}"
    spare = f"spare_{partition}"
    out, back = detach.format(partition), attach.format(partition)
    return (
        (out, "write", back),
        (
            out,
            f"delete from public.{partition} where id % 3 = 0",
            f"update public.{partition} set speed = 6 where id % 3 = 1",
            back,
            "write",
        ),
        (
            "write",
            f"{out}; {attach.format(spare)}",
            "write",
            f"{detach.format(spare)}; {back}",
            "write",
        ),
    )


_SPARE = """create table public.spare_{0} (like public.{0} including all)"""
_GENERATED = """create table public.vessels (id bigint primary key, mmsi text not null unique,
        name text, raw text, "vesselType" text generated always as (upper(raw)) {kind}, flag text,
        status boolean, active boolean generated always as (status) {kind});
    create table public.vessel_positions (id bigint primary key, vessel bigint,
        "vesselId" bigint generated always as (vessel) stored, at timestamptz,
        timestamp timestamptz generated always as (at) stored,
        latitude double precision, longitude double precision, sog numeric,
        speed numeric generated always as (sog / 2.0) {kind}, course real);
    create view public.reports as select id, vessel as "vesselId", at as timestamp, sog as speed,
        latitude, longitude, course from public.vessel_positions;
    create view public.registry as select id, mmsi, name, raw as "vesselType", flag,
        status as active from public.vessels"""
_GENERATED_POSITIONS = (
    Positions(vessel="vessel", at="at", speed="sog"),
    Positions("public.reports"),
)
_GENERATED_FLEETS = (Fleet(kind="raw", active="status"), Fleet("public.registry"))
ALL_SHAPES = (
    Shape(
        "plain",
        more="; ".join(_SPARE.format(table) for table in ("vessels", "vessel_positions")),
        spares=("spare_vessels", "spare_vessel_positions"),
        own_changes=(*_swaps("vessels"), *_swaps("vessel_positions")),
    ),
    Shape(
        "zoneless",
        f"""create table public.vessels (id text primary key, {_COLUMNS});
        create table public.vessel_positions (id bigint primary key, "vesselId" text,
            timestamp timestamp, {_REST.format("real")})""",
        text_ids=True,
        utc="(p.\"timestamp\" at time zone 'UTC')",
    ),
    Shape(
        "cascading",
        f"""create table public.vessels (id bigint primary key, {_COLUMNS});
        create table public.vessel_positions (id bigint primary key,
            "vesselId" bigint references public.vessels on delete cascade on update cascade,
            timestamp timestamptz not null, {_REST.format("double precision")})""",
        cascades=True,
    ),
    Shape(
        "partitioned",
        f"""create table public.vessels (id bigint primary key, {_COLUMNS});
        create table public.vessel_positions (id bigint primary key, "vesselId" bigint,
            timestamp timestamptz, {_REST.format("numeric")}) partition by range (id);
        create table public.low_ids partition of public.vessel_positions
            for values from (minvalue) to (100);
        create table public.high_ids partition of public.vessel_positions
            for values from (100) to (1000000);
        {_SPARE.format("high_ids")}""",
        partitioned=True,
        spares=("spare_high_ids",),
        own_changes=_moves("vessel_positions", "high_ids", "from (100) to (1000000)"),
    ),
    # Each update of a position's time, and of a vessel's status, may move the row to another partition.
    Shape(
        "moving",
        f"""create table public.vessels (id bigint, {_COLUMNS.replace(" unique", "")},
            primary key (id, active), unique (mmsi, active)) partition by list (active);
        create table public.vessels_on partition of public.vessels for values in (true);
        create table public.vessels_off partition of public.vessels for values in (false);
        create table public.vessel_positions (id bigint, "vesselId" bigint, timestamp timestamptz,
            {_REST.format("numeric")}, primary key (id, timestamp)) partition by hash (timestamp);
        create table public.first_third partition of public.vessel_positions
            for values with (modulus 3, remainder 0);
        create table public.second_third partition of public.vessel_positions
            for values with (modulus 3, remainder 1) partition by hash (id);
        create table public.second_even partition of public.second_third
            for values with (modulus 2, remainder 0);
        create table public.second_odd partition of public.second_third
            for values with (modulus 2, remainder 1);
        create table public.last_third partition of public.vessel_positions
            for values with (modulus 3, remainder 2);
        {_SPARE.format("last_third")};
        create view public.reports as select * from public.vessel_positions;
        create view public.registry as select * from public.vessels""",
        positions=(Positions(), Positions("public.reports")),
        fleets=(Fleet(), Fleet("public.registry")),
        position_key="id, timestamp",
        fleet_key="mmsi, active",
        spares=("spare_last_third",),
        own_changes=_moves("vessel_positions", "last_third", "with (modulus 3, remainder 2)"),
    ),
    Shape(
        "generated",
        _GENERATED.format(kind="stored"),
        positions=_GENERATED_POSITIONS,
        fleets=_GENERATED_FLEETS,
    ),
    Shape(
        "virtual",
        _GENERATED.format(kind="virtual"),
        positions=_GENERATED_POSITIONS,
        fleets=_GENERATED_FLEETS,
        from_version=18,
        by_definition=True,
    ),
    # The views have the usual names for the judge. Vessel activity reads the tables, without them.
    Shape(
        "mapped",
        """create table public."Vessel" (id bigint primary key, mmsi text not null unique, name text,
            kind text, flag text, in_service boolean);
        create table public."VesselPosition" (id bigint primary key, vessel integer,
            ts timestamptz(3), latitude double precision, longitude double precision, half numeric, course real);
        create view public.vessels as select id, mmsi, name, kind as "vesselType", flag,
            in_service as active from public."Vessel";
        create view public.vessel_positions as select id, vessel as "vesselId", ts as timestamp,
            latitude, longitude, half * 2.0 as speed, course from public."VesselPosition"
        """,
        positions=(Positions('public."VesselPosition"', "vessel", "ts", "half"),),
        fleets=(Fleet('public."Vessel"', "kind", "in_service"),),
        names=Names(
            'public."Vessel"',
            'public."VesselPosition"',
            "vesselType=kind,active=in_service,vesselId=vessel,timestamp=ts,speed=half*2",
        ),
    ),
    # A role without further rights owns everything. Its triggers change and drop rows, and write rows.
    Shape(
        "guarded",
        f"""create table public.vessels (id bigint primary key, {_COLUMNS});
        create unique index on public.vessels (name, (mmsi::integer % {LANES}));
        create table public.vessel_positions (id bigint primary key, "vesselId" bigint,
            timestamp timestamptz, {_REST.format("numeric")});
        create unique index on public.vessel_positions ("vesselId", timestamp, (id % {LANES}));
        create function public.guard_position() returns trigger language plpgsql as $$
        begin
          if tg_op = 'DELETE' then
            return case when old.speed = 7.3 then null else old end;
          end if;
          if new.speed = 33.333 then return null; end if;
          if new.speed > 50 then new.speed := null; end if;
          if new.speed = 0.1 then new.timestamp := new.timestamp - interval '1 hour'; end if;
          return new;
        end $$;
        create trigger guard before insert or update or delete on public.vessel_positions
          for each row execute function public.guard_position();
        create function public.echo_position() returns trigger language plpgsql as $$
        begin
          insert into public.vessel_positions (id, "vesselId", timestamp, speed)
          values (new.id + 100000 * {LANES}, new."vesselId", new.timestamp + interval '1 second', 5)
          on conflict do nothing;
          delete from public.vessel_positions as p where p.id = new.id - {LANES};
          return null;
        end $$;
        create trigger echo after insert or update on public.vessel_positions
          for each row when (new.speed = 12.4) execute function public.echo_position();
        create function public.guard_vessel() returns trigger language plpgsql as $$
        begin
          if tg_op = 'DELETE' then
            return case when old.flag = 'Unknown' then null else old end;
          end if;
          if new."vesselType" = 'Tanker' then return null; end if;
          if new.flag = 'a' then new.active := false; end if;
          new.flag := upper(new.flag);
          return new;
        end $$;
        create trigger guard before insert or update or delete on public.vessels
          for each row execute function public.guard_vessel()""",
        owner="captain",
    ),
)
SHAPES = tuple(shape for shape in ALL_SHAPES if shape.from_version <= builds.major())

_ROW = """r.active_now, r.active_last_hour, r.active_last_24h, r.total_vessels,
    r.positions_last_hour, r.vessel_types::text, r.top_flags::text, r.speed_avg, r.updated_at"""
_TRUTH = """t.as_of, t.newest_report, t.reports_last_minute, t.positions_ahead, t.timed_last_hour,
    t.late_last_hour"""
_GROUPS = """(
    select coalesce(json_agg(json_build_array(g.name, g.n) order by g.n desc, g.name collate "C"), '[]')
    from (
      select v.name, count(*) as n
      from (
        select case when btrim(s.name, E' \\t\\n\\r\\f\\v') = '' then 'Unknown' else s.name end as name
        from (select substr(coalesce({column}, ''), 1, 100) as name from public.vessels where active) as s
      ) as v
      group by v.name order by count(*) desc, v.name collate "C" limit 10
    ) as g)::text"""


def _plain(shape: Shape) -> str:
    """Write the eight queries of the requirements, bounded above, as one statement."""
    within = shape.utc + " between %(as_of)s - interval '{}' and %(as_of)s"
    seen = (
        '(select count(distinct p."vesselId") from public.vessel_positions as p where '
        + within
        + ")"
    )
    return f"""select {seen.format("5 minutes")}, {seen.format("1 hour")}, {seen.format("24 hours")},
      (select count(*) from public.vessels where active),
      (select count(*) from public.vessel_positions as p where {within.format("1 hour")}),
      {_GROUPS.format(column='"vesselType"')}, {_GROUPS.format(column="flag")},
      (select coalesce(round(avg(p.speed::numeric), 2), 0) from public.vessel_positions as p
        where {within.format("1 hour")} and p.speed > 0 and p.speed < 50),
      %(as_of)s::timestamptz"""


def _plain_reports(shape: Shape) -> str:
    """Write the last report of each vessel of 24 hours, and when it arrived, as plain queries."""
    return f"""
      with p as materialized (
        select p."vesselId"::text as vessel, {shape.utc} as at,
          nullif(p.speed::float8 * (p.speed between 0 and 102.2)::int, 'NaN') as speed,
          p.speed between 0 and 102.2 as knows_speed,
          case when abs(p.latitude) <= 90 then p.latitude + 0 end as latitude,
          case when abs(p.longitude) <= 180 then p.longitude + 0 end as longitude
        from public.vessel_positions as p
        where {shape.utc} between %(as_of)s - interval '25 hours' and %(as_of)s
          and p."vesselId" is not null
      )
      select distinct on (p.vessel) p.vessel, p.at, p.latitude, p.longitude,
        case when p.knows_speed then p.speed end,
        (
          select min(f.at) from p as f
          where f.vessel = p.vessel and f.at >= %(as_of)s - interval '1 hour'
            and not exists (
              select from p as b
              where b.vessel = f.vessel and b.at < f.at and b.at >= f.at - interval '24 hours'
            )
        )
      from p
      where p.at >= %(as_of)s - interval '24 hours'
      order by p.vessel, p.at desc, case when p.knows_speed then p.speed end desc nulls last,
        p.latitude desc nulls last, p.longitude desc nulls last"""


def replace_in_function(db: psycopg.Connection, function: str, replaced: dict[str, str]) -> str:
    """Replace texts in an installed function, each there once; return the original function."""
    row = db.execute(
        "select pg_get_functiondef(p.oid) from pg_proc as p "
        "where p.pronamespace = 'vessel_activity'::regnamespace and p.proname = %s",
        (function,),
    ).fetchone()
    assert row is not None
    original: str = row[0]
    text = original
    for old, new in replaced.items():
        assert text.count(old) == 1
        text = text.replace(old, new)
    db.execute(text.encode())
    return original


class Judged(NamedTuple):
    """One refresh that was right."""

    mode: str
    remark: str | None


class Sandbox:
    """One migrated database of a shape. Its tables can be emptied and its state reset."""

    def __init__(self, server: LocalServer, shape: Shape) -> None:
        """Create and migrate the database if the server lacks it."""
        self.server = server
        self.shape = shape
        with psycopg.connect(server.url(), autocommit=True) as admin:
            known = admin.execute("select from pg_database where datname = %s", (shape.name,))
            if known.rowcount:
                return
            for role in {shape.owner, "sailor"} - {"postgres"}:
                if not admin.execute("select from pg_roles where rolname = %s", (role,)).rowcount:
                    admin.execute(f"create role {role} login")
            admin.execute(f"create database {shape.name} owner {shape.owner}")
        with self.session(shape.owner) as connection:
            if shape.ddl:
                connection.execute(shape.ddl)
            migrate.migrate(self._url(shape.owner), names=shape.names)
            if shape.more:
                connection.execute(shape.more)
        written = {one.name for one in shape.positions} | {one.name for one in shape.fleets}
        written |= {f"public.{spare}" for spare in shape.spares}
        with self.session() as connection:
            connection.execute(
                f"grant select, insert, update, delete on {', '.join(written)} to sailor"
            )
            # One row in three checks the limit of the inbox, so that small limits are noticed.
            replace_in_function(connection, "take_inbox_ticket", {"4096": "2"})

    def _url(self, role: str) -> str:
        return self.server.url(self.shape.name).replace("postgres@", f"{role}@")

    def session(self, role: str = "postgres") -> psycopg.Connection:
        """Open a session in which waiting for a lock is an error."""
        return psycopg.connect(
            self._url(role),
            autocommit=True,
            options="-c lock_timeout=3s -c statement_timeout=30s",
        )

    def empty(self, db: psycopg.Connection) -> None:
        """Delete all rows so that the engine's state stays in use. No transaction may be open.

        The session is a superuser's. The user's triggers do not fire, since they keep some rows.
        """
        for (name,) in db.execute(
            "select gid from pg_prepared_xacts where database = current_database()"
        ).fetchall():
            db.execute(f"rollback prepared '{name}'")
        spares = "".join(f"delete from public.{spare};" for spare in self.shape.spares)
        db.execute(
            f"""
            set session_replication_role = replica;
            {self.shape.actual("delete from public.vessel_positions; delete from public.vessels;")}
            {spares}
            reset session_replication_role;
            update vessel_activity.settings set inbox_limit_bytes = default, state_limit_bytes = default;
            """
        )

    def reset(self, db: psycopg.Connection) -> datetime:
        """Empty everything, and return the server's clock. No transaction may be open."""
        for (brief,) in db.execute(
            "select oid::regclass::text from pg_class where relname ~ '^brief_' and relkind = 'r'"
        ).fetchall():
            db.execute(f"drop table {brief}")  # a schedule that failed has left it
        for (altered,) in db.execute(
            "select a.attrelid::regclass::text from pg_attribute as a"
            " join pg_class as c on c.oid = a.attrelid"
            " where a.attname = 'note' and a.attinhcount = 0 and c.relkind in ('r', 'p')"
            " and c.relname in ('vessels', 'vessel_positions', 'Vessel', 'VesselPosition')"
        ).fetchall():
            db.execute(f"alter table {altered} drop column note")  # or a session that was cancelled
        self.empty(db)
        (now,) = (
            db.execute(  # type: ignore[misc]
                f"""
            {self.shape.actual("truncate public.vessels, public.vessel_positions")};
            truncate vessel_activity.inbox, vessel_activity.fleet_inbox;
            delete from public.vessel_activity_realtime;
            delete from vessel_activity.refresh_log;
            delete from vessel_activity.history;
            delete from vessel_activity.history_hour;
            delete from vessel_activity.state;
            delete from vessel_activity.feed_truth;
            delete from vessel_activity.first_count;
            select from vessel_activity.install_triggers();
            select setval('vessel_activity.inbox_guard', 1);
            select clock_timestamp();
            """
            )
            .set_result(-1)
            .fetchone()
        )
        return now  # type: ignore[no-any-return]

    def refresh(
        self, db: psycopg.Connection, as_of: datetime, *, verify: bool = False
    ) -> list[Any]:
        """Refresh as of an instant and return the row."""
        row = db.execute(
            f"select {_ROW} from vessel_activity.refresh_at(%s, 'manual', %s) as r",
            (as_of, verify),
        ).fetchone()
        assert row is not None
        return _comparable(row)

    def stored(self, db: psycopg.Connection) -> list[Any]:
        """Return the cached row."""
        row = db.execute(f"select {_ROW} from public.vessel_activity_realtime as r").fetchone()
        assert row is not None
        return _comparable(row)

    def judge(self, db: psycopg.Connection, row: list[Any], as_of: datetime) -> None:
        """Compare a row with the definition and with the plain queries, in another session.

        Raises:
            Mismatch: they differ.

        """
        found = db.execute(
            f"select {_ROW} from public.vessel_activity_at(%(as_of)s) as r union all "
            + _plain(self.shape),
            {"as_of": as_of},
            prepare=True,
        ).fetchall()
        definition, plain = _comparable(found[0]), _comparable(found[1])
        if not row == definition == plain:
            raise Mismatch(f"refreshed  {row}\ndefinition {definition}\nplain      {plain}")

    def judge_feed(
        self, refresher: psycopg.Connection, db: psycopg.Connection, as_of: datetime
    ) -> None:
        """Compare the truth of the feed with the definition and with plain queries.

        refresher: the session of the refresh, which may not have committed. Also compares what the
        refresh has counted for those that come.

        Raises:
            Mismatch: they differ.

        """
        stored = refresher.execute(
            f"select {_TRUTH} from vessel_activity.feed_truth as t"
        ).fetchone()
        definition = db.execute(
            f"select {_TRUTH} from vessel_activity.feed_truth_at(%s) as t", (as_of,)
        ).fetchone()
        counts = {
            second: (reports, counted_at)
            for second, reports, counted_at in refresher.execute(
                "select second, reports, counted_at from vessel_activity.first_count"
            )
        }
        now = self._by_second(db, as_of)
        earlier = {second: n for second, (n, counted_at) in counts.items() if counted_at < as_of}
        hour_ago = as_of - timedelta(hours=1)
        timed = {s: n for s, n in now.items() if s in earlier and s >= hour_ago}
        late = sum(max(0, n - earlier[second]) for second, n in timed.items())
        row = db.execute(
            f"""select max({self.shape.utc}) filter (where {self.shape.utc} between 'epoch' and %(as_of)s),
              count(*) filter (where {self.shape.utc} between %(as_of)s - interval '1 minute' and %(as_of)s),
              count(*) filter (where {self.shape.utc} > %(as_of)s)
            from public.vessel_positions as p""",
            {"as_of": as_of},
        ).fetchone()
        assert row is not None
        plain = (as_of, *row, sum(timed.values()), late)
        if not stored == definition == plain:
            raise Mismatch(f"stored     {stored}\ndefinition {definition}\nplain      {plain}")

        # A whole second ends at least a minute before, and less than two minutes.
        last = (as_of - timedelta(seconds=61)).replace(microsecond=0)
        due = {last - timedelta(seconds=back) for back in range(60)}
        new = {second: n for second, (n, counted_at) in counts.items() if counted_at == as_of}
        expected = {second: now.get(second, 0) for second in due - earlier.keys()}
        if new != expected:
            raise Mismatch(f"counted for later  {new}\nplain              {expected}")
        if min(counts, default=as_of) < hour_ago:
            raise Mismatch("counts of seconds before the last hour are kept")

    def _by_second(self, db: psycopg.Connection, as_of: datetime) -> dict[datetime, int]:
        """Count the positions up to an instant by second."""
        return dict(
            db.execute(
                f"select date_trunc('second', {self.shape.utc}), count(*)"
                f" from public.vessel_positions as p"
                f" where {self.shape.utc} between %s - interval '2 hours' and %s group by 1",
                (as_of, as_of),
            ).fetchall()
        )

    def judge_reports(
        self, refresher: psycopg.Connection, judge: psycopg.Connection, as_of: datetime
    ) -> None:
        """Compare the last reports in the state with the definition and with a plain query.

        The state is read in the session that refreshed: its transaction may be open.

        Raises:
            Mismatch: they differ.

        """
        columns = "r.vessel_id::text, r.seen_at, r.latitude, r.longitude, r.speed"
        state = refresher.execute(
            f"""select {columns},
              case when r.arrived_at >= %(as_of)s - interval '1 hour' then r.arrived_at end
            from vessel_activity.last_report as r
            where r.seen_at >= %(as_of)s - interval '24 hours'""",
            {"as_of": as_of},
        ).fetchall()
        definition = judge.execute(
            f"select {columns}, r.arrived_at from vessel_activity.last_reports_at(%s) as r",
            (as_of,),
        ).fetchall()
        plain = judge.execute(_plain_reports(self.shape), {"as_of": as_of}).fetchall()
        if not sorted(state) == sorted(definition) == sorted(plain):
            raise Mismatch(f"reports    {state}\ndefinition {definition}\nplain      {plain}")

        # Whole spans only: the refresh looks up what is before the first second of 24 hours.
        lower = as_of - timedelta(hours=24)
        for seconds in (1, 60, 3600):
            counted = refresher.execute(
                "select c.starts_at, c.vessels from vessel_activity.last_report_count as c"
                " where c.seconds = %s and c.starts_at >= %s and c.vessels <> 0",
                (seconds, lower),
            ).fetchall()
            starts = (
                datetime.fromtimestamp(report[1].timestamp() // seconds * seconds, UTC)
                for report in plain
            )
            expected = Counter(start for start in starts if start >= lower)
            if dict(counted) != expected:
                raise Mismatch(f"counts by {seconds} s  {counted}\nplain  {expected}")

    def last_refresh(self, db: psycopg.Connection) -> Judged:
        """Return how the last refresh was done."""
        row = db.execute(
            "select mode, message from vessel_activity.refresh_log order by id desc limit 1"
        ).fetchone()
        assert row is not None
        return Judged(*row)


def _comparable(row: tuple[Any, ...]) -> list[Any]:
    """Bring types and flags into one form, lists of [name, count] in stored order."""
    types = [list(pair) for pair in json.loads(row[5], object_pairs_hook=list)]
    flags = [
        [one["flag"], one["count"]] if isinstance(one, dict) else list(one)
        for one in json.loads(row[6])
    ]
    return [*row[:5], types, flags, *row[7:]]
