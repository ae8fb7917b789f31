"""The smallest possible ASGI application. `make bench-http` compares server.py with it.

Usage: python bench/smallest.py SOCKET STATUS BODY_LENGTH. SOCKET is the file descriptor of an
inherited listening socket. Every request gets the same answer: this status, and a body of this
length. The uvicorn settings are those of server.py.
"""

from __future__ import annotations

import socket
import sys
from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

SOCKET, STATUS, LENGTH = (int(argument) for argument in sys.argv[1:4])
BODY = b"x" * LENGTH
START = {
    "type": "http.response.start",
    "status": STATUS,
    "headers": []
    if STATUS == 304
    else [(b"content-type", b"application/json"), (b"content-length", str(LENGTH).encode())],
}
END = {"type": "http.response.body", "body": b"" if STATUS == 304 else BODY}


async def app(scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG001
    """Send the same answer to every request."""
    await send(START)
    await send(END)


if __name__ == "__main__":
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        log_config=None,
        backlog=2048,
    )
    uvicorn.Server(config).run([socket.socket(fileno=SOCKET)])
