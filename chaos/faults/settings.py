"""Settings, rights, limits and objects of the database that change under a running server."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psycopg

from chaos.fault import Setup, fault

if TYPE_CHECKING:
    from chaos.lab import Lab

_SECONDS = 60
_REFUSED = "The web server says so, and tries again after 10 s at the most."
_OWN_SETTINGS = (
    "The sessions of vessel activity set what they need, whatever the role's settings are."
)


def _change(lab: Lab, wrong: list[str], right: list[str], seconds: float = _SECONDS) -> None:
    """Do something wrong as the superuser, end the sessions, and undo it after a time."""
    lab.begin()
    lab.as_superuser(*wrong)
    lab.end_sessions()
    lab.hold(seconds)
    lab.as_superuser(*right)
    lab.end()


def _set(lab: Lab, **values: str) -> None:
    """Give the server's role other settings for 75 s."""
    _change(
        lab,
        [f"alter role server1 set {name} = '{value}'" for name, value in values.items()],
        ["alter role server1 reset all"],
        75,
    )


@fault(
    "all connections of PostgreSQL are taken for 60 s",
    _REFUSED,
    # A writer that must connect anew is refused by PostgreSQL itself.
    setup=Setup(options={"max_connections": "25"}),
)
def connections_full(lab: Lab) -> None:
    held: list[psycopg.Connection] = []
    lab.begin()
    ended = False
    deadline = time.monotonic() + _SECONDS
    while time.monotonic() < deadline:
        try:
            held.append(psycopg.connect(lab.pg.over_tcp("outsider")))
        except psycopg.OperationalError:
            if not ended:  # only now is there no place for those that connect again
                lab.end_sessions()
                ended = True
            else:
                time.sleep(0.3)
    for connection in held:
        connection.close()
    lab.note(f"{len(held)} connections")
    lab.end()


@fault("the password of the server's role is changed for 60 s", _REFUSED)
def password_changed(lab: Lab) -> None:
    _change(lab, ["alter role server1 password 'other'"], ["alter role server1 password 'pw'"])


@fault("the right to connect is taken away for 60 s", _REFUSED)
def connect_revoked(lab: Lab) -> None:
    _change(
        lab,
        ["revoke connect on database fleet from public"],
        ["grant connect on database fleet to public"],
    )


@fault("all rights of the server's role are taken away for 60 s", _REFUSED)
def rights_revoked(lab: Lab) -> None:
    lab.begin()
    lab.as_superuser("drop owned by server1")
    lab.hold(_SECONDS)
    with lab.pg.connect("owner") as db:
        lab.grant_to_server(db, "server1")
    lab.end()


@fault("statement_timeout = 5 ms for the server's role, for 75 s", _OWN_SETTINGS, flag="may")
def statement_timeout_5ms(lab: Lab) -> None:
    _set(lab, statement_timeout="5ms")


@fault(
    "default_transaction_read_only and serializable for the server's role, for 75 s",
    _OWN_SETTINGS,
    flag="may",
)
def read_only_by_default(lab: Lab) -> None:
    _set(lab, default_transaction_read_only="on", default_transaction_isolation="serializable")


@fault("idle_session_timeout = 3 s for the server's role, for 75 s", _OWN_SETTINGS, flag="may")
def idle_session_timeout_3s(lab: Lab) -> None:
    _set(lab, idle_session_timeout="3s")


@fault(
    "idle_in_transaction_session_timeout and lock_timeout = 1 ms for the server's role, for 75 s",
    _OWN_SETTINGS,
    flag="may",
)
def timeouts_1ms(lab: Lab) -> None:
    _set(lab, idle_in_transaction_session_timeout="1ms", lock_timeout="1ms")


@fault(
    "the interval is shortened from 10 minutes to the usual one",
    "The refresh loop hears of the change at once.",
    flag="may",
)
def interval_shortened(lab: Lab) -> None:
    with lab.pg.connect("owner") as db:
        schedule = "select public.vessel_activity_schedule(%s * interval '1 second')"
        db.execute(schedule, (600,))
        # The loop has then learnt of the long interval, and waits.
        with suppress(psycopg.Error):
            db.execute("select public.refresh_vessel_activity()")
        lab.hold(lab.interval + 5)
        lab.begin()
        db.execute(schedule, (lab.interval,))
        lab.end()


@fault(
    "the inbox is dropped by hand for 20 s, then migrate runs",
    "Writers go on. Refreshes and the status say what is missing, and migrate creates it again.",
)
def inbox_dropped(lab: Lab) -> None:
    lab.begin()
    lab.as_superuser("drop table vessel_activity.inbox cascade")
    lab.hold(20)
    done = lab.try_vessel_activity("migrate")
    if done.returncode != 0:
        lab.problem(f"migrate failed: {done.stdout.strip().splitlines()[-1]}")
    with lab.pg.connect("owner") as db:
        for role in lab.server_roles:
            lab.grant_to_server(db, role)
    lab.end()
