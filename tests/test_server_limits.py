"""No client can keep the others out, make the server large, or hold a connection for ever."""

from __future__ import annotations

import re
import socket
import sys
import time
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROJECT
from tests.support.webserver import (
    HISTORY,
    STATS,
    STREAM,
    WebServer,
    eventually,
    row_as_json,
    write_row,
)
from tests.test_server_metrics import samples
from vessel_activity.errors import SettingsError
from vessel_activity.settings import Settings
from vessel_activity.web.limits import (
    BODY_BYTES,
    HEADER_BYTES,
    IDLE_SECONDS,
    RESERVE,
    UNREAD_SECONDS,
    YOUNG_SECONDS,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# uvicorn has two parsers of HTTP. Without httptools the server uses h11.
PARSERS = {
    "httptools": [str(PROJECT / "server.py")],
    "h11": [
        "-c",
        "import sys; sys.modules['httptools'] = None; import server; server.main()",
    ],
}
SECOND_ADDRESS = "127.0.0.2"


@pytest.fixture(scope="module", params=PARSERS)
def parser(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@contextmanager
def serving(url: str, parser: str, **settings: str) -> Iterator[WebServer]:
    """Run the server with a parser; settings are named without their prefix."""
    write_row(url)
    environment = {f"VESSEL_ACTIVITY_{name}": value for name, value in settings.items()}
    with WebServer(url, environment, command=[sys.executable, *PARSERS[parser]]) as web:
        yield web


class Client:
    """A connection of which the test decides when it sends and reads."""

    def __init__(self, web: WebServer, address: str = "127.0.0.1", buffer: int = 0) -> None:
        self.socket = socket.socket()
        if buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        self.socket.bind((address, 0))
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", web.port))

    def send(self, data: bytes) -> None:
        """Send data; a connection that the server has ended takes none."""
        with suppress(ConnectionError):
            self.socket.sendall(data)

    def ask(self, path: str, headers: str = "", method: str = "GET") -> None:
        """Send a request."""
        self.send(f"{method} {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode())

    def answer(self) -> tuple[int, str, str]:
        """Read an answer: status, header and body; 0 if the server ended the connection instead."""
        with suppress(ConnectionError), self.socket.makefile("rb", buffering=0) as sent:
            head = ""
            while not head.endswith("\r\n\r\n"):
                line = sent.readline()
                if not line:
                    return 0, "", ""
                head += line.decode().lower()
            length = re.search(r"^content-length: (\d+)", head, re.MULTILINE)
            body = sent.read(int(length[1])) if length else b""
            return int(head.split()[1]), head, body.decode()
        return 0, "", ""

    def status(self) -> int:
        """Read an answer, and return its status; 0 if the server ended the connection instead."""
        return self.answer()[0]

    def is_open(self) -> bool:
        """Tell whether the server still holds the connection; reads what has arrived."""
        self.socket.setblocking(False)
        try:
            while self.socket.recv(65_536):
                pass
        except BlockingIOError:
            return True
        except OSError:
            return False
        finally:
            self.socket.settimeout(60)
        return False

    def close(self) -> None:
        """End the connection."""
        self.socket.close()


@contextmanager
def clients(web: WebServer, number: int, address: str = "127.0.0.1") -> Iterator[list[Client]]:
    """Open that many connections."""
    with ExitStack() as stack:
        opened = []
        for _ in range(number):
            opened.append(Client(web, address))
            stack.callback(opened[-1].close)
        yield opened


def once(web: WebServer, path: str, address: str = "127.0.0.1") -> int:
    """Ask for a path over a new connection, and return the status."""
    with clients(web, 1, address) as (client,):
        client.ask(path)
        return client.status()


def peak_mb(web: WebServer) -> float:
    """Return the most memory that the server has had so far, in megabytes."""
    status = Path(f"/proc/{web.process.pid}/status").read_text()
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1000


def test_a_header_without_end_is_cut_off(module_url: str, parser: str) -> None:
    with serving(module_url, parser) as web, clients(web, 4) as (header, line, names, later):
        before = peak_mb(web)
        endless = {
            header: (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", b"a" * 1_000_000),
            line: (b"GET /", b"a" * 1_000_000),
            names: (b"GET / HTTP/1.1\r\n", b"x: y\r\n" * 200_000),
            later: (b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ", b"a" * 1_000_000),
        }
        later.ask(STATS, "Content-Length: 9\r\n", "POST")
        assert later.status() == 405
        later.send(b"some body")
        for client, (start, piece) in endless.items():
            client.send(start)
            for _ in range(400):
                client.send(piece)
            assert not client.is_open()
        assert peak_mb(web) - before < 20
        assert once(web, STATS) == 200
        web.stop()
        assert "Traceback" not in web.log


def test_a_header_up_to_the_limit_is_taken_in_one_piece_or_in_many(
    module_url: str, parser: str
) -> None:
    with serving(module_url, parser) as web:
        for size, statuses in ((HEADER_BYTES - 100, {200}), (HEADER_BYTES + 8192, {400, 431})):
            for pieces in (1, 50):
                with clients(web, 1) as (client,):
                    head = f"GET {STATS} HTTP/1.1\r\nHost: x\r\nX-Long: ".encode()
                    head += b"a" * (size - len(head) - 4) + b"\r\n\r\n"
                    step = -(-len(head) // pieces)
                    for start in range(0, len(head), step):
                        client.send(head[start : start + step])
                        time.sleep(0.002)
                    assert client.status() in statuses


def test_many_requests_in_one_piece_are_all_answered(module_url: str, parser: str) -> None:
    """Together they are far longer than a header may be."""
    with serving(module_url, parser) as web, clients(web, 1) as (client,):
        number = 2000
        ask = f"GET {STATS} HTTP/1.1\r\nHost: x\r\n\r\n".encode() * (number - 1)
        ask += f"GET {STATS} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
        assert len(ask) > 5 * HEADER_BYTES
        client.send(ask)
        with client.socket.makefile("rb") as answers:
            assert answers.read().count(b"HTTP/1.1 200 OK") == number


def test_a_body_that_nobody_wants_is_answered_and_ended(module_url: str, parser: str) -> None:
    with serving(module_url, parser) as web, clients(web, 2) as (small, slow):
        small.ask(STATS, f"Content-Length: {BODY_BYTES // 2}\r\n", "POST")
        small.send(b"x" * (BODY_BYTES // 2))
        assert small.status() == 405
        small.ask(STATS)
        assert small.status() == 200

        # A body that trickles in holds its connection no longer than a silent client does.
        slow.ask(STATS, "Content-Length: 1000000\r\n", "POST")
        assert slow.status() == 405
        began = time.monotonic()
        while slow.is_open():
            slow.send(b"x")
            time.sleep(0.2)
            assert time.monotonic() - began < IDLE_SECONDS + 20


def test_connections_that_send_no_request_are_ended(module_url: str, parser: str) -> None:
    with serving(module_url, parser) as web, clients(web, 3) as (silent, begun, slow):
        began = time.monotonic()
        begun.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
        slow.send(b"GET / HTTP/1.1\r\n")
        while any(client.is_open() for client in (silent, begun, slow)):
            slow.send(b"x: y\r\n")
            time.sleep(0.2)
            assert time.monotonic() - began < IDLE_SECONDS + 20
        assert time.monotonic() - began > IDLE_SECONDS - 2
        assert samples(web)["http_connections_dropped_total", "header_time"] == 3


def test_1256_idle_connections_lock_nobody_out(module_url: str, parser: str) -> None:
    """They are more than may be open at all."""
    with (
        serving(module_url, parser, MAX_STREAMS="10", MAX_CONNECTIONS="500") as web,
        clients(web, 1256) as idle,
    ):
        for client in idle[::2]:
            client.send(b"GET / HTTP/1.1\r\nHost: x\r\n")
        time.sleep(YOUNG_SECONDS * 2)
        for path in (STATS, "/healthz", "/readyz", HISTORY, "/dashboard/vessels"):
            assert once(web, path) == 200
        found = samples(web)
        # Those that came when all others were young were refused.
        refused = found["http_connections_refused_total", "total"]
        assert found["http_connections_dropped_total", "evicted"] + refused >= 1256 - 500
        assert found["http_connections",] <= 500 + RESERVE
        assert found["http_connections_limit",] == 500


def test_health_is_told_while_every_connection_is_busy(module_url: str, parser: str) -> None:
    with serving(module_url, parser, MAX_CONNECTIONS="20") as web, clients(web, 20) as busy:
        for client in busy:
            client.ask(STREAM)
            assert client.status() == 200
        with clients(web, RESERVE * 2):  # beyond the limit, and idle
            for _ in range(3):
                assert once(web, "/healthz") == 200
                assert once(web, "/readyz") == 200
                with clients(web, 1) as (refused,):
                    refused.ask(STATS)
                    status, head, body = refused.answer()
                    assert (status, body) == (503, '{"error":"Too many connections"}')
                    assert "retry-after: 5" in head
                    assert not refused.is_open()
        assert all(client.is_open() for client in busy)
        busy[0].close()
        eventually(lambda: once(web, STATS) == 200)
        assert samples(web)["http_connections_refused_total", "total"] >= 9


def test_one_address_can_not_take_all_connections(module_url: str, parser: str) -> None:
    with (
        serving(module_url, parser, MAX_CONNECTIONS_PER_ADDRESS="5") as web,
        clients(web, 5, SECOND_ADDRESS) as greedy,
    ):
        for client in greedy:
            client.ask(STREAM)
            assert client.status() == 200
        assert once(web, STATS, SECOND_ADDRESS) == 503
        assert once(web, "/healthz", SECOND_ADDRESS) == 200
        assert once(web, STATS) == 200
        # An idle connection of the same address makes room.
        greedy[0].close()
        eventually(lambda: once(web, STATS, SECOND_ADDRESS) == 200)
        with clients(web, 1, SECOND_ADDRESS):
            assert once(web, STATS, SECOND_ADDRESS) == 503  # its request may be on its way
            time.sleep(YOUNG_SECONDS * 2)
            assert once(web, STATS, SECOND_ADDRESS) == 200
        assert samples(web)["http_connections_refused_total", "address"] >= 2


def test_a_client_that_does_not_read_its_answers_is_dropped(module_url: str, parser: str) -> None:
    with serving(module_url, parser) as web, ExitStack() as stack:
        client = Client(web, buffer=4096)
        stack.callback(client.close)
        # More than the buffers of both sockets hold.
        for _ in range(60):
            client.ask("/dashboard/uplot/uPlot.iife.min.js")
        eventually(
            lambda: samples(web)["http_connections_dropped_total", "slow_reader"] == 1,
            within_seconds=UNREAD_SECONDS + 25,
        )


def test_a_stream_client_that_never_reads_is_dropped(module_url: str, parser: str) -> None:
    with serving(module_url, parser) as web:
        client = Client(web, buffer=4096)
        client.ask(STREAM)
        eventually(lambda: samples(web)["stream_clients",] == 1)
        number = 0

        def dropped() -> bool:
            nonlocal number
            number += 1
            write_row(module_url, active_now=number, vessel_types='{"' + "x" * 60_000 + '": 1}')
            return samples(web)["stream_clients",] == 0

        eventually(dropped, within_seconds=UNREAD_SECONDS + 30)
        write_row(module_url)
        eventually(lambda: web.get(STATS).json() == row_as_json(module_url))
        client.close()


def test_the_limit_of_open_files_is_told_if_it_allows_less(module_url: str) -> None:
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_NOFILE, (300, 300));"
        "import server; server.main()"
    )
    with WebServer(module_url, command=[sys.executable, "-c", code]) as web:
        allowed = 300 - RESERVE - 100
        assert samples(web)["http_connections_limit",] == allowed
        with clients(web, 500):
            assert once(web, "/healthz") == 200
        web.stop()
        assert f"only {allowed} connections are possible, not 2000: raise the limit" in web.log


@pytest.mark.parametrize(
    ("host", "per_address"),
    [
        ("", 0),
        ("127.0.0.1", 0),
        ("localhost", 0),
        ("::1", 0),
        ("0.0.0.0", 100),  # noqa: S104 - nothing listens
        ("::", 100),
        ("192.0.2.7", 100),
    ],
)
def test_an_address_is_limited_unless_all_clients_are_of_this_machine(
    host: str, per_address: int
) -> None:
    settings = Settings.from_env({"HOST": host})
    assert settings.max_connections_per_address == per_address
    chosen = {"HOST": host, "VESSEL_ACTIVITY_MAX_CONNECTIONS_PER_ADDRESS": "7"}
    assert Settings.from_env(chosen).max_connections_per_address == 7


def test_the_limit_of_all_connections_leaves_room_beside_the_streams() -> None:
    assert Settings.from_env({}).max_connections == 2000
    many = {"VESSEL_ACTIVITY_MAX_STREAMS": "5000"}
    assert Settings.from_env(many).max_connections == 6000
    few = {"VESSEL_ACTIVITY_MAX_CONNECTIONS": "9"}
    with pytest.raises(SettingsError, match="MAX_CONNECTIONS must be a whole number from 10"):
        Settings.from_env(few)
