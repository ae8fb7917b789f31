"""Processes that are killed, ended or frozen."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

from chaos.fault import TAKEN_OVER_WITHIN_SECONDS, Setup, fault

if TYPE_CHECKING:
    from chaos.lab import Lab

_RETRIES = "The refresh loop and the listener connect again by themselves."


@fault(
    "kill -9 of the web server; it is started again after 5 s",
    "A supervisor starts it again. It reads the row at once, and refreshes if that is due.",
    fast=True,
)
def server_killed(lab: Lab) -> None:
    lab.begin()
    lab.webs[0].kill()
    lab.hold(5)
    lab.webs[0].start()
    lab.end()


@fault(
    "kill -9 of the backend that refreshes, so that PostgreSQL restarts",
    _RETRIES,
    flag="may",
    writers="stopped",
    fast=True,
)
def refresh_backend_killed(lab: Lab) -> None:
    pid = lab.sessions("application_name ~ 'refresh'")[0][0]
    lab.begin()
    os.kill(pid, signal.SIGKILL)
    lab.hold(0.5)
    lab.pg.wait_until_it_answers()
    lab.end()


@fault(
    "kill -9 of all processes of PostgreSQL; it is started again after 8 s",
    _RETRIES,
    writers="stopped",
)
def database_killed(lab: Lab) -> None:
    lab.begin()
    lab.pg.kill()
    lab.hold(8)
    lab.pg.start()
    lab.end()


@fault(
    "immediate stop of PostgreSQL; it is started again after 8 s",
    _RETRIES,
    writers="stopped",
)
def database_stopped(lab: Lab) -> None:
    lab.begin()
    lab.pg.stop("immediate")
    lab.hold(8)
    lab.pg.start()
    lab.end()


@fault("restart of PostgreSQL", _RETRIES, flag="may", writers="stopped")
def database_restarted(lab: Lab) -> None:
    lab.begin()
    lab.pg.stop("fast")
    lab.pg.start()
    lab.end()


@fault("the session that refreshes is terminated", _RETRIES, flag="may")
def refresh_session_ended(lab: Lab) -> None:
    lab.begin()
    lab.end_sessions("application_name ~ 'refresh'")
    lab.end()


@fault("the session that listens is terminated", _RETRIES, flag="may")
def listener_session_ended(lab: Lab) -> None:
    lab.begin()
    lab.end_sessions("application_name !~ 'refresh'")
    lab.end()


@fault(
    "kill -9 of the one of two web servers that refreshes, for good",
    "The other server finds the row late and refreshes.",
    flag="may",
    healed_within=TAKEN_OVER_WITHIN_SECONDS,
    setup=Setup(servers=2),
)
def one_of_two_servers_killed(lab: Lab) -> None:
    web = lab.web_of(lab.catch_refresh()[1])
    lab.watch_another(web)
    lab.begin()
    web.kill()
    lab.end()


@fault(
    "five web servers on one database",
    "Each refresh loop asks the database whether a refresh is due, and the first one refreshes.",
    flag="never",
    setup=Setup(servers=5),
)
def five_servers(lab: Lab) -> None:
    lab.begin()
    lab.hold(4 * lab.interval)
    number = lab.refreshes(4 * lab.interval)
    lab.note(f"{number} refreshes in {4 * lab.interval:g} s")
    if number > 5:
        lab.problem(f"five servers refreshed {number} times in four intervals, bound 5")
    lab.end()


@fault(
    "all processes of PostgreSQL are frozen for 60 s",
    "The web server gives up each read after 2 s and says that the figures are unconfirmed.",
    writers="stopped",
)
def database_frozen(lab: Lab) -> None:
    frozen = lab.pg.freeze()
    lab.begin()
    lab.hold(60)
    lab.pg.thaw(frozen)
    lab.end()


@fault(
    "the backend that refreshes is frozen in the middle of its work for 100 s",
    "The others do not wait for it. Nobody can end a frozen process, so it is told.",
)
def refresh_backend_frozen(lab: Lab) -> None:
    pid = lab.catch_refresh()[0]
    lab.begin()
    lab.freeze_for(pid, 100)
    lab.end()


@fault(
    "the web server is frozen in the middle of its refresh, for good; another one is healthy",
    "A refresh needs no answer from its client to end, so it commits and lets the others refresh.",
    flag="may",
    healed_within=TAKEN_OVER_WITHIN_SECONDS,
    setup=Setup(servers=2, positions=200_000),
)
def client_frozen(lab: Lab) -> None:
    web = lab.web_of(lab.catch_refresh()[1])
    lab.watch_another(web)
    web.freeze()
    lab.begin()
    lab.end()


@fault(
    "each of three refreshes is slowed down to 15 s",
    "A refresh that is slow but living is no fault. The figures are as old as it takes.",
    flag="never",
    # The refresh that is due at the end may be a slow one that has just begun.
    healed_within=55,
)
def slow_refresh(lab: Lab) -> None:
    lab.begin()
    for _ in range(3):
        lab.freeze_for(lab.catch_refresh()[0], 15)
        lab.hold(2)
    lab.end()
