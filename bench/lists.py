"""Ask for lists of vessels as several readers do at once, on the fleet of the dense database.

Only the newest report of each vessel enters a list. So the fleet is that of SIZE=dense, and its
reports are as dense only for the last ten minutes, which keeps the filling short.
"""

from __future__ import annotations

import itertools
import random
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import psycopg

from tests.support.webserver import VESSELS

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parent
FLEET, RECENT_ROWS, EARLIER_ROWS = 30_567, 306_000, 300_000
CLIENTS, SECONDS = 8, 20
_WINDOWS = ("now", "1h", "24h")
_SORTS = ("lastHeard", "name", "mmsi", "speed")
_ORDERS = ("asc", "desc")
_TYPES = ("", "Cargo", "Tanker", "Fishing", "Passenger", "Tug", "Sailing", "Dredger", "Unknown")
_FLAGS = ("", "", "PA", "LR", "MH", "SG", "NO", "DE", "GB", "NL", "JP", "Unknown")


def fill(url: str, *, fleet: int, recent: int, earlier: int) -> None:
    """Make a fleet with its reports of a day, most of them from the last ten minutes; refresh."""
    now = datetime.now(UTC)
    turn = now - timedelta(minutes=10)
    with psycopg.connect(url, autocommit=True) as connection:
        for name in ("ids_bigint.sql", "data.sql"):
            connection.execute((HERE / name).read_text().encode())
        connection.execute("select bench.fill_vessels(%s)", (fleet,))
        for since, until, rows, first in (
            (now - timedelta(hours=24), turn, earlier, 1),
            (turn, now, recent, earlier + 1),
        ):
            connection.execute(
                "insert into public.vessel_positions"
                " select * from bench.positions(%s, %s, %s, %s, %s)",
                (since, until, rows, first, fleet),
            )
        connection.execute("analyze public.vessels, public.vessel_positions")
        connection.execute("select public.refresh_vessel_activity()")


def ask(address: str, *, clients: int, seconds: float) -> list[float]:
    """Let clients ask for lists of 200 vessels, one after another. Return the waits in ms, sorted.

    Hardly two ask for the same list, so that hardly an answer is shared.

    Raises:
        RuntimeError: an answer is no list.

    """
    waits: list[float] = []
    failures: list[str] = []
    end = time.monotonic() + seconds

    def read(queries: Iterator[tuple[str, ...]]) -> None:
        names = ("window", "sort", "order", "type", "flag")
        with httpx.Client(base_url=address, timeout=10) as client:
            while time.monotonic() < end and not failures:
                chosen = zip(names, next(queries), strict=True)
                query = {name: value for name, value in chosen if value}
                started = time.perf_counter()
                answer = client.get(VESSELS, params={**query, "limit": "200"})
                waits.append((time.perf_counter() - started) * 1000)
                if answer.status_code != 200:
                    failures.append(f"{answer.status_code} for {answer.url}: {answer.text}")

    every = list(itertools.product(_WINDOWS, _SORTS, _ORDERS, _TYPES, _FLAGS))
    readers = []
    for number in range(clients):
        order = random.Random(number).sample(every, len(every))
        readers.append(threading.Thread(target=read, args=(itertools.cycle(order),)))
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    if failures:
        raise RuntimeError(failures[0])
    return sorted(waits)


def lists(url: str, address: str) -> dict[str, float]:
    """Fill the database, and return the number of lists and how long readers waited for them."""
    fill(url, fleet=FLEET, recent=RECENT_ROWS, earlier=EARLIER_ROWS)
    counted = httpx.get(address + VESSELS, params={"window": "24h", "limit": "1"}, timeout=10)
    waits = ask(address, clients=CLIENTS, seconds=SECONDS)
    return {
        "clients": CLIENTS,
        "vessels": counted.json()["count"],
        "lists": len(waits),
        "median_ms": waits[len(waits) // 2],
        "p99_ms": waits[int(len(waits) * 0.99)],
        "worst_ms": waits[-1],
    }
