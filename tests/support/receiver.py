"""A receiver of webhooks: a real web server that answers as a test says."""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, NamedTuple, Self

if TYPE_CHECKING:
    import ssl


class Received(NamedTuple):
    """A request: its path, headers and body, and the status that answered it."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    status: int


class Receiver:
    """Takes every POST. It answers with the next of `answers`, or with 200 if there is none left.

    An answer is a status, a pair of a status and headers, or an event: then it waits for the event
    and answers 200.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.received: list[Received] = []
        self.answers: deque[Any] = deque()
        self.arrived = threading.Semaphore(0)
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver.take(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        scheme = "http" if tls is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/hooks/a-secret?key=another"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def take(self, request: BaseHTTPRequestHandler) -> None:
        """Receive and answer one request."""
        body = json.loads(request.rfile.read(int(request.headers["content-length"])))
        headers = {name.lower(): value for name, value in request.headers.items()}
        answer = self.answers.popleft() if self.answers else 200
        status, more = answer if isinstance(answer, tuple) else (answer, {})
        if isinstance(answer, threading.Event):
            status = 200
        self.received.append(Received(request.path, headers, body, status))
        self.arrived.release()
        if isinstance(answer, threading.Event):
            answer.wait(30)
        request.send_response(status)
        for name, value in more.items():
            request.send_header(name, value)
        request.send_header("content-length", "0")
        request.end_headers()

    @property
    def accepted(self) -> list[tuple[str, str]]:
        """Event and sentence of each body that was accepted, in order."""
        return [
            (each.body["event"], each.body["text"]) for each in self.received if each.status == 200
        ]
