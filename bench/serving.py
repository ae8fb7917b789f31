"""Compare server.py with the smallest possible server; measure its streams, page, memory and lists.

Usage: make bench-http. The server runs on one core, and the load on another. The two servers take
turns. Figures are medians of several rounds. The result is written to bench/http-latest.json.
"""

from __future__ import annotations

import json
import os
import re
import statistics
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psycopg

from bench.lists import CLIENTS as READERS
from bench.lists import lists
from bench.streams import commit_to_event_ms
from tests.conftest import folder_for_servers
from tests.support.browsing import DASHBOARD, chromium
from tests.support.builds import postgresql_binaries
from tests.support.webserver import STATS, WebServer, write_row
from vessel_activity.database.local_server import LocalServer
from vessel_activity.install import migrate
from vessel_activity.web.process import bind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Browser, Request

HERE = Path(__file__).resolve().parent
ROUNDS, ROUND_SECONDS = 9, 4
CLIENTS, COMMITS = 1_000, 20
PAGES = 9
CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE, LOAD_CORE = {CORES[0]}, {CORES[-1]}
HISTORY = """
  insert into vessel_activity.history
  select m, m, 4000 + n % 700, 8000 + n % 900, 20000 + n % 500, 30567, 44000 + n % 3000, 11 + n % 7
  from generate_series(
      date_bin('1 minute', now() - interval '31 days', 'epoch'), now(), '1 minute') m,
    lateral (select (extract(epoch from now() - m) / 60)::int) as ago (n)
"""
# This script runs in the page. It records when all numbers are shown, and when all changes are.
WATCH = """
  const look = () => {
    const ids = ["activeNow", "activeLastHour", "activeLast24h", "speedAvg", "totalVessels",
                 "positionsLastHour", "positionsPerSecond", "activeShare"];
    const known = (node) => node && /[0-9]/.test(node.textContent);
    if (!window.numbersAt && ids.every((id) => known(document.getElementById(id)))
        && document.querySelectorAll("#flags li, #types li").length > 5) {
      window.numbersAt = performance.now();
    }
    const changes = [...document.querySelectorAll("[data-ago]")];
    if (!window.trendAt && changes.length && changes.every((node) => known(node))) {
      window.trendAt = performance.now();
    }
    if (window.trendAt && document.querySelector("#chart canvas")) window.shown();
    else requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  window.allShown = new Promise((resolve) => { window.shown = resolve; });
  window.paintedAt = new Promise((resolve) =>
    requestAnimationFrame(() => resolve(performance.now())));
"""


@contextmanager
def database() -> Iterator[str]:
    """Run a PostgreSQL server with vessel activity and a month of history, and return its URL."""
    with folder_for_servers() as folder:
        server = LocalServer(postgresql_binaries(), folder / "data", {"fsync": "off"})
        server.start()
        try:
            migrate.migrate(server.url())
            with psycopg.connect(server.url(), autocommit=True) as connection:
                connection.execute("truncate vessel_activity.history")
                connection.execute(HISTORY)
            write_row(server.url())
            yield server.url()
        finally:
            server.stop("immediate")


@contextmanager
def smallest(status: int, length: int) -> Iterator[str]:
    """Run the smallest server and return its address."""
    # The socket is opened before the process starts. A client that connects to a port without a
    # listener may connect to itself.
    with bind("127.0.0.1", 0) as listening:
        number = listening.fileno()
        command = [sys.executable, str(HERE / "smallest.py"), str(number), str(status), str(length)]
        process = subprocess.Popen(command, pass_fds=[number])
        port = listening.getsockname()[1]
    os.sched_setaffinity(process.pid, SERVER_CORE)
    address = f"http://127.0.0.1:{port}"
    httpx.get(address, timeout=10)
    yield address
    process.terminate()
    process.wait()


def wrk(address: str, connections: int, tag: str | None) -> tuple[float, float]:
    """Run wrk on an address for one round. Return requests/s, and the 99th percentile in ms."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{ROUND_SECONDS}s", "--latency"]
    command += ["-H", f"If-None-Match: {tag}"] if tag else []
    done = subprocess.run(
        [*command, address + STATS],
        capture_output=True,
        text=True,
        check=True,
        preexec_fn=lambda: os.sched_setaffinity(0, LOAD_CORE),
    )
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    late = re.search(r"99%\s+([\d.]+)(us|ms|s)", done.stdout)
    if rate is None or late is None or "Non-2xx" in done.stdout.replace("Non-2xx or 3xx", ""):
        raise RuntimeError(f"wrk reported errors or no figures:\n{done.stdout}")
    return float(rate[1]), float(late[1]) * {"us": 0.001, "ms": 1, "s": 1000}[late[2]]


def compare(server: str, least: str, connections: int, tag: str | None) -> dict[str, float]:
    """Load server.py and the smallest server in turns. Return the medians and their ratios.

    The ratio of the rates is the median over pairs of neighbouring rounds, because both rounds of
    a pair run under the same conditions. A single 99th percentile can jump when another process
    runs for a moment. The ratio of the percentiles is therefore the ratio of their medians.
    """
    rounds = [(wrk(server, connections, tag), wrk(least, connections, None)) for _ in range(ROUNDS)]
    p99, smallest_p99 = (statistics.median(pair[side][1] for pair in rounds) for side in (0, 1))
    return {
        "requests_per_second": statistics.median(full[0] for full, _ in rounds),
        "smallest_requests_per_second": statistics.median(small[0] for _, small in rounds),
        "ratio": statistics.median(full[0] / small[0] for full, small in rounds),
        "p99_ms": p99,
        "smallest_p99_ms": smallest_p99,
        "p99_ratio": p99 / smallest_p99,
    }


def page_figures(browser: Browser, web: WebServer) -> dict[str, float]:
    """Open the dashboard and an empty page in turns, without a cache.

    Return median times in ms, and the most bytes that the dashboard transferred.
    """
    numbers, trends, empty, sizes = [], [], [], []
    for _ in range(PAGES + 1):  # the first round is a warm-up of the browser
        context = browser.new_context()
        context.add_init_script(WATCH)
        page = context.new_page()
        moved: list[int] = []
        page.on("requestfinished", partial(note_size, moved))
        page.goto(web.address + "/healthz")
        empty.append(page.evaluate("window.paintedAt"))
        moved.clear()
        page.goto(web.address + DASHBOARD)
        page.evaluate("window.allShown")
        numbers.append(page.evaluate("window.numbersAt"))
        trends.append(page.evaluate("window.trendAt"))
        sizes.append(sum(moved))
        context.close()
    blank = statistics.median(empty[1:])
    return {
        "numbers_ms": statistics.median(numbers[1:]),
        "empty_page_ms": blank,
        "numbers_minus_empty_ms": statistics.median(numbers[1:]) - blank,
        "trend_minus_empty_ms": statistics.median(trends[1:]) - blank,
        "bytes": max(sizes[1:]),
    }


def note_size(moved: list[int], request: Request) -> None:
    """Add the size of the answer to a request, in bytes."""
    sizes = request.sizes()
    moved.append(sizes["responseBodySize"] + sizes["responseHeadersSize"])


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process in megabytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    found = re.search(r"VmRSS:\s+(\d+) kB", status)
    return int(found[1]) / 1000 if found else float("nan")


def measure() -> dict[str, Any]:
    """Run all measurements once."""
    found: dict[str, Any] = {}
    with ExitStack() as stack:
        url = stack.enter_context(database())
        web = stack.enter_context(WebServer(url, {"VESSEL_ACTIVITY_MAX_STREAMS": "1100"}))
        first = web.get(STATS)
        length, tag = len(first.content), first.headers["etag"]
        with chromium() as browser:
            found["page"] = page_figures(browser, web)
        os.sched_setaffinity(web.process.pid, SERVER_CORE)
        for status, asked in ((200, None), (304, tag)):
            with smallest(status, length) as least:
                for connections in (16, 64):
                    key = f"{status} at {connections}"
                    found[key] = compare(web.address, least, connections, asked)
        delays = commit_to_event_ms(web.port, url, clients=CLIENTS, commits=COMMITS)
        found["commit_to_event"] = {
            "clients": CLIENTS,
            "deliveries": len(delays),
            "median_ms": delays[len(delays) // 2],
            "p99_ms": delays[int(len(delays) * 0.99)],
            "worst_ms": delays[-1],
        }
        found["memory_mb"] = memory_mb(web.process.pid)
        os.sched_setaffinity(0, LOAD_CORE)
        found["lists"] = lists(url, web.address)
    return found


def verdicts(found: dict[str, Any]) -> Iterator[tuple[str, float, str, bool]]:
    """Yield the name, value and bound of each figure that has a bound, and whether it holds."""
    least: Callable[[float, float], bool] = lambda value, bound: value >= bound  # noqa: E731
    for key in ("200 at 16", "200 at 64", "304 at 16", "304 at 64"):
        ratio = found[key]["ratio"]
        yield f"requests/s, {key} connections / smallest app", ratio, ">= 0.80", least(ratio, 0.8)
    for key in ("200 at 64", "304 at 64"):
        ratio = found[key]["p99_ratio"]
        yield f"p99, {key} connections / smallest app", ratio, "<= 1.25", ratio <= 1.25
    late = found["commit_to_event"]["p99_ms"]
    yield f"commit to event, {CLIENTS} clients, p99 (ms)", late, "<= 100", late <= 100
    late = found["lists"]["p99_ms"]
    yield f"list of vessels, {READERS} clients, p99 (ms)", late, "<= 100", late <= 100
    shown = found["page"]["numbers_minus_empty_ms"]
    yield "page: all numbers shown, minus empty page (ms)", shown, "<= 100", shown <= 100
    size = found["page"]["bytes"] / 1000
    yield "transferred for the page (kB)", size, "<= 75", size <= 75
    memory = found["memory_mb"]
    yield "server memory after the load (MB)", memory, "<= 80", memory <= 80


def main() -> None:
    """Measure the figures, print them, and write them to bench/http-latest.json."""
    found = measure()
    lines = list(verdicts(found))
    for what, value, bound, holds in lines:
        print(f"{what:<58} {value:>8.2f}  {bound:<8} {'holds' if holds else 'MISSED'}")
    found["bounds"] = {
        what: {"value": round(value, 3), "bound": bound, "holds": holds}
        for what, value, bound, holds in lines
    }
    path = HERE / "http-latest.json"
    path.write_text(json.dumps(found, indent=2) + "\n")
    print(f"written to {path.relative_to(HERE.parent)}")


if __name__ == "__main__":
    main()
