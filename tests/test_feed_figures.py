"""A recording that comes over TCP gives the figures that plain Python finds in it.

Plain Python takes the bits of each message apart by itself (tests/support/recordings.py), and
works out every column of the cached row (tests/support/filed.py).
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from statistics import median_low
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import filed, recordings
from tests.support.feeding import Feed, TcpServer, feed_row, rows_of, wait_until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.recordings import Report

INVENTED = [recordings.FOLDER / name for name in ("nmea_tag_blocks.nm4", "nmea_time_lines.txt")]
OUT_OF_ORDER = INVENTED[0]  # second parts come before first ones
RECORDINGS = [*INVENTED, *recordings.REAL_NMEA]
POSITION_KINDS = {1, 2, 3, 18, 19, 27}
STATIC_KINDS = {5, 24}
KINDS = ("positions", "duplicates", "statics", "ignored", "rejected")


def dated(found: list[Report]) -> list[datetime]:
    """Return the times without those that are an hour or more from the middle."""
    middle = median_low(one.time for one in found)
    return sorted(one.time for one in found if abs(one.time - middle) < timedelta(hours=1))


def fed(url: str, folder: Path, text: str) -> dict[str, Any]:
    """Send a text over TCP into a feed until all of it is filed; return the row of the feed."""
    content = text.encode() + b"\n"
    lines = sum(1 for line in content.split(b"\n") if line.strip())
    with TcpServer() as tcp, Feed(url, folder, [f"tcp://{tcp.address}?name=coast"]) as feed:
        for start in range(0, len(content), 997):  # cuts most lines in two
            tcp.send_bytes(content[start : start + 997])
        wait_until(lambda: feed_row(url, "coast").get("lines") == lines, f"{lines} lines filed")
        feed.stop()
    row = feed_row(url, "coast")
    assert (row["lines"], row["state"], row["dropped"]) == (lines, "ended", 0)
    return row


def row_at(url: str, as_of: datetime) -> dict[str, Any]:
    """Return the columns of the definition at an instant."""
    with rows_of(url) as connection:
        told = connection.execute(
            "select * from public.vessel_activity_at(%s)", (as_of,)
        ).fetchone()
    assert told is not None
    return told


def whole_row(reports: list[Report], as_of: datetime) -> dict[str, Any]:
    return {"id": "singleton", **filed.figures(reports, as_of), "updated_at": as_of}


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_the_cached_row_is_what_plain_python_finds_in_a_recording_of_this_moment(
    url: str, tmp_path: Path, path: Path
) -> None:
    old = recordings.text_of(str(path))
    times = dated(recordings.nmea_of(old).reports)
    now = datetime.now(UTC).replace(microsecond=0)
    # Half of the recording, which may be 29 s or 16 minutes long, falls into the last five minutes.
    by = now - timedelta(minutes=4, seconds=30) - times[len(times) // 2].replace(microsecond=0)
    text = recordings.moved(old, by)
    fed(url, tmp_path, text)

    with rows_of(url) as connection:
        connection.execute("select public.refresh_vessel_activity()")
        cached = connection.execute("select * from public.vessel_activity_realtime").fetchone()
    assert cached is not None
    reports = recordings.nmea_of(text, any_order=path == OUT_OF_ORDER, arrived=now).reports
    expected = whole_row(reports, cached["updated_at"])
    assert cached == expected
    assert list(cached["vessel_types"]) == list(expected["vessel_types"])
    assert cached["active_now"] > 0


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.name)
def test_the_figures_at_any_instant_are_those_that_plain_python_finds(
    url: str, tmp_path: Path, path: Path
) -> None:
    text = recordings.text_of(str(path))
    began = datetime.now(UTC).replace(microsecond=0)
    row = fed(url, tmp_path, text)

    reports = recordings.nmea_of(text, any_order=path == OUT_OF_ORDER, arrived=began).reports
    stamped = [one for one in reports if one.time < began]
    assert row["clock_ahead"] == 0
    assert row["clock_behind"] == sum(one.kind in POSITION_KINDS | STATIC_KINDS for one in stamped)
    assert row["messages"] == sum(row[kind] for kind in KINDS)
    assert row["ignored"] == sum(row["ignored_by_type"].values())
    assert row["rejected"] == sum(row["rejected_by_reason"].values())
    times = dated(reports)
    # The edge of each window cuts through the recording.
    inside = times[len(times) // 2]
    instants = [
        inside + window
        for window in (timedelta(0), timedelta(minutes=5), timedelta(hours=1), timedelta(days=1))
    ]
    for as_of in [times[0] - timedelta(seconds=1), *instants, times[-1]]:
        assert row_at(url, as_of) == whole_row(reports, as_of)
    seen = {key: value for key, value in filed.stored(url).items() if key[1] < began}
    assert seen == {key: value for key, value in filed.positions(reports).items() if key[1] < began}


if recordings.REAL_NMEA:

    @pytest.mark.parametrize("path", recordings.REAL_NMEA, ids=lambda path: path.name)
    def test_the_counts_of_a_real_recording_add_up_to_the_lines_sent(
        url: str, tmp_path: Path, path: Path
    ) -> None:
        text = recordings.text_of(str(path))
        row = fed(url, tmp_path, text)

        found = recordings.nmea_of(text, arrived=datetime.now(UTC))
        assert found.orphans == []
        reports = found.reports
        ships = [one for one in reports if filed.is_ship(one.mmsi)]
        static = [one for one in ships if one.kind in STATIC_KINDS or one.is_static_only]
        placed = [one for one in ships if one.kind in POSITION_KINDS and not one.is_static_only]
        added = len(filed.positions(reports))
        usable = sum(filed.is_usable(one) for one in placed)
        nowhere = sum(91 in (one.latitude, 0) or 181 in (one.longitude, 0) for one in placed)
        messages = [one for one in reports if one.kind in POSITION_KINDS | STATIC_KINDS]
        rejected = {
            "not a ship station": len(messages) - sum(filed.is_ship(m.mmsi) for m in messages),
            "position not available": nowhere,
            "position out of range": len(placed) - usable - nowhere,
        }
        other = Counter(
            str(one.kind) for one in reports if one.kind not in POSITION_KINDS | STATIC_KINDS
        )
        expected = {
            "positions": added,
            "duplicates": usable - added,
            "statics": len(static),
            "ignored_by_type": dict(other),
            "rejected_by_reason": {reason: count for reason, count in rejected.items() if count},
        }
        assert {key: row[key] for key in expected} == expected
        assert row["messages"] == len(reports)
        assert (
            row["messages"]
            == added + row["duplicates"] + row["statics"] + row["ignored"] + (row["rejected"])
        )
