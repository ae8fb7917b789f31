# ruff: noqa: S311 - nothing secret is drawn
"""Random schedules on three databases, of which two are members of the third.

One member is on a server of its own, which is killed and started again. After each refresh with
all members there, the row equals plain SQL over the rows of the three. Otherwise it stays as it is.
"""

from __future__ import annotations

from contextlib import ExitStack
from random import Random
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.support.fleet import AS_OF, SECOND, Figures, stored
from tests.support.members import UNION, away, check, databases, figures_of_union, join

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from vessel_activity.database.local_server import LocalServer

pytestmark = pytest.mark.slow
NAMES = ("combiner", "north", "south")
MEMBERS = NAMES[1:]
STEPS = 90
WEIGHTS = {
    "insert": 10,
    "update": 5,
    "delete": 4,
    "vessels": 5,
    "truncate": 1,
    "open": 6,
    "commit": 6,
    "rollback": 2,
    "prepare": 3,
    "resolve": 3,
    "own_refresh": 3,
    "kill": 2,
    "start": 9,
    "send_away": 1,
    "let_in": 6,
    "cut": 3,
    "reconnect": 1,
    "verify": 2,
    "refresh": 30,
}


class Site:
    """One database: a session that commits at once, and one with an open transaction.

    The two write different vessels, so that neither waits for the other.
    """

    def __init__(self, place: int, url: str) -> None:
        self.place = place
        self.url = url
        self.connect()
        self.is_prepared = False

    def connect(self) -> None:
        """Open the two sessions."""
        self.session = psycopg.connect(self.url, autocommit=True)
        self.writer = psycopg.connect(self.url, autocommit=True)
        for session in (self.session, self.writer):
            session.execute("set lock_timeout = '5s'")

    @property
    def is_open(self) -> bool:
        """Whether a transaction is open."""
        return self.writer.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    def write(self, what: str, random: Random, as_of: datetime) -> None:
        """Run one random statement, in the open transaction or not."""
        in_doubt = self.is_open and random.random() < 0.6
        session = self.writer if in_doubt else self.session
        vessel = 100 * self.place + 2 * random.randrange(6) + in_doubt
        ago = random.choice([-4000, -9, 0, 1, 299, 301, 3599, 3601, 86_395, 86_405]) * SECOND
        arguments = {
            "vessel": vessel,
            "at": as_of - ago,
            "speed": random.choice([None, 0, 0.1, 7.3, 49.9, 50]),
            "type": random.choice(["Cargo", "Tug", None]),
            "flag": random.choice(["NO", "PA", None]),
            "active": random.random() < 0.8,
        }
        session.execute(
            {
                "insert": 'insert into public.vessel_positions ("vesselId", timestamp, speed)'
                " select %(vessel)s, %(at)s::timestamptz - n * interval '1 s', %(speed)s"
                " from generate_series(0, 2) as n",
                "update": "update public.vessel_positions set timestamp = %(at)s, speed = %(speed)s"
                " where ctid = (select ctid from public.vessel_positions"
                ' where "vesselId" = %(vessel)s order by timestamp desc limit 1)',
                "delete": 'delete from public.vessel_positions where "vesselId" = %(vessel)s'
                " and timestamp > %(at)s",
                "vessels": "insert into public.vessels"
                ' (id, mmsi, "vesselType", flag, active)'
                " values (%(vessel)s, %(vessel)s, %(type)s, %(flag)s, %(active)s)"
                " on conflict (id) do update set flag = %(flag)s, active = %(active)s",
            }[what].encode(),
            arguments,
        )

    def end_or_begin(self, what: str, random: Random, as_of: datetime) -> None:
        """Begin or end a transaction, or do what concerns the whole database."""
        name = NAMES[self.place]
        is_idle = not self.is_open and not self.is_prepared
        if what == "open" and is_idle:
            self.writer.execute("begin")
            self.write("insert", random, as_of)
        elif what in {"commit", "rollback"} and self.is_open:
            self.writer.execute(what.encode())
        elif what == "prepare" and self.is_open:
            self.writer.execute(f"prepare transaction '{name}'".encode())
            self.is_prepared = True
        elif what == "resolve" and self.is_prepared:
            how = random.choice(["commit", "rollback"])
            self.session.execute(f"{how} prepared '{name}'".encode())
            self.is_prepared = False
        elif what == "truncate" and is_idle:
            self.session.execute("truncate public.vessel_positions")
        elif what == "own_refresh":
            _refresh(self.session, as_of + random.randrange(3) * SECOND)
        elif what == "cut":
            self.session.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where application_name = 'vessel_activity combiner'"
            )

    def close(self) -> None:
        """Close the two sessions."""
        self.session.close()
        self.writer.close()


class Run:
    """The three databases, and what a schedule has done to them."""

    def __init__(
        self, opened: dict[str, psycopg.Connection], far: str, server: LocalServer
    ) -> None:
        self.opened = opened
        self.server = server
        self.combiner = opened["combiner"]
        self.sites = {
            name: Site(place, far if name == "north" else _url(opened[name]))
            for place, name in enumerate(NAMES)
        }
        self.as_of = AS_OF
        self.before: Figures | None = None
        self.gone: dict[str, ExitStack] = {}
        self.judged = {True: 0, False: 0}

    def play(self, what: str, random: Random) -> None:
        """Play one step; one that makes no sense at its place does nothing."""
        name = random.choice([name for name in NAMES if name not in self.gone])
        if what in {"insert", "update", "delete", "vessels"}:
            self.sites[name].write(what, random, self.as_of)
        elif what in {"refresh", "verify"}:
            self.as_of += random.choice([1, 2, 31, 60, 301, 3600]) * SECOND
            _refresh(self.combiner, self.as_of, verify=what == "verify")
            self.judge()
        elif what in {"kill", "send_away", "start", "let_in"}:
            self.break_or_mend(what)
        elif what == "reconnect":
            self.combiner.execute(
                "select dblink_disconnect(c) from unnest(dblink_get_connections()) as c"
            )
        else:
            self.sites[name].end_or_begin(what, random, self.as_of)

    def break_or_mend(self, what: str) -> None:
        """Kill or start one member, or let nobody into the other."""
        if what in {"start", "let_in"}:
            self.come_back("north" if what == "start" else "south")
        elif what == "kill" and "north" not in self.gone:
            self.sites["north"].close()
            self.server.stop("immediate")
            self.gone["north"] = ExitStack()
            self.gone["north"].callback(self._start)
        elif what == "send_away" and "south" not in self.gone:
            self.gone["south"] = ExitStack()
            self.gone["south"].enter_context(away(self.opened, "south"))

    def _start(self) -> None:
        self.server.start()
        self.sites["north"].connect()

    def come_back(self, name: str) -> None:
        """Let a member answer again."""
        if name in self.gone:
            self.gone.pop(name).close()

    def judge(self) -> None:
        """Compare the row with plain SQL, or see that it has stayed as it was."""
        row = stored(self.combiner)
        self.judged[not self.gone] += 1
        if self.gone:
            assert row == self.before
            log = self.combiner.execute(
                "select message from vessel_activity.refresh_log order by id desc limit 1"
            ).fetchone()
            assert log is not None
            for name in MEMBERS:
                assert check(self.combiner, name)[0] == ("fail" if name in self.gone else "ok")
                assert (f"{name} (" in log[0]) == (name in self.gone)
            return
        self.combiner.execute("truncate ship, report")
        for site in self.sites.values():
            for table, query in (
                ("ship", 'select id, mmsi, "vesselType", flag, active from public.vessels'),
                ("report", 'select "vesselId", timestamp, speed from public.vessel_positions'),
            ):
                rows = site.session.execute(query.encode()).fetchall()
                with self.combiner.cursor().copy(f"copy {table} from stdin".encode()) as copy:
                    for values in rows:
                        copy.write_row((site.place, *values))
        self.combiner.execute(
            "update ship set kind = coalesce(kind, 'Unknown'), flag = coalesce(flag, 'Unknown')"
        )
        assert row == figures_of_union(self.combiner, self.as_of)
        self.before = row


def _url(session: psycopg.Connection) -> str:
    return psycopg.conninfo.make_conninfo(
        host=session.info.host, port=session.info.port, dbname=session.info.dbname, user="postgres"
    )


def _refresh(session: psycopg.Connection, as_of: datetime, *, verify: bool = False) -> None:
    session.execute("select vessel_activity.refresh_at(%s, 'manual', %s)", (as_of, verify))


@pytest.fixture
def run(
    server: LocalServer, template: str, breakable: LocalServer, breakable_url: str
) -> Iterator[Run]:
    """Give a combining database with one member on the same server and one on another."""
    with databases(server, template, ["combiner", "south"]) as opened:
        run = Run(opened, breakable_url, breakable)
        combiner = opened["combiner"]
        combiner.execute(UNION)
        combiner.execute(
            "set client_min_messages = error;"
            " update vessel_activity.settings set member_timeout = '20 seconds'"
        )
        with psycopg.connect(breakable_url) as north:
            join(combiner, "north", north)
        join(combiner, "south", opened["south"])
        run.play("refresh", Random(0))
        yield run
        for name in list(run.gone):
            run.come_back(name)
        for site in run.sites.values():
            if site.is_prepared:
                site.session.execute(f"rollback prepared '{NAMES[site.place]}'".encode())
            site.close()


@pytest.mark.parametrize("seed", range(3))
def test_each_refresh_of_a_random_schedule_is_of_all_members_or_changes_nothing(
    run: Run, seed: int
) -> None:
    random = Random(seed)
    for what in random.choices(list(WEIGHTS), list(WEIGHTS.values()), k=STEPS):
        run.play(what, random)
    for name in list(run.gone):
        run.come_back(name)
    run.play("refresh", random)

    assert run.judged[True] > 8
    assert run.judged[False] > 2
