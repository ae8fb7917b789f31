"""The network between the web server and the database.

The writers use the socket, which nothing cuts.
"""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from chaos.fault import TAKEN_OVER_WITHIN_SECONDS, Setup, fault

if TYPE_CHECKING:
    from chaos.lab import Lab

_DEADLINES = "Every wait for the database has a deadline. Then a new connection is opened."
_TABLE = "inet chaos"


def _filter(*rules: str) -> None:
    """Drop packets by these rules, and no others."""
    lines = [
        f"add table {_TABLE}",
        f"add chain {_TABLE} incoming {{ type filter hook input priority 0 ; }}",
        f"flush chain {_TABLE} incoming",
        *(f"add rule {_TABLE} incoming {rule} drop" for rule in rules),
    ]
    subprocess.run(["nft", "-f", "-"], input="\n".join(lines) + "\n", text=True, check=True)


def _cut_all(lab: Lab, seconds: float) -> None:
    lab.begin()
    _filter("tcp dport 5432", "tcp sport 5432")
    lab.hold(seconds)
    _filter()
    lab.end()


def _of_ports(ports: list[int]) -> list[str]:
    rules = []
    for port in ports:
        rules += [f"tcp dport {port} tcp sport 5432", f"tcp sport {port} tcp dport 5432"]
    return rules


@fault("the network is cut for 20 s", _DEADLINES, needs=("nft",))
def cut_20_seconds(lab: Lab) -> None:
    _cut_all(lab, 20)


@fault("the network is cut for 120 s", _DEADLINES, needs=("nft",))
def cut_120_seconds(lab: Lab) -> None:
    _cut_all(lab, 120)


@fault("the network is cut for 360 s", _DEADLINES, needs=("nft",))
def cut_360_seconds(lab: Lab) -> None:
    _cut_all(lab, 360)


@fault(
    "the present connections are cut for good, while new ones work",
    _DEADLINES + " Figures that do not get stale need no alarm.",
    flag="may",
    needs=("nft",),
)
def old_connections_cut(lab: Lab) -> None:
    lab.begin()
    _filter(*_of_ports([port for _, port in lab.sessions()]))
    lab.end()


@fault(
    "the connection of a refresh is cut in the middle of it, for good; another server is healthy",
    "A refresh needs no answer from its client to end, so it commits and lets the others refresh.",
    flag="may",
    healed_within=TAKEN_OVER_WITHIN_SECONDS,
    needs=("nft",),
    setup=Setup(servers=2, positions=200_000),
)
def cut_in_mid_refresh(lab: Lab) -> None:
    _, role, port = lab.catch_refresh()
    _filter(*_of_ports([port or 0]))
    lab.begin()
    lab.watch_another(lab.web_of(role))
    lab.end()


@fault(
    "the name of the database's host is unknown for 70 s, and its sessions are ended",
    "The web server tries again after 10 s at the most.",
    needs=("namespaces",),
    setup=Setup(hosts=True),
)
def name_unknown(lab: Lab) -> None:
    lab.begin()
    lab.name_the_database(known=False)
    lab.end_sessions()
    lab.hold(70)
    lab.name_the_database(known=True)
    lab.end()
