"""Backfilled history equals the definition at every instant and replaces no measured sample."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from tests.support.history import NUMBERS, one, record


def add_traffic(connection: psycopg.Connection, end: datetime, seed: int) -> None:
    """Add over a day of positions that hit every edge: ties, whole minutes, odd speeds."""
    chance = random.Random(seed)  # noqa: S311
    speeds = [None, "NaN", "0", "-3", "50", "49.9", "102.3", "0.1", "12.34", "7.7"]
    with connection.cursor() as cursor:
        for number in range(1, 41):
            cursor.execute(
                'insert into public.vessels (mmsi, "vesselType", flag, active)'
                " values (%s, 'Cargo', 'NO', %s)",
                (str(200_000_000 + number), number % 7 != 0),
            )
        rows = []
        for _ in range(4000):
            at = end - timedelta(seconds=chance.uniform(-3600, 30 * 3600) * chance.random())
            kind = chance.randrange(4)
            if kind == 0:  # exactly on a sampling instant
                at = at.replace(second=0, microsecond=0)
            elif kind == 1:  # a microsecond beside one
                at = at.replace(second=0, microsecond=0) + timedelta(
                    microseconds=chance.choice([-1, 1])
                )
            vessel = chance.randrange(1, 60)  # some without a row in vessels
            rows.append((vessel, at, chance.choice(speeds)))
        rows += rows[:200]  # exact repeats
        cursor.executemany(
            'insert into public.vessel_positions ("vesselId", timestamp, speed)'
            " values (%s, %s, %s::numeric)",
            rows,
        )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_backfilled_samples_equal_the_definition_at_every_instant(
    database: psycopg.Connection, seed: int
) -> None:
    end = datetime.now(UTC)
    add_traffic(database, end, seed)
    begin = end - timedelta(hours=8)
    written = one(
        database, "select public.vessel_activity_backfill_history(%s, %s, '7 minutes')", begin, end
    )
    assert written == pytest.approx(8 * 60 / 7, abs=1)
    compared = database.execute(
        f"select count(*), count(*) filter (where ({NUMBERS}) is distinct from (select ({NUMBERS})"  # noqa: S608
        " from public.vessel_activity_at(h.sampled_at))) from vessel_activity.history as h"
    ).fetchone()
    assert compared == (written, 0)


def test_every_minute_of_the_range_is_sampled_once(database: psycopg.Connection) -> None:
    end = datetime.now(UTC)
    add_traffic(database, end, 4)
    begin = end - timedelta(hours=3)
    one(database, "select public.vessel_activity_backfill_history(%s, %s)", begin, end)
    first = begin.replace(second=0, microsecond=0) + timedelta(minutes=1)
    expected = [first + timedelta(minutes=n) for n in range(180)]
    sampled = database.execute("select sampled_at from vessel_activity.history order by 1")
    assert [at for (at,) in sampled] == expected


def test_backfilling_again_adds_nothing_and_keeps_measured_samples(
    database: psycopg.Connection,
) -> None:
    end = datetime.now(UTC)
    add_traffic(database, end, 5)
    fill = "select public.vessel_activity_backfill_history(%s, %s)"
    begin = end - timedelta(hours=2)
    assert one(database, fill, begin, end) == 120
    assert one(database, fill, begin, end) == 0
    database.execute("update vessel_activity.history set active_now = -1")
    database.execute(
        "delete from vessel_activity.history where minute > %s", [end - timedelta(minutes=30)]
    )
    # As after an interrupted attempt: only the missing samples are written.
    assert one(database, fill, begin, end) == 30
    assert one(database, "select count(*) from vessel_activity.history where active_now = -1") == 90


def test_only_samples_older_than_their_positions_are_computed_anew(
    database: psycopg.Connection,
) -> None:
    now = datetime.now(UTC)
    stopped = now - timedelta(minutes=30)
    sample = (
        "insert into vessel_activity.history (minute, sampled_at, active_now, active_last_hour,"
        " active_last_24h, total_vessels, positions_last_hour, speed_avg)"
        " values (date_bin('1 minute', %s, 'epoch'), %s, %s, 0, 0, 9, 0, 0)"
    )
    for at, active_now in ((stopped - timedelta(hours=1), 77), (now - timedelta(minutes=10), 0)):
        # The later one was sampled while the feed stood still.
        database.execute(sample, (at, at, active_now))
    add_traffic(database, now, 6)

    database.execute("select vessel_activity.recompute_history(%s, %s)", (stopped, now))

    kept = "select count(*) from vessel_activity.history where active_now = 77"
    assert one(database, kept) == 1
    wrong = (
        f"select count(*) from vessel_activity.history as h where ({NUMBERS}) is distinct from"  # noqa: S608
        f" (select ({NUMBERS}) from public.vessel_activity_at(h.sampled_at)) and active_now <> 77"
    )
    assert one(database, wrong) == 0
    # A day of samples, and the present minute by the refresh at the end.
    assert one(database, "select count(*) from vessel_activity.history") >= 24 * 60


def test_no_sample_lies_before_the_first_position_or_in_the_future(
    database: psycopg.Connection,
) -> None:
    now = datetime.now(UTC)
    database.execute(
        'insert into public.vessel_positions ("vesselId", timestamp, speed) values (1, %s, 5)',
        [now - timedelta(minutes=10)],
    )
    one(
        database,
        "select public.vessel_activity_backfill_history(%s, %s)",
        now - timedelta(days=2),
        now + timedelta(days=2),
    )
    row = database.execute(
        "select min(minute), max(minute), count(*) from vessel_activity.history"
    ).fetchone()
    assert row is not None
    assert row[0] > now - timedelta(minutes=10)
    assert row[1] <= datetime.now(UTC)
    assert row[2] in {10, 11}


def test_a_recomputed_history_reaches_back_as_far_as_positions_were_missing_and_ends_in_a_refresh(
    database: psycopg.Connection,
) -> None:
    now = datetime.now(UTC)
    stopped, written = now - timedelta(hours=29), now - timedelta(minutes=5)
    add_traffic(database, now, 7)
    # A refresh between the last position and the commit: it saw none of the positions.
    record(database, f"{now - timedelta(minutes=2)}", 0)

    database.execute("select vessel_activity.recompute_history(%s, %s)", (stopped, written))

    sampled = database.execute(
        "select min(sampled_at), max(sampled_at) filter (where sampled_at < %s), max(sampled_at),"
        " (select updated_at from public.vessel_activity_realtime) from vessel_activity.history",
        (now,),
    ).fetchone()
    assert sampled is not None
    first, last_computed, refreshed, updated_at = sampled
    assert stopped < first <= stopped + timedelta(minutes=1)
    assert written - timedelta(minutes=1) < last_computed <= written
    assert refreshed == updated_at > now


def test_a_history_that_can_not_be_recomputed_is_kept(database: psycopg.Connection) -> None:
    now = datetime.now(UTC)
    record(database, f"{now - timedelta(minutes=2)}", 5)

    with pytest.raises(psycopg.errors.InvalidParameterValue, match="there is no range from"):
        database.execute(
            "select vessel_activity.recompute_history(%s, null)", (now - timedelta(hours=1),)
        )

    assert one(database, "select active_now from vessel_activity.history") == 5


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("now(), now() - interval '1 hour'", "there is no range from"),
        ("null, now()", "there is no range from"),
        ("now() - interval '1 day', now(), '30 seconds'", "a step of 00:00:30 can't be used"),
        ("now() - interval '1 day', now(), '90 seconds'", "a step of 00:01:30 can't be used"),
        ("now() - interval '1 day', now(), null", "a step of NULL can't be used"),
    ],
)
def test_senseless_arguments_are_refused_with_a_hint(
    database: psycopg.Connection, arguments: str, message: str
) -> None:
    with pytest.raises(psycopg.errors.InvalidParameterValue, match=message) as caught:
        database.execute(f"select public.vessel_activity_backfill_history({arguments})")
    assert caught.value.diag.message_hint
