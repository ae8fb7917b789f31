"""A streaming standby of a test server."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.builds import client_program

if TYPE_CHECKING:
    from vessel_activity.database.local_server import LocalServer


def start_standby(primary: LocalServer, standby: LocalServer, *others: LocalServer) -> None:
    """Make a streaming standby of a server, and start it.

    others: servers that may be promoted; the standby follows whichever is the primary.
    """
    standby.datadir.mkdir(mode=0o700, parents=True)
    primary.account.give(standby.datadir)
    primary._run(
        [
            client_program("pg_basebackup"),
            *("--pgdata", str(standby.datadir)),
            *("--checkpoint=fast", "--no-sync", "--username", "postgres"),
            *("--host", str(primary.socket_folder), "--port", "5432"),
        ],
        "the standby could not be made",
    )
    # pg_basebackup --write-recovery-conf may be newer than the server, and name settings that the
    # server does not know.
    (standby.datadir / "standby.signal").touch()
    # The folder of the socket is that of the data. The others may not run yet.
    hosts = ",".join(str(server.datadir) for server in (primary, *others))
    with (standby.datadir / "postgresql.auto.conf").open("a", encoding="utf-8") as settings:
        settings.write(
            f"primary_conninfo = 'host={hosts} port=5432 user=postgres"
            " target_session_attrs=primary'\n"
        )
    standby.start()
