"""What a machine allows: root, network namespaces, a packet filter, a movable clock, and others."""

from __future__ import annotations

import os
import shutil
import subprocess
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chaos.postgres import faketime_library
from tests.support import builds
from vessel_activity.database import embedded

if TYPE_CHECKING:
    from collections.abc import Callable

_FIRST_WITH_A_SMALL_QUEUE = 17


def programs(*, newest: bool = False) -> Path:
    """Return the folder of PostgreSQL's programs. PG= chooses them, as for the tests.

    Args:
        newest: the build must have max_notify_queue_pages, else the embedded one is taken.

    """
    if newest and builds.major() < _FIRST_WITH_A_SMALL_QUEUE:
        return embedded.binaries()
    return builds.postgresql_binaries()


@cache
def can_isolate() -> bool:
    """Tell whether a laboratory can have a network, processes and mounts of its own."""
    return os.geteuid() == 0 and _works([*ISOLATE, "ip", "link", "set", "lo", "up"])


ISOLATE = ("unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "--")
"""Runs a program in namespaces of its own. All of its processes end with it."""


def _works(command: list[str]) -> bool:
    if shutil.which(command[0]) is None:
        return False
    done = subprocess.run(command, capture_output=True, stdin=subprocess.DEVNULL, check=False)
    return done.returncode == 0


def _memory_limits() -> bool:
    return any(folder.exists() and os.access(folder, os.W_OK) for folder in memory_groups())


def memory_groups() -> list[Path]:
    """Return the folders in which a group of processes with limited memory may be made."""
    root = Path("/sys/fs/cgroup")
    found = [root / "memory"]
    controllers = root / "cgroup.controllers"
    if controllers.exists() and "memory" in controllers.read_text():
        found.append(root)
    return [folder for folder in found if folder.exists()]


_NEEDS: dict[str, tuple[Callable[[], bool], str]] = {
    "namespaces": (can_isolate, "it needs root, and unshare with ip: util-linux and iproute2"),
    "nft": (
        lambda: can_isolate() and _works([*ISOLATE, "nft", "add", "table", "inet", "probe"]),
        "it needs root and nft, which drops packets: nftables",
    ),
    "faketime": (lambda: faketime_library() is not None, "it needs libfaketime"),
    "pg_cron": (lambda: builds.has("pg_cron"), "this build of PostgreSQL has no pg_cron"),
    "memory limits": (_memory_limits, "it needs root and control groups for memory"),
    "newer": (
        lambda: builds.major() < builds.embedded_major(),
        "there is no newer PostgreSQL to upgrade to",
    ),
    "wrk": (lambda: shutil.which("wrk") is not None, "it needs wrk"),
}


def missing(needs: tuple[str, ...]) -> str | None:
    """Say why this machine can't run a fault with these needs; None if it can."""
    for need in needs:
        has, reason = _NEEDS[need]
        if not has():
            return reason
    return None
