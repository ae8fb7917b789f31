"""Tells systemd that the process works, over the socket that it names (sd_notify(3)).

Without systemd, NOTIFY_SOCKET is not set, and nothing is told. If the unit has WatchdogSec, systemd
kills a process that does not say in time that it is alive, and starts it again.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

log = logging.getLogger("vessel_activity.supervision")


@asynccontextmanager
async def supervised() -> AsyncIterator[None]:
    """Tell that the process is ready, that it is alive while the block runs, and that it stops.

    The same event loop does the work and says that it is alive. So a process that is stuck says
    nothing.
    """
    _tell("READY=1")
    every = _seconds_between_signs()
    signs = asyncio.create_task(_give_signs(every)) if every is not None else None
    try:
        yield
    finally:
        if signs is not None:
            signs.cancel()
            with suppress(asyncio.CancelledError):
                await signs
        _tell("STOPPING=1")


async def _give_signs(every: float) -> None:
    while True:
        _tell("WATCHDOG=1")
        await asyncio.sleep(every)


def _seconds_between_signs() -> float | None:
    """Return how often systemd must hear of this process; None if it does not watch it.

    A third of the limit, so that two lost signs do no harm.
    """
    limit = os.environ.get("WATCHDOG_USEC", "")
    process = os.environ.get("WATCHDOG_PID") or str(os.getpid())
    if not limit.isdecimal() or int(limit) == 0 or process != str(os.getpid()):
        return None
    return int(limit) / 1_000_000 / 3


def _tell(state: str) -> None:
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # in the abstract namespace
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
            channel.setblocking(False)  # the server must not wait for systemd
            channel.connect(address)
            channel.send(state.encode())
    except OSError as error:
        log.warning("systemd could not be told %s: %s", state, error.strerror)
