# ruff: noqa: S311, S608 - nothing secret is drawn, and SQL is made of constants
"""Random schedules of writes by several sessions, with refreshes between them.

A schedule is a list of steps, each with its own seed. Any list of steps is a valid schedule, so a
failing one can be shortened by leaving steps out. A step that makes no sense at its place, such as
a commit without a begin, does nothing. Rows belong to lanes (id modulo 8), and each open or
prepared transaction has a lane for itself. Sessions therefore never wait for each other's row
locks, and a lock timeout is an error. Any writer may act as a role that owns nothing.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, NamedTuple

import psycopg

from tests.support import builds
from tests.support.sandbox import LANES, Mismatch, Sandbox
from tests.support.schedule_statements import (
    FRACTIONS,
    LATER_MERGE,
    POSITION_STATEMENTS,
    STEPS_AHEAD,
    TRUNCATES,
    Scene,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WRITERS = 4
ALLOWED_ERRORS = {
    "23503",  # a vessel that does not exist, under the foreign key
    "23505",  # an id that another transaction has committed meanwhile
    "23502",  # no vessel, though the column must have one
    "21000",  # one statement would change a row twice
    "40001",  # a repeatable-read writer meets a row that was changed after its snapshot
}
NO_PARTITION = "23514"  # no partition takes the row, while one is detached
WEIGHTS = {
    **dict.fromkeys(POSITION_STATEMENTS, 4),
    "insert": 10,
    "insert_many": 4,
    "merge_any": 8,
    "merge_fleet": 6,
    "delete": 6,
    "update": 8,
    "open": 9,
    "commit": 8,
    "rollback": 3,
    "savepoint": 4,
    "rollback_to": 3,
    "release": 1,
    "prepare": 2,
    "commit_prepared": 2,
    "rollback_prepared": 1,
    "replica": 1,
    "role": 3,
    "lock": 2,
    "alter": 2,
    "asleep": 2,
    "truncate": 1,
    "blind": 1,
    "come_and_go": 3,
    "refresh": 34,
    "held_refresh": 3,
    "verify": 2,
    "rebuild": 1,
    "maintain": 1,
    "inbox_limit": 1,
    "state_limit": 1,
}


class Step(NamedTuple):
    """One step: what, in which session, and the seed of its details."""

    what: str
    session: int
    seed: int


def random_schedule(random: Random, length: int, *, crashes: bool) -> list[Step]:
    """Draw a schedule. One in fifty at most has a crash, since a crash takes as long as fifty."""
    names, weights = list(WEIGHTS), list(WEIGHTS.values())
    steps = [
        Step(what, random.randrange(WRITERS), random.randrange(1 << 24))
        for what in random.choices(names, weights, k=length)
    ]
    if crashes and random.random() < 0.02:
        steps.insert(random.randrange(length), Step("crash", 0, 0))
    return steps


@dataclass
class Writer:
    """One writing session and the transaction it has open."""

    number: int
    db: psycopg.Connection
    lane: int | None = None
    savepoints: list[str] = field(default_factory=list)

    @property
    def busy(self) -> bool:
        """Whether a transaction is open."""
        return self.lane is not None


class Run:
    """Plays schedules in one sandbox and judges every refresh."""

    def __init__(self, sandbox: Sandbox) -> None:
        """Open the sessions."""
        self.sandbox = sandbox
        self.script: list[str] = []
        self.as_of = self.next = datetime.min.replace(tzinfo=UTC)
        self.modes: Counter[str] = Counter()
        self.steps = 0
        self._sleeper: psycopg.Connection | None = None
        self._connect()

    def _connect(self) -> None:
        self.writers = [Writer(number, self.sandbox.session()) for number in range(WRITERS)]
        self.writers[1].db.execute("set timezone = 'America/New_York'")
        self.refresher = self.sandbox.session(self.sandbox.shape.owner)
        self.judge = self.sandbox.session()
        for one in (*(writer.db for writer in self.writers), self.refresher):
            one.execute("set synchronous_commit = off")

    def reconnect(self) -> None:
        """Open the sessions anew after a crash of the server."""
        self.close()
        self._connect()

    def close(self) -> None:
        """Close the sessions."""
        self._wake()
        for one in (*(writer.db for writer in self.writers), self.refresher, self.judge):
            one.close()

    def play(self, schedule: Sequence[Step], *, anew: bool = True) -> None:
        """Play a schedule from empty tables; without `anew`, the engine's state and time go on.

        Raises:
            Mismatch: a refreshed row was wrong; the note has the schedule as SQL.

        """
        self.script = []
        try:
            self._set_out(Random(schedule[0].seed if schedule else 0), anew=anew)
            for number, step in enumerate(schedule):
                self.steps += 1
                self._play(step, number)
            self._refresh(self.writers[0], Random(0), 0)
        except (Mismatch, psycopg.Error) as error:
            error.add_note(f"-- {self.sandbox.shape.name}\n" + "\n".join(self.script))
            raise

    def _set_out(self, random: Random, *, anew: bool) -> None:
        for writer in self.writers:
            if writer.db.info.transaction_status != psycopg.pq.TransactionStatus.IDLE:
                writer.db.execute("rollback")
            writer.lane = None
            writer.savepoints.clear()
            writer.db.execute(
                "reset role; set session_replication_role = origin; select setseed(0.5)"
            )
        if self._held:
            self.refresher.execute("rollback")
        self.prepared: dict[str, int] = {}
        # The first schedule has no time that could go on.
        anew = anew or self.as_of == datetime.min.replace(tzinfo=UTC)
        now = self.sandbox.reset(self.judge) if anew else self.as_of
        if not anew:
            self.sandbox.empty(self.judge)
        self.as_of = now.replace(microsecond=random.choice(FRACTIONS)) + timedelta(seconds=90)
        self.next = self.as_of + random.choice(STEPS_AHEAD)
        self.scene = Scene(self.sandbox.shape)
        self.script.append(f"-- refreshes begin at {self.as_of}")
        shape = self.sandbox.shape
        if shape.cascades or random.random() < 0.5:
            fleet = shape.fleets[0]
            vessels = ", ".join(
                f"({shape.vessel(v)}, '{v}', {'true' if shape.cascades or v % 3 else 'false'})"
                for v in range(3 * LANES)
            )
            self._execute(
                self.refresher,
                f"insert into {fleet.name} (id, mmsi, {fleet.active}) values {vessels}",
            )
        self._judged_refresh(self.as_of, verify=False)

    @property
    def _held(self) -> bool:
        return self.refresher.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    @property
    def _quiet(self) -> bool:
        """Whether no session holds a lock on the source tables."""
        return not (self._held or self.prepared or any(writer.busy for writer in self.writers))

    def _execute(self, db: psycopg.Connection, statement: str) -> None:
        statement = self.sandbox.shape.actual(statement)
        who = next((f"writer {w.number}" for w in self.writers if w.db is db), "another session")
        if db is self.refresher:
            who = "refresher"
        self.script.append(f"/* {who} */ {statement};")
        db.execute(statement)

    def _play(self, step: Step, number: int) -> None:
        random = Random(step.seed)
        writer = self.writers[step.session]
        if step.what in POSITION_STATEMENTS:
            self._write(writer, step.what, random)
        else:
            getattr(self, f"_{step.what}")(writer, random, number)

    # Writers

    def _write(self, writer: Writer, what: str, random: Random, *also_allowed: str) -> None:
        lane = writer.lane if writer.lane is not None else self._free_lane(random)
        self.scene.aim(lane, self.as_of, self.next)
        for statement, rows in POSITION_STATEMENTS[what](self.scene, random):
            try:
                if rows is None:
                    if what.startswith("merge"):
                        self._run_somehow(writer, random, statement)
                    else:
                        self._execute(writer.db, statement)
                    continue
                self.script.append(f"/* writer {writer.number} */ {statement}:\n" + "\n".join(rows))
                with writer.db.cursor().copy(statement) as copy:
                    copy.write("".join(row + "\n" for row in rows))
            except psycopg.Error as error:
                if error.sqlstate not in {*ALLOWED_ERRORS, *also_allowed}:
                    raise
                self.script.append(f"-- {error.sqlstate}")
                self._end(writer, "rollback")
                return

    def _run_somehow(self, writer: Writer, random: Random, merge: str) -> None:
        """Run a MERGE in one of the ways in which PostgreSQL can be told to run a statement."""
        ways = ["sent"] * 4 + ["beside", "extended", "block", "text", "prepared", "function"]
        if builds.major() >= LATER_MERGE:
            ways.append("with")
        how = random.choice(ways)
        if random.random() < 0.3:
            merge = merge.replace("merge into", "MERGE\n  /* for a reason */ INTO", 1)
        if how == "extended":
            self.script.append(f"/* writer {writer.number}, prepared by the client */ {merge};")
            writer.db.execute(merge, prepare=True)
        elif how == "prepared":
            # The last one failed, and no crash has ended the session since.
            if writer.db.execute(
                "select 1 from pg_prepared_statements where name = 'changes'"
            ).fetchone():
                self._execute(writer.db, "deallocate changes")
            self._execute(writer.db, f"prepare changes as {merge}")
            self._execute(writer.db, "execute changes")
            self._execute(writer.db, "deallocate changes")
        elif how == "function":
            body = random.choice([f"as $f$ {merge} $f$", f"begin atomic {merge}; end"])
            # Each has a name of its own: in an open transaction, a writer may not know yet that
            # another session has dropped the last one.
            name = f"public.changes_{len(self.script)}()"
            self._execute(self.judge, f"create function {name} returns void language sql {body}")
            try:
                self._execute(writer.db, f"select {name}")
            finally:
                self._execute(self.judge, f"drop function {name}")
        else:
            self._execute(
                writer.db,
                {
                    "sent": merge,
                    "beside": f"select 1; {merge}",
                    "block": f"do $do$ begin {merge}; end $do$",
                    "text": f"do $do$ begin execute '{merge[:3]}' || $q${merge[3:]}$q$; end $do$",
                    "with": f"with merged as ({merge} returning 1) select count(*) from merged",
                }[how],
            )

    def _free_lane(self, random: Random) -> int:
        taken = {writer.lane for writer in self.writers} | set(self.prepared.values())
        return random.choice([lane for lane in range(LANES) if lane not in taken])

    def _open(self, writer: Writer, random: Random, _: int) -> None:
        if writer.busy:
            return
        writer.lane = self._free_lane(random)
        level = random.choice(["", "", "", " isolation level repeatable read"])
        self._execute(writer.db, f"begin{level}")
        if level:
            self._execute(writer.db, "select")

    def _end(self, writer: Writer, how: str) -> None:
        if writer.busy:
            self._execute(writer.db, how)
        writer.lane = None
        writer.savepoints.clear()

    def _commit(self, writer: Writer, _: Random, __: int) -> None:
        self._end(writer, "commit")

    def _rollback(self, writer: Writer, _: Random, __: int) -> None:
        self._end(writer, "rollback")

    def _savepoint(self, writer: Writer, _: Random, number: int) -> None:
        if writer.busy:
            writer.savepoints.append(f"s{number}")
            self._execute(writer.db, f"savepoint s{number}")

    def _rollback_to(self, writer: Writer, random: Random, _: int) -> None:
        if writer.savepoints:
            kept = random.randrange(len(writer.savepoints)) + 1
            del writer.savepoints[kept:]
            self._execute(writer.db, f"rollback to {writer.savepoints[-1]}")

    def _release(self, writer: Writer, _: Random, __: int) -> None:
        if writer.savepoints:
            self._execute(writer.db, f"release {writer.savepoints.pop()}")

    def _prepare(self, writer: Writer, _: Random, number: int) -> None:
        if writer.lane is not None and len(self.prepared) < 2:
            name = f"{self.sandbox.shape.name}_{number}"  # the name is known to the whole server
            self.prepared[name] = writer.lane
            self._end(writer, f"prepare transaction '{name}'")

    def _commit_prepared(self, writer: Writer, random: Random, _: int) -> None:
        self._resolve(writer, random, "commit")

    def _rollback_prepared(self, writer: Writer, random: Random, _: int) -> None:
        self._resolve(writer, random, "rollback")

    def _resolve(self, writer: Writer, random: Random, how: str) -> None:
        if self.prepared and not writer.busy:
            self._as_superuser(writer)
            name = random.choice(sorted(self.prepared))
            self._execute(writer.db, f"{how} prepared '{name}'")
            del self.prepared[name]

    def _replica(self, writer: Writer, random: Random, _: int) -> None:
        role = random.choice(["replica", "origin"])
        self._as_superuser(writer)
        self._execute(writer.db, f"set session_replication_role = {role}")

    def _role(self, writer: Writer, random: Random, _: int) -> None:
        """Write as a role that may write the source tables and do nothing else, or no longer."""
        self._execute(writer.db, random.choice(["set role sailor", "reset role"]))

    def _as_superuser(self, writer: Writer) -> None:
        self._execute(writer.db, "reset role")

    def _truncate(self, writer: Writer, random: Random, _: int) -> None:
        if not self._quiet:
            return
        self._as_superuser(writer)
        for statement in random.choice(TRUNCATES):
            if statement == "write":
                self.scene.aim(0, self.as_of, self.next)
                (insert, _rows) = next(iter(POSITION_STATEMENTS["insert"](self.scene, random)))
                try:
                    self._execute(writer.db, insert)
                except psycopg.Error as error:
                    if error.sqlstate not in ALLOWED_ERRORS:
                        raise
                    self._execute(writer.db, "rollback")
                    return
            else:
                self._execute(writer.db, statement)

    def _blind(self, writer: Writer, random: Random, number: int) -> None:
        """Write while a trigger is disabled."""
        if not self._quiet or self.sandbox.shape.by_definition:
            return
        self._as_superuser(writer)
        self._execute(self.refresher, "select vessel_activity.maintain()")  # after a swap
        table = random.choice(["vessels", "vessel_positions"])
        trigger = f"vessel_activity_{random.choice(['inserted', 'updated', 'deleted'])}"
        self._execute(writer.db, f"alter table public.{table} disable trigger {trigger}")
        for _ in range(2):
            self._write(writer, random.choice(["insert", "update", "delete", "vessels"]), random)
        if random.random() < 0.5:
            self._refresh(writer, random, number)
            self._write(writer, "insert", random)
        if random.random() < 0.2:
            self._execute(writer.db, f"alter table public.{table} enable trigger {trigger}")
            self._refresh(writer, random, number)
        self._execute(writer.db, f"alter table public.{table} enable trigger {trigger}")
        self._write(writer, "insert", Random(number))

    def _come_and_go(self, writer: Writer, random: Random, number: int) -> None:
        """Write into a new partition and mostly remove it before the next refresh."""
        if not (self.sandbox.shape.partitioned and self._quiet):
            return
        self._as_superuser(writer)
        partition, parent = f"public.brief_{number}", "public.vessel_positions"
        at_once = random.random() < 0.5
        self.scene.aim(0, self.as_of, self.next)
        rows = [self.scene.row(random, 1_000_000 + row) for row in range(random.randint(1, 3))]
        statements = [
            (
                f"create table {partition} partition of {parent}"
                " for values from (1000000) to (2000000)"
            ),
            f'insert into {parent} (id, "vesselId", timestamp, speed) values {", ".join(rows)}',
            random.choice(["select", f"update {parent} set speed = 5 where id = 1000000"]),
            random.choice([f"alter table {parent} detach partition {partition}", "select"]),
            f"drop table {partition}",
        ]
        for statement in ["begin", *statements, "commit"] if at_once else statements:
            self._execute(writer.db, statement)
            if not at_once and random.random() < 0.1:
                self._refresh(writer, random, number)

    def _lock(self, writer: Writer, random: Random, number: int) -> None:
        """Refresh while a writer holds a lock that shuts out all other writers."""
        if not self._quiet:
            return
        self._as_superuser(writer)
        self._open(writer, random, number)
        tables = random.choice(
            ["public.vessel_positions", "public.vessels, public.vessel_positions"]
        )
        mode = random.choice(["share row exclusive", "exclusive"])
        self._execute(writer.db, f"lock table {tables} in {mode} mode")
        for _ in range(random.randint(1, 3)):
            self._write(writer, random.choice(["insert", "update", "delete"]), random)
            what = random.choice([self._refresh, self._refresh, self._maintain, self._verify])
            what(writer, random, number)
        self._end(writer, random.choice(["commit", "commit", "rollback"]))

    def _alter(self, writer: Writer, random: Random, number: int) -> None:
        """Change the structure of the source tables, with writes and refreshes meanwhile."""
        if self._quiet:
            self._as_superuser(writer)
            self._change(writer, random, number)
            if random.random() < 0.5:
                self._execute(self.refresher, "select vessel_activity.maintain()")

    def _change(self, writer: Writer, random: Random, number: int) -> None:
        """Make one change. If something is wrong on the way, finish it before that is raised."""
        todo = deque(random.choice(self.sandbox.shape.changes))
        at_once = random.random() < 0.3 and not any("vacuum" in one for one in todo)
        if at_once:
            writer.lane = self._free_lane(random)
            self._execute(writer.db, "begin")
        try:
            while todo:
                self._go_on(writer, random, todo.popleft(), at_once=at_once)
                if not at_once and random.random() < 0.25:
                    self._refresh(writer, random, number)
                if not at_once and random.random() < 0.1:
                    self._execute(self.refresher, "select vessel_activity.maintain()")
        except (Mismatch, psycopg.Error):
            self._wake()
            if at_once:
                writer.db.execute("rollback")
            else:
                for statement in todo:
                    if statement != "write":
                        writer.db.execute(statement)
            raise
        self._end(writer, random.choice(["commit", "commit", "rollback"]))

    def _go_on(self, writer: Writer, random: Random, statement: str, *, at_once: bool) -> None:
        """Do one statement of a change; `write` stands for a few writes."""
        if at_once and not writer.busy:
            return  # a write failed, and everything was rolled back
        if statement != "write":
            self._execute(writer.db, statement)
            return
        for _ in range(random.randint(1, 2)):
            kinds = ["insert", "insert", "update", "delete", "conflict_nothing", "vessels"]
            self._write(writer, random.choice(kinds), random, NO_PARTITION)
            if at_once and not writer.busy:
                return

    def _asleep(self, writer: Writer, random: Random, number: int) -> None:
        """Write, alter and refresh while the procedure of the pg_cron job sleeps."""
        if not self._quiet:
            return
        self._as_superuser(writer)
        parts: list[Callable[[], None]] = [
            lambda: self._change(writer, random, number),
            lambda: self._come_and_go(writer, random, number),
            lambda: self._truncate(writer, random, number),
            lambda: self._write(writer, random.choice(list(POSITION_STATEMENTS)), random),
            lambda: self._verify(writer, random, number),
        ]
        with self._asleep_meanwhile():
            for part in random.choices(parts, [4, 2, 1, 3, 1], k=random.randint(1, 3)):
                part()
            self._refresh(writer, random, number)
            self._check_sleeper()

    @contextmanager
    def _asleep_meanwhile(self) -> Iterator[None]:
        """Let the procedure refresh, and let it sleep until the block ends."""
        # The row is as of an instant to come. Without it, a refresh is due.
        self._execute(self.judge, "delete from public.vessel_activity_realtime")
        self._sleeper = self.sandbox.session(self.sandbox.shape.owner)
        self._sleeper.execute("set statement_timeout = 0")  # the procedure ends before a timeout
        self.script.append("/* sleeper */ call vessel_activity.scheduled_refresh(60);")
        try:
            self._sleeper.pgconn.send_query(b"call vessel_activity.scheduled_refresh(60)")
            deadline = time.monotonic() + 20
            while not self._sleeps():
                if time.monotonic() > deadline:
                    raise Mismatch("the procedure of the pg_cron job does not sleep")
                time.sleep(0.002)
            self._check_sleeper()
            for one in self.writers:
                one.db.execute("set lock_timeout = '1s'")
            yield
        finally:
            self._wake()
            for one in self.writers:
                one.db.execute("set lock_timeout = '3s'")

    def _sleeps(self) -> bool:
        assert self._sleeper is not None
        return (
            self.judge.execute(
                "select from pg_stat_activity where pid = %s and wait_event = 'PgSleep'",
                (self._sleeper.info.backend_pid,),
            ).rowcount
            == 1
        )

    def _check_sleeper(self) -> None:
        """Check that the sleeping procedure holds no lock that others could wait for."""
        assert self._sleeper is not None
        held = self.judge.execute(
            "select locktype, relation::regclass::text, mode from pg_locks "
            "where pid = %s and locktype = 'relation'",
            (self._sleeper.info.backend_pid,),
        ).fetchall()
        if held and self._sleeps():
            raise Mismatch(f"the procedure of the pg_cron job sleeps with locks: {held}")

    def _wake(self) -> None:
        """End the procedure, so that it holds no lock any more."""
        if self._sleeper is not None:
            self.script.append("-- the sleeper is cancelled")
            with suppress(psycopg.Error):
                self._sleeper.cancel_safe()
                while self._sleeper.pgconn.get_result() is not None:
                    pass
            self._sleeper.close()
            self._sleeper = None

    # Refreshes

    def _refresh(self, _: Writer, random: Random, __: int) -> None:
        self._let_go(random)
        self._judged_refresh(self.next, verify=False)

    def _judged_refresh(self, as_of: datetime, *, verify: bool) -> None:
        self.script.append(
            f"/* refresher */ select vessel_activity.refresh_at('{as_of}', 'manual', {verify});"
        )
        row = self.sandbox.refresh(self.refresher, as_of, verify=verify)
        done = self.sandbox.last_refresh(self.refresher)
        self.sandbox.judge(self.judge, row, as_of)
        self.sandbox.judge_feed(self.refresher, self.judge, as_of)
        if done.mode != "definition":  # otherwise the state is not kept up to date
            self.sandbox.judge_reports(self.refresher, self.judge, as_of)
        self.script.append(f"-- {done.mode} {done.remark or ''}")
        self.modes[done.mode] += 1
        if done.remark == "the state differed from the definition":
            raise Mismatch("a verification found the state wrong")
        if not self._held and self.sandbox.stored(self.judge) != row:
            raise Mismatch("the stored row is not the one returned")
        self.as_of = as_of
        self.next = as_of + Random(f"{as_of}").choice(STEPS_AHEAD)

    def _let_go(self, random: Random) -> None:
        """End the transaction of a refresh that was held open."""
        if self._held:
            self._execute(self.refresher, random.choice(["commit", "rollback"]))

    def _held_refresh(self, _: Writer, random: Random, __: int) -> None:
        """Refresh, and keep the transaction open until the next refresh."""
        self._let_go(random)
        self._execute(self.refresher, "begin")
        self._judged_refresh(self.next, verify=False)

    def _verify(self, _: Writer, random: Random, __: int) -> None:
        self._let_go(random)
        self._judged_refresh(self.next, verify=True)

    def _rebuild(self, _: Writer, random: Random, __: int) -> None:
        self._let_go(random)
        self._execute(self.refresher, "select public.vessel_activity_rebuild()")

    def _maintain(self, _: Writer, random: Random, __: int) -> None:
        self._let_go(random)
        self._execute(self.refresher, "select vessel_activity.maintain()")

    def _inbox_limit(self, _: Writer, random: Random, __: int) -> None:
        self._limit(random, "inbox_limit_bytes")

    def _state_limit(self, _: Writer, random: Random, __: int) -> None:
        self._limit(random, "state_limit_bytes")

    def _limit(self, random: Random, which: str) -> None:
        self._let_go(random)
        limit = random.choice(["0", "8192", "default", "default"])
        self._execute(self.refresher, f"update vessel_activity.settings set {which} = {limit}")

    def _crash(self, *_: object) -> None:
        self.script.append("-- crash")
        self.sandbox.server.stop("immediate")
        self.sandbox.server.start()
        self.reconnect()


def shortened(run: Run, schedule: Sequence[Step]) -> tuple[list[Step], Mismatch | psycopg.Error]:
    """Leave out steps of a failing schedule while it goes on failing; return it and its error."""
    kept, error = list(schedule), _failure(run, schedule)
    size = len(kept) // 2
    while size:
        for first in range(len(kept) - size, -1, -size):
            fewer = kept[:first] + kept[first + size :]
            failure = _failure(run, fewer)
            if failure is not None:
                kept, error = fewer, failure
        size //= 2
    return kept, error or Mismatch("it did not happen again")


def _failure(run: Run, schedule: Sequence[Step]) -> Mismatch | psycopg.Error | None:
    try:
        run.play(schedule)
    except (Mismatch, psycopg.Error) as error:
        return error
    return None
