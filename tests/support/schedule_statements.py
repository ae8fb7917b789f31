# ruff: noqa: E501, ISC004, S608 - SQL texts, made of constants and numbers
"""Writes the SQL statements of random schedules, for instants at the edges of the windows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from tests.support.sandbox import LANES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tests.support.sandbox import Shape

    Statement = tuple[str, list[str] | None]

_MICROSECOND = timedelta(microseconds=1)
_SECOND = timedelta(seconds=1)
_MINUTE = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_WINDOWS = (timedelta(0), 5 * _MINUTE, _HOUR, 24 * _HOUR)
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
_GROUPS = (
    "null", "''", "' '", "'Unknown'", "'Cargo'", "'Tanker'", "' Cargo'", "'é'", "'__proto__'",
    *(f"'{letter}'" for letter in "abcdefg"),
)  # fmt: skip
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
        return self.lane + LANES * self.made

    def known(self, random: Random) -> int:
        """Return a position id of the lane, used more likely than not."""
        return self.lane + LANES * random.randint(1, self.made + 2)

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


_INSERT = 'insert into public.vessel_positions as p (id, "vesselId", timestamp, speed) values '


def _insert(scene: Scene, random: Random) -> Iterator[Statement]:
    rows = [scene.row(random, scene.fresh()) for _ in range(random.choice([1, 1, 2, 3]))]
    yield _INSERT + ", ".join(rows), None


def _insert_many(scene: Scene, random: Random) -> Iterator[Statement]:
    """Insert more rows than a trigger notes one by one."""
    rows = [scene.row(random, scene.fresh()) for _ in range(random.choice([16, 17, 24]))]
    yield _INSERT + ", ".join(rows), None


def _duplicate(scene: Scene, random: Random) -> Iterator[Statement]:
    row = scene.row(random, 0).removeprefix("(0, ").removesuffix(")")
    rows = [f"({scene.fresh()}, {row})" for _ in range(3)]
    yield _INSERT + ", ".join(rows), None


def _history(scene: Scene, random: Random) -> Iterator[Statement]:
    first, rows = scene.fresh(), 40
    scene.made += rows
    step = random.choice(["1 minute", "30 minutes", "1 hour"])
    yield (
        'insert into public.vessel_positions (id, "vesselId", timestamp, speed) '
        f"select {first} + {LANES} * n, {scene.vessel(random)}, "
        f"'{scene.instant(random)}'::timestamptz at time zone 'UTC' - n * interval '{step}', n % 60 "
        f"from generate_series(0, {rows}) as n"
        if scene.shape.text_ids
        else 'insert into public.vessel_positions (id, "vesselId", timestamp, speed) '
        f"select {first} + {LANES} * n, {scene.vessel(random)}, "
        f"'{scene.instant(random)}'::timestamptz - n * interval '{step}', n % 60 "
        f"from generate_series(0, {rows}) as n",
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
    yield (
        'copy public.vessel_positions (id, "vesselId", timestamp, speed) from stdin (format csv)',
        rows,
    )


def _conflict_nothing(scene: Scene, random: Random) -> Iterator[Statement]:
    rows = [scene.row(random, scene.known(random)) for _ in range(3)]
    yield _INSERT + ", ".join(rows) + " on conflict do nothing", None


def _conflict_update(scene: Scene, random: Random) -> Iterator[Statement]:
    numbers = {scene.known(random) for _ in range(3)}
    rows = [scene.row(random, number) for number in sorted(numbers)]
    yield (
        _INSERT
        + ", ".join(rows)
        + " on conflict (id) do update set timestamp = excluded.timestamp, speed = excluded.speed, "
        '"vesselId" = excluded."vesselId"'
        + random.choice(["", " where p.speed is distinct from excluded.speed"]),
        None,
    )


def _merge(scene: Scene, random: Random) -> Iterator[Statement]:
    numbers = sorted({scene.known(random) for _ in range(4)})
    rows = ", ".join(scene.row(random, number) for number in numbers)
    kind = scene.shape.text_ids
    yield (
        f"merge into public.vessel_positions as p using (select r.id, r.vessel::{'text' if kind else 'bigint'} as vessel, "
        f"r.at::timestamp{'' if kind else 'tz'} as at, r.speed::numeric as speed from (values {rows}) "
        "as r (id, vessel, at, speed)) as n on p.id = n.id "
        "when matched and n.id % 3 = 0 then delete "
        "when matched then update set timestamp = n.at, speed = n.speed, "
        # An id of the same lane in another partition.
        "id = p.id + case when n.id % 4 <> 1 then 0 when p.id < 400000 then 400000 else -400000 end "
        'when not matched then insert (id, "vesselId", timestamp, speed) values (n.id, n.vessel, n.at, n.speed)',
        None,
    )


def _update(scene: Scene, random: Random) -> Iterator[Statement]:
    change = random.choice(
        [
            f'"vesselId" = {scene.vessel(random)}',
            f"timestamp = '{scene.instant(random)}'",
            "timestamp = timestamp - interval '1 second'",
            "timestamp = timestamp + interval '5 minutes'",
            f"speed = {random.choice(_SPEEDS)}",
            "speed = speed + 1",
            "course = 90, latitude = 1",
            "id = id",
        ]
    )
    yield f"update public.vessel_positions as p set {change} where {scene.mine(random)}", None


def _delete(scene: Scene, random: Random) -> Iterator[Statement]:
    yield f"delete from public.vessel_positions as p where {scene.mine(random)}", None


def _retention(scene: Scene, random: Random) -> Iterator[Statement]:
    yield (
        f"delete from public.vessel_positions as p where p.id % {LANES} = {scene.lane} "
        f"and p.timestamp < '{scene.instant(random)}'",
        None,
    )


def _delete_and_insert(scene: Scene, random: Random) -> Iterator[Statement]:
    """Move rows in one statement that deletes and inserts."""
    scene.made += 200
    yield (
        f"with gone as (delete from public.vessel_positions as p where {scene.mine(random)} returning *) "
        'insert into public.vessel_positions (id, "vesselId", timestamp, speed) '
        f"select id + {LANES * 1000}, \"vesselId\", timestamp + interval '1 second', speed from gone",
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
    update = 'update set "vesselType" = excluded."vesselType", active = excluded.active'
    conflict = random.choice(["do nothing", f"(mmsi) do {update}"])
    yield (
        'insert into public.vessels (id, mmsi, "vesselType", flag, active) '
        f"values {rows} on conflict {conflict}",
        None,
    )


def _vessels_update(scene: Scene, random: Random) -> Iterator[Statement]:
    change = random.choice(
        [
            f'"vesselType" = {random.choice(_GROUPS)}',
            f"flag = {random.choice(_GROUPS)}",
            "active = not active",
            "name = 'x'",
            f'active = true, flag = {random.choice(_GROUPS)}, "vesselType" = null',
        ]
    )
    if scene.shape.cascades and random.random() < 0.3:
        change = f"id = case when id < {3 * LANES} then id + {3 * LANES} else id - {3 * LANES} end"
    yield f"update public.vessels as v set {change} where {scene.ours()}", None


def _vessels_delete(scene: Scene, random: Random) -> Iterator[Statement]:
    keep = random.choice(["", f" and v.mmsi <> '{scene.lane}'"])
    yield f"delete from public.vessels as v where {scene.ours()}{keep}", None


POSITION_STATEMENTS: dict[str, Callable[[Scene, Random], Iterator[Statement]]] = {
    "insert": _insert,
    "insert_many": _insert_many,
    "duplicate": _duplicate,
    "history": _history,
    "copy": _copy,
    "conflict_nothing": _conflict_nothing,
    "conflict_update": _conflict_update,
    "merge": _merge,
    "update": _update,
    "delete": _delete,
    "retention": _retention,
    "delete_and_insert": _delete_and_insert,
    "vessels": _vessels,
    "vessels_update": _vessels_update,
    "vessels_delete": _vessels_delete,
}
