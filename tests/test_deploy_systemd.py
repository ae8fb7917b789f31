"""The systemd units are right and hardened, and the programs do what the units expect of them."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.conftest import COMMAND, PROJECT
from tests.support.webserver import STATS, eventually, fetch

if TYPE_CHECKING:
    from collections.abc import Iterator

UNITS = sorted((PROJECT / "deploy" / "systemd").glob("*.service"))
MOST_EXPOSURE = 2.0
_TARGETS = Path("/usr/lib/systemd/system")
# What a feed listens to here; the system chooses the port.
_SOURCE = "udp://127.0.0.1:0?name=roof"


def analyze(*arguments: str) -> subprocess.CompletedProcess[str]:
    program = shutil.which("systemd-analyze")
    if program is None:
        pytest.skip("systemd-analyze is not installed; run scripts/install-packages")
    return subprocess.run([program, *arguments], capture_output=True, text=True, check=False)


def settings_of(unit: Path) -> dict[str, list[str]]:
    """Return the values of each setting of a unit, in their order."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", unit.read_text(encoding="utf-8"), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def test_there_is_a_unit_for_each_program_that_lasts() -> None:
    assert {unit.stem: settings_of(unit)["ExecStart"][0].split("/")[-1] for unit in UNITS} == {
        "vessel-activity": "vessel-activity serve",
        "vessel-activity-feed": "vessel-activity feed $FEED_FROM",
        "vessel-activity-refresh-loop": "vessel-activity refresh-loop",
    }


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give the root of a system with the units and the program at their places."""
    analyze("--version")  # skips the test without systemd
    shutil.copytree(_TARGETS, tmp_path / "usr/lib/systemd/system", symlinks=True)
    installed = tmp_path / "etc/systemd/system"
    installed.mkdir(parents=True)
    for unit in UNITS:
        shutil.copy(unit, installed)
    program = tmp_path / "opt/vessel-activity/bin/vessel-activity"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path


def complaints(root: Path, unit: Path) -> list[str]:
    """Return what `systemd-analyze verify` says about a unit."""
    done = analyze("verify", "--man=no", f"--root={root}", unit.name)
    found = [said for said in done.stderr.splitlines() if unit.stem in said]
    return found or ([] if done.returncode == 0 else [done.stderr])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_understands_every_line_of_the_unit(root: Path, unit: Path) -> None:
    assert complaints(root, unit) == []


def test_a_mistake_in_a_unit_is_found(root: Path) -> None:
    place = root / "etc/systemd/system" / UNITS[0].name
    place.write_text(place.read_text().replace("MemoryMax=", "MemoryMox="))
    (told,) = complaints(root, UNITS[0])
    assert "MemoryMox" in told
    (root / "opt/vessel-activity/bin/vessel-activity").unlink()
    assert any("not executable" in told for told in complaints(root, UNITS[1]))


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_unit_is_hardened(unit: Path) -> None:
    done = analyze("security", "--no-pager", "--offline=true", str(unit))
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    assert found is not None, done.stdout + done.stderr
    assert float(found[1]) < MOST_EXPOSURE


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_systemd_starts_it_again_for_ever_and_limits_its_memory(unit: Path) -> None:
    settings = settings_of(unit)
    assert settings["Type"] == ["notify"]
    assert settings["Restart"] == ["on-failure"]
    assert settings["StartLimitIntervalSec"] == ["0"]
    assert settings["MemoryMax"] == ["256M"]
    # A frozen process is noticed, ended and started again within 35 s.
    (watchdog,), (end,), (pause,) = (
        settings[name] for name in ("WatchdogSec", "TimeoutAbortSec", "RestartSec")
    )
    assert int(watchdog) + int(end) + int(pause) < 30


@contextmanager
def listening(address: str) -> Iterator[socket.socket]:
    """Listen as systemd does, on a path or in the abstract namespace."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as told:
        told.bind(address.replace("@", "\0", 1))
        told.settimeout(30)
        yield told


def environment(url: str, **changes: str) -> dict[str, str]:
    return {**os.environ, "DATABASE_URL": url, "PORT": "0", **changes}


def hear(told: socket.socket) -> str:
    return told.recv(4096).decode()


@pytest.mark.parametrize(
    ("command", "kind"),
    [(["serve"], "path"), (["refresh-loop"], "abstract"), (["feed", _SOURCE], "path")],
    ids=lambda value: value if isinstance(value, str) else value[0],
)
def test_systemd_hears_when_it_is_ready_alive_and_stopping(
    url: str, tmp_path: Path, command: list[str], kind: str
) -> None:
    address = str(tmp_path / "notify") if kind == "path" else f"@vessel-activity-{os.getpid()}"
    with listening(address) as told:
        variables = environment(
            url,
            NOTIFY_SOCKET=address,
            WATCHDOG_USEC="600000",
            VESSEL_ACTIVITY_DATA_DIR=str(tmp_path),
        )
        with subprocess.Popen([*COMMAND, *command], cwd=PROJECT, env=variables) as process:
            try:
                assert hear(told) == "READY=1"
                assert [hear(told) for _ in range(3)] == ["WATCHDOG=1"] * 3
                process.send_signal(signal.SIGTERM)
                said = hear(told)
                while said == "WATCHDOG=1":
                    said = hear(told)
                assert said == "STOPPING=1"
                assert process.wait(20) == 0
            finally:
                process.kill()


def read_until_silence(told: socket.socket) -> int:
    """Return how many signs come until none comes for a while."""
    signs = 0
    with suppress(TimeoutError):
        while hear(told):
            signs += 1
    return signs


def test_a_frozen_server_gives_no_sign_of_life(url: str, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with listening(address) as told:
        variables = environment(url, NOTIFY_SOCKET=address, WATCHDOG_USEC="300000")
        with subprocess.Popen([*COMMAND, "serve"], cwd=PROJECT, env=variables) as process:
            try:
                assert [hear(told) for _ in range(2)] == ["READY=1", "WATCHDOG=1"]
                process.send_signal(signal.SIGSTOP)
                # What it had sent before it was stopped is read; then nothing comes.
                told.settimeout(2)
                assert read_until_silence(told) < 10
                process.send_signal(signal.SIGCONT)
                told.settimeout(30)
                assert hear(told) == "WATCHDOG=1"
            finally:
                process.kill()


def test_a_watchdog_of_another_process_is_not_answered(url: str, tmp_path: Path) -> None:
    address = str(tmp_path / "notify")
    with listening(address) as told:
        variables = environment(
            url, NOTIFY_SOCKET=address, WATCHDOG_USEC="300000", WATCHDOG_PID=str(os.getpid())
        )
        with subprocess.Popen([*COMMAND, "refresh-loop"], cwd=PROJECT, env=variables) as process:
            try:
                assert hear(told) == "READY=1"
                process.terminate()
                assert hear(told) == "STOPPING=1"
            finally:
                process.kill()


def test_without_systemd_the_socket_is_gone_and_the_server_serves(url: str, tmp_path: Path) -> None:
    variables = environment(
        url, NOTIFY_SOCKET=str(tmp_path / "nobody"), WATCHDOG_USEC="300000", NO_COLOR="1"
    )
    with subprocess.Popen(
        [*COMMAND, "serve"], cwd=PROJECT, env=variables, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            address = announced(process.stderr)
            eventually(lambda: fetch(address + STATS, timeout=10).status_code == 200)
        finally:
            process.kill()


def announced(lines: Iterator[str]) -> str:
    """Return the address that the log of a server names."""
    for line in lines:
        if found := re.search(r"(http://\S+)/dashboard/vessels", line):
            return found[1]
    raise AssertionError("the server ended before it served")


def groups_of_system_calls() -> dict[str, set[str]]:
    """Return the members of each group of system calls, as systemd has them."""
    groups: dict[str, set[str]] = {}
    name = ""
    for line in analyze("syscall-filter", "--no-pager").stdout.splitlines():
        if line.startswith("@"):
            name = line.strip()
            groups[name] = set()
        elif line.startswith("    ") and not line.strip().startswith("#"):
            groups[name].add(line.strip())
    return groups


def expanded(names: set[str], groups: dict[str, set[str]]) -> set[str]:
    """Return the system calls of groups and of the groups in them."""
    calls: set[str] = set()
    for name in names:
        calls |= expanded(groups[name], groups) if name.startswith("@") else {name}
    return calls


@pytest.mark.slow
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_the_program_needs_no_system_call_and_no_memory_that_the_unit_forbids(
    url: str, tmp_path: Path, unit: Path
) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("strace is not installed; run scripts/install-packages")
    settings = settings_of(unit)
    assert settings["MemoryDenyWriteExecute"] == ["yes"]
    trace = tmp_path / "trace"
    command = settings["ExecStart"][0].replace("$FEED_FROM", _SOURCE).split()[1:]
    variables = environment(
        url,
        NOTIFY_SOCKET=str(tmp_path / "notify"),
        WATCHDOG_USEC="300000",
        VESSEL_ACTIVITY_DATA_DIR=str(tmp_path / "data"),
    )
    with (
        listening(variables["NOTIFY_SOCKET"]) as told,
        subprocess.Popen(
            [strace, "-f", "-qq", "-o", str(trace), *COMMAND, *command],
            cwd=PROJECT,
            env=variables,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        try:
            assert process.stderr is not None
            if command == ["serve"]:
                use(announced(process.stderr))
            told.settimeout(60)
            while hear(told) != "WATCHDOG=1":
                pass
            assert [hear(told) for _ in range(5)] == ["WATCHDOG=1"] * 5
            traced = int(trace.read_text().split(maxsplit=1)[0])
            os.kill(traced, signal.SIGTERM)
            process.communicate(timeout=60)
        finally:
            process.kill()
    calls = trace.read_text()
    used = set(re.findall(r"^\d+ +(\w+)\(", calls, re.MULTILINE))
    assert {"connect", "mmap", "sendto"} <= used

    groups = groups_of_system_calls()
    allowed: set[str] = set()
    for words in settings["SystemCallFilter"]:
        named = set(words.removeprefix("~").split())
        if words.startswith("~"):
            allowed -= expanded(named, groups)
        else:
            allowed |= expanded(named, groups)
    assert used - allowed == set()
    assert re.findall(r".*PROT_WRITE\|PROT_EXEC.*|.*mprotect\(.*PROT_EXEC.*", calls) == []
    families = set(re.findall(r"socket\((AF_\w+)", calls))
    # getaddrinfo asks for the addresses of the machine, and does without.
    assert families - {"AF_NETLINK"} <= set(settings["RestrictAddressFamilies"][0].split())


def use(address: str) -> None:
    """Ask for everything that a server gives."""
    eventually(lambda: fetch(address + STATS, timeout=30).status_code == 200)
    for path in (
        "/dashboard/vessels",
        "/api/database/vessel-stats-history?range=1h",
        "/metrics",
        "/readyz",
        "/openapi.json",
    ):
        assert fetch(address + path, timeout=30).status_code in {200, 503}
    with httpx.stream("GET", address + "/api/database/vessel-stats-stream", timeout=30) as stream:
        assert next(stream.iter_bytes())
