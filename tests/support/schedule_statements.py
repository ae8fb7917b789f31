# ruff: noqa: E501, ISC004, S608 - SQL texts, made of constants and numbers
"""Writes the SQL statements of random schedules, for instants at the edges of the windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.support import builds
from tests.support.sandbox import LANES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tests.support.sandbox import Fleet, Positions, Shape

    Statement = tuple[str, list[str] | None]

_MICROSECOND = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_WINDOWS = (timedelta(0), _MINUTE, 2 * _MINUTE, 5 * _MINUTE, _HOUR, 24 * _HOUR)
_ASIDE = (timedelta(0), _MICROSECOND, -_MICROSECOND, _SECOND, -_SECOND)
_ELSEWHERE = (
    12 * _SECOND, 4 * _MINUTE, 30 * _MINUTE, 59 * _MINUTE, 3 * _HOUR, 25 * _HOUR, 26 * _HOUR,
    40 * 24 * _HOUR, -10 * _SECOND, -10 * _MINUTE, -59 * _MINUTE, -_HOUR, -_HOUR - _MICROSECOND,
    -2 * _HOUR, -25 * _HOUR,
)  # fmt: skip
FRACTIONS = (0, 1, 250_000, 999_999)
STEPS_AHEAD = (
    _MICROSECOND, _MICROSECOND, 250_000 * _MICROSECOND, 999_999 * _MICROSECOND, _SECOND, _SECOND,
    10 * _SECOND, 30 * _SECOND, 30 * _SECOND, 5 * _MINUTE, 5 * _MINUTE + _MICROSECOND, 20 * _MINUTE,
    _HOUR, _HOUR, _HOUR + _MICROSECOND, 3 * _HOUR, 24 * _HOUR, 26 * _HOUR,
)  # fmt: skip
_SPEEDS = (
    "null", "'NaN'", "0.0", "-1.5", "0.1", "7.3", "12.4", "12.4", "33.333", "49.999", "50.0", "50.1",
    "102.3", "0.0001",
)  # fmt: skip
_LATITUDES = ("null", "0", "-0.0", "59.9", "60", "60", "'NaN'", "91", "-90")
_GROUPS = (
    "null", "''", "' '", "'Unknown'", "'Cargo'", "'Tanker'", "' Cargo'", "'é'", "'__proto__'",
    # Names that agree in the 100 characters that count.
    f"'{'long ' * 20}'", f"'{'long ' * 20}one'",
    *(f"'{letter}'" for letter in "abcdefg"),
)  # fmt: skip
# The first version of PostgreSQL whose MERGE writes through views, and knows NOT MATCHED BY SOURCE.
LATER_MERGE = 17
_TABLES = "public.vessel_positions, public.vessels"
TRUNCATES = (
    ["truncate public.vessel_positions"],
    ["truncate public.vessels cascade"],
    [f"truncate {_TABLES}"],
    ["begin", "truncate public.vessel_positions", "write", "commit"],
    ["begin", f"truncate {_TABLES}", "rollback"],
    [
        "begin",
        "write",
        "savepoint t",
        "truncate public.vessel_positions",
        "rollback to t",
        "commit",
    ],
)


class Scene:
    """The subject of a statement: the rows of one lane, near the instant of the next refresh."""

    def __init__(self, shape: Shape) -> None:
        """Begin with no positions."""
        self.shape = shape
        self.made = 0
        self.used: list[list[int]] = [[] for _ in range(LANES)]
        self.lane = 0
        self.as_of = self.next = datetime.min.replace(tzinfo=UTC)

    def aim(self, lane: int, as_of: datetime, following: datetime) -> None:
        """Choose a lane; the last refresh was as of `as_of`, the next will be as of `following`."""
        self.lane, self.as_of, self.next = lane, as_of, following

    def instant(self, random: Random) -> str:
        """Choose an instant: mostly at an edge of a window, or far away."""
        kind = random.random()
        if kind < 0.04:
            return random.choice(["infinity", "-infinity", "2099-01-01 00:00:00+00", "1970-01-01"])
        base = random.choice([self.next, self.next, self.as_of])
        if kind < 0.35:
            return f"{base - random.choice(_ELSEWHERE)}"
        if kind < 0.5:
            return f"{base - random.random() * random.choice(_WINDOWS[1:])}"
        edge = base - random.choice(_WINDOWS) + random.choice(_ASIDE)
        if kind < 0.7:  # a whole second at the lower edge of the hour
            edge = (base - _HOUR).replace(microsecond=0) + random.choice(_ASIDE)
        return f"{edge}"

    def vessel(self, random: Random) -> str:
        """Choose a vessel id, as a literal; under a foreign key only one of the lane."""
        if self.shape.cascades:
            return self.shape.vessel(self.lane + LANES * random.randrange(3))
        if self.shape.text_ids and random.random() < 0.1:
            return "null"
        return self.shape.vessel(random.randrange(7))

    def fresh(self) -> int:
        """Return a position id of the lane that was never used."""
        self.made += 1
        number = self.lane + LANES * self.made
        self.used[self.lane].append(number)
        return number

    def known(self, random: Random) -> int:
        """Return a position id of the lane, used more likely than not."""
        if self.used[self.lane] and random.random() < 0.8:
            return random.choice(self.used[self.lane])
        return self.lane + LANES * random.randint(1, self.made + 2)

    def positions(self, random: Random, *, merge: bool = False) -> Positions:
        """Choose the table or a view to write positions through."""
        if merge and builds.major() < LATER_MERGE:
            return self.shape.positions[0]
        return random.choice(self.shape.positions)

    def fleet(self, random: Random, *, merge: bool = False) -> Fleet:
        """Choose the table or a view to write vessels through."""
        if merge and builds.major() < LATER_MERGE:
            return self.shape.fleets[0]
        return random.choice(self.shape.fleets)

    def row(self, random: Random, number: int) -> str:
        """Write one row of VALUES."""
        speed = random.choice(_SPEEDS)
        return f"({number}, {self.vessel(random)}, '{self.instant(random)}', {speed})"

    def mine(self, random: Random) -> str:
        """Write a condition that some positions of the lane meet."""
        condition = f"p.id % {LANES} = {self.lane}"
        modulus = random.choice([1, 2, 2, 3, 5])
        if modulus > 1:
            condition += f" and p.id / {LANES} % {modulus} = {random.randrange(modulus)}"
        return condition

    def ours(self) -> str:
        """Write a condition that only vessels of the lane meet."""
        return f"v.mmsi::integer % {LANES} = {self.lane}"


def _columns(into: Positions) -> str:
    return f"(id, {into.vessel}, {into.at}, {into.speed})"


def _insert_rows(into: Positions, rows: list[str]) -> str:
    return f"insert into {into.name} as p {_columns(into)} values {', '.join(rows)}"


def _insert(scene: Scene, random: Random) -> Iterator[Statement]:
    rows = [scene.row(random, scene.fresh()) for _ in range(random.choice([1, 1, 2, 3]))]
    yield _insert_rows(scene.positions(random), rows), None


def _insert_many(scene: Scene, random: Random) -> Iterator[Statement]:
    """Insert more rows than a trigger notes one by one."""
    rows = [scene.row(random, scene.fresh()) for _ in range(random.choice([16, 17, 24]))]
    yield _insert_rows(scene.positions(random), rows), None


def _duplicate(scene: Scene, random: Random) -> Iterator[Statement]:
    row = scene.row(random, 0).removeprefix("(0, ").removesuffix(")")
    rows = [f"({scene.fresh()}, {row})" for _ in range(3)]
    yield _insert_rows(scene.positions(random), rows), None


def _history(scene: Scene, random: Random) -> Iterator[Statement]:
    first, rows = scene.fresh(), 40
    scene.made += rows
    scene.used[scene.lane] += range(first, first + LANES * rows, 4 * LANES)
    step = random.choice(["1 minute", "30 minutes", "1 hour"])
    into = scene.positions(random)
    instant = f"'{scene.instant(random)}'::timestamptz"
    if scene.shape.text_ids:
        instant += " at time zone 'UTC'"
    yield (
        f"insert into {into.name} {_columns(into)} "
        f"select {first} + {LANES} * n, {scene.vessel(random)}, "
        f"{instant} - n * interval '{step}', n % 60 from generate_series(0, {rows}) as n",
        None,
    )


def _copy(scene: Scene, random: Random) -> Iterator[Statement]:
    rows = [
        scene.row(random, scene.fresh())[1:-1]
        .replace(", ", ",")
        .replace("'", "")
        .replace("null", "")
        for _ in range(random.choice([0, 1, 2, 20]))
    ]
    table = scene.shape.positions[0]  # COPY does not write through a view
    yield f"copy {table.name} {_columns(table)} from stdin (format csv)", rows


def _conflict_nothing(scene: Scene, random: Random) -> Iterator[Statement]:
    rows = [scene.row(random, scene.known(random)) for _ in range(3)]
    yield _insert_rows(scene.positions(random), rows) + " on conflict do nothing", None


def _conflict_update(scene: Scene, random: Random) -> Iterator[Statement]:
    numbers = {scene.known(random) for _ in range(3)}
    rows = [scene.row(random, number) for number in sorted(numbers)]
    into = scene.positions(random)
    changes = [f"{column} = excluded.{column}" for column in (into.at, into.speed, into.vessel)]
    yield (
        _insert_rows(into, rows)
        + f" on conflict ({scene.shape.position_key}) do update set {', '.join(changes)}"
        + random.choice(["", f" where p.{into.speed} is distinct from excluded.{into.speed}"]),
        None,
    )


def _reported(scene: Scene, random: Random) -> str:
    """Write some rows as the source of a MERGE: id, vessel, at and speed."""
    numbers = sorted({scene.known(random) for _ in range(4)})
    rows = ", ".join(scene.row(random, number) for number in numbers)
    kind = scene.shape.text_ids
    return (
        f"(select r.id, r.vessel::{'text' if kind else 'bigint'} as vessel, "
        f"r.at::timestamp{'' if kind else 'tz'} as at, r.speed::numeric as speed "
        f"from (values {rows}) as r (id, vessel, at, speed))"
    )


def _merge(scene: Scene, random: Random) -> Iterator[Statement]:
    into = scene.positions(random, merge=True)
    yield (
        f"merge into {into.name} as p using {_reported(scene, random)} as n on p.id = n.id "
        "when matched and n.id % 3 = 0 then delete "
        f"when matched then update set {into.at} = n.at, {into.speed} = n.speed, "
        # An id of the same lane in another partition.
        "id = p.id + case when n.id % 4 <> 1 then 0 when p.id < 400000 then 400000 else -400000 end "
        f"when not matched then insert {_columns(into)} values (n.id, n.vessel, n.at, n.speed)",
        None,
    )


def _clauses(
    random: Random, modulus: str, matched: list[str], inserts: list[str], by_source: list[str]
) -> str:
    """Draw the actions of a MERGE: any of them in any order, most of them for a part of the rows."""
    clauses = []
    for _ in range(random.choice([1, 1, 2, 3])):
        condition = random.choice(["", "", f" and {modulus} % 2 = 0", f" and {modulus} % 3 = 1"])
        clauses.append(f"when matched{condition} then {random.choice(matched)}")
    if random.random() < 0.5:
        condition = random.choice(["", "", f" and {modulus} % 2 = 1"])
        clauses.append(f"when not matched{condition} then {random.choice(inserts)}")
    if by_source and builds.major() >= LATER_MERGE and random.random() < 0.4:
        clauses.append(f"when not matched by source and {random.choice(by_source)}")
    random.shuffle(clauses)
    # Only the last clause of its kind may lack a condition.
    last: dict[str, str] = {}
    kept = []
    for clause in clauses:
        if " and " in clause:
            kept.append(clause)
        else:
            last[clause.partition(" then ")[0]] = clause
    return " ".join([*kept, *last.values()])


def _merge_any(scene: Scene, random: Random) -> Iterator[Statement]:
    """Merge positions: update, delete, insert and do nothing, in any combination.

    An update of the time or the id may move the row to another partition.
    """
    into = scene.positions(random, merge=True)
    updates = [
        f"update set {into.at} = n.at",
        f"update set {into.at} = n.at, {into.speed} = n.speed",
        f"update set {into.at} = p.{into.at} - interval '1 second'",
        f"update set {into.speed} = n.speed",
        f"update set {into.vessel} = n.vessel, {into.at} = n.at",
        # The lane stays the same, and the partition changes.
        "update set id = p.id + case when p.id < 400000 then 400000 else -400000 end",
    ]
    insert = f"insert {_columns(into)} values (n.id, n.vessel, n.at, n.speed)"
    mine = scene.mine(random)
    clauses = _clauses(
        random,
        f"n.id / {LANES}",
        [*updates, "delete", "do nothing"],
        [insert, insert, insert, "do nothing"],
        [f"{mine} then {action}" for action in (*updates[2:3], *updates[5:], "delete")],
    )
    source = _reported(scene, random)
    yield f"merge into {into.name} as p using {source} as n on p.id = n.id {clauses}", None


def _merge_fleet(scene: Scene, random: Random) -> Iterator[Statement]:
    """Merge vessels: update, delete, insert and do nothing, in any combination."""
    into = scene.fleet(random, merge=True)
    rows = ", ".join(
        f"({scene.shape.vessel(number)}, '{number}', {random.choice(_GROUPS)}, "
        f"{random.choice(_GROUPS)}, {random.choice(['true', 'false'])})"
        for number in (scene.lane + LANES * n for n in range(3))
        if random.random() < 0.8
    )
    if not rows:
        return
    updates = [
        f"update set {into.active} = n.active",
        f"update set {into.active} = not v.{into.active}",
        f"update set {into.kind} = n.kind, flag = n.flag",
        "update set name = n.mmsi",
    ]
    insert = (
        f"insert (id, mmsi, {into.kind}, flag, {into.active}) "
        "values (n.id, n.mmsi, n.kind, n.flag, n.active)"
    )
    clauses = _clauses(
        random,
        "n.mmsi::integer",
        [*updates, "delete", "do nothing"],
        [insert, insert, "do nothing"],
        [f"{scene.ours()} then {action}" for action in (*updates[1:2], "delete")],
    )
    yield (
        f"merge into {into.name} as v using (values {rows}) "
        f"as n (id, mmsi, kind, flag, active) on v.mmsi = n.mmsi {clauses}",
        None,
    )


def _update(scene: Scene, random: Random) -> Iterator[Statement]:
    into = scene.positions(random)
    change = random.choice(
        [
            f"{into.vessel} = {scene.vessel(random)}",
            f"{into.at} = '{scene.instant(random)}'",
            f"{into.at} = {into.at} - interval '1 second'",
            f"{into.at} = {into.at} + interval '5 minutes'",
            f"{into.speed} = {random.choice(_SPEEDS)}",
            f"{into.speed} = {into.speed} + 1",
            "course = 90",
            f"latitude = {random.choice(_LATITUDES)}",
            f"course = 90, longitude = {random.randint(-3, 3)}, latitude = {random.randint(-3, 3)}",
            "id = id",
        ]
    )
    yield f"update {into.name} as p set {change} where {scene.mine(random)}", None


def _delete(scene: Scene, random: Random) -> Iterator[Statement]:
    yield f"delete from {scene.positions(random).name} as p where {scene.mine(random)}", None


def _retention(scene: Scene, random: Random) -> Iterator[Statement]:
    into = scene.positions(random)
    yield (
        f"delete from {into.name} as p where p.id % {LANES} = {scene.lane} "
        f"and p.{into.at} < '{scene.instant(random)}'",
        None,
    )


def _delete_and_insert(scene: Scene, random: Random) -> Iterator[Statement]:
    """Move rows in one statement that deletes and inserts."""
    scene.made += 200
    into = scene.positions(random)
    yield (
        f"with gone as (delete from {into.name} as p where {scene.mine(random)} returning *) "
        f"insert into {into.name} {_columns(into)} select id + {LANES * 1000}, {into.vessel}, "
        f"{into.at} + interval '1 second', {into.speed} from gone",
        None,
    )


def _row_locks(scene: Scene, random: Random) -> Iterator[Statement]:
    """Lock rows without changing them; in a transaction the locks stay."""
    strength = random.choice(["update", "no key update", "share", "key share"])
    yield (
        f"select from {scene.shape.positions[0].name} as p where {scene.mine(random)} "
        f"for {strength}",
        None,
    )
    yield (
        f"select from {scene.shape.fleets[0].name} as v where {scene.ours()} for {strength}",
        None,
    )


def _vessels(scene: Scene, random: Random) -> Iterator[Statement]:
    """Insert or upsert vessels."""
    numbers = random.sample([scene.lane + LANES * n for n in range(3)], random.randint(1, 3))
    rows = ", ".join(
        f"({scene.shape.vessel(number)}, '{number}', {random.choice(_GROUPS)}, "
        f"{random.choice(_GROUPS)}, {random.choice(['true', 'true', 'false'])})"
        for number in numbers
    )
    into = scene.fleet(random)
    update = (
        f"update set {into.kind} = excluded.{into.kind}, {into.active} = excluded.{into.active}"
    )
    conflict = random.choice(["do nothing", f"({scene.shape.fleet_key}) do {update}"])
    yield (
        f"insert into {into.name} (id, mmsi, {into.kind}, flag, {into.active}) "
        f"values {rows} on conflict {conflict}",
        None,
    )


def _vessels_update(scene: Scene, random: Random) -> Iterator[Statement]:
    into = scene.fleet(random)
    change = random.choice(
        [
            f"{into.kind} = {random.choice(_GROUPS)}",
            f"flag = {random.choice(_GROUPS)}",
            f"{into.active} = not {into.active}",
            "name = 'x'",
            f"{into.active} = true, flag = {random.choice(_GROUPS)}, {into.kind} = null",
        ]
    )
    if scene.shape.cascades and random.random() < 0.3:
        change = f"id = case when id < {3 * LANES} then id + {3 * LANES} else id - {3 * LANES} end"
    yield f"update {into.name} as v set {change} where {scene.ours()}", None


def _vessels_delete(scene: Scene, random: Random) -> Iterator[Statement]:
    keep = random.choice(["", f" and v.mmsi <> '{scene.lane}'"])
    yield f"delete from {scene.fleet(random).name} as v where {scene.ours()}{keep}", None


POSITION_STATEMENTS: dict[str, Callable[[Scene, Random], Iterator[Statement]]] = {
    "insert": _insert,
    "insert_many": _insert_many,
    "duplicate": _duplicate,
    "history": _history,
    "copy": _copy,
    "conflict_nothing": _conflict_nothing,
    "conflict_update": _conflict_update,
    "merge": _merge,
    "merge_any": _merge_any,
    "merge_fleet": _merge_fleet,
    "update": _update,
    "delete": _delete,
    "retention": _retention,
    "delete_and_insert": _delete_and_insert,
    "row_locks": _row_locks,
    "vessels": _vessels,
    "vessels_update": _vessels_update,
    "vessels_delete": _vessels_delete,
}
