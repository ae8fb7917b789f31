"""Chooses the user that PostgreSQL's programs run as, because PostgreSQL refuses root.

An ordinary user runs them as itself. Root runs them as the owner of the server's folder. A new
folder is given to an existing unprivileged user; if none can work there, the programs run in a user
namespace. No user is created, and no rights change on folders other than the server's own.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vessel_activity.errors import LocalServerError

if TYPE_CHECKING:
    from pathlib import Path

# Nothing of the caller's locale may matter: a LANG that is not installed makes initdb fail.
_ENVIRONMENT = {"LC_ALL": "C", "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "TZ": "UTC"}


@dataclass(frozen=True)
class Account:
    """Runs programs as `user` (None: the present user), each behind the words of `prefix`."""

    user: pwd.struct_passwd | None = None
    prefix: tuple[str, ...] = ()

    def give(self, folder: Path) -> None:
        """Make the account the owner of a folder."""
        if self.user is not None:
            os.chown(folder, self.user.pw_uid, self.user.pw_gid)

    def run(self, command: list[str], folder: Path | str) -> subprocess.CompletedProcess[str]:
        """Run a program in a folder; stdout of the result holds all its output."""
        identity: dict[str, Any] = {}
        if self.user is not None:
            identity = {"user": self.user.pw_uid, "group": self.user.pw_gid, "extra_groups": []}
        # In a session of its own, so that Ctrl-C reaches only this process, which stops the server.
        # The output goes to a file: the server would keep a pipe open for ever.
        with tempfile.TemporaryFile("w+") as out:
            done = subprocess.run(
                [*self.prefix, *command],
                cwd=folder,
                env=_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                check=False,
                start_new_session=True,
                **identity,
            )
            out.seek(0)
            return subprocess.CompletedProcess(command, done.returncode, out.read())


def account_for(folder: Path, bindir: Path) -> Account:
    """Choose the user that the programs in `bindir` run as on `folder`, and give it a new folder.

    Raises:
        LocalServerError: the folder belongs to another user, or no user can run the programs.

    """
    owner = folder.stat().st_uid
    me = os.geteuid()
    if me != 0:
        if owner != me:
            raise foreign_folder(folder)
        return Account()
    if owner != 0:  # an earlier start gave it to this user
        return Account(pwd.getpwuid(owner))
    if not (folder / "PG_VERSION").exists():
        for name in ("postgres", "nobody"):
            try:
                account = Account(pwd.getpwnam(name))
            except KeyError:
                continue
            if _can_work(account, folder, bindir):
                return account
    return _in_namespace(folder, bindir)


def foreign_folder(folder: Path) -> LocalServerError:
    """Return the error for a data folder that another user owns."""
    return LocalServerError(
        f"{folder} belongs to another user; run this as its owner, "
        "or set VESSEL_ACTIVITY_DATA_DIR to a folder of your own"
    )


def _can_work(account: Account, folder: Path, bindir: Path) -> bool:
    """Give the empty folder to the account, and tell whether it can work there."""
    account.give(folder)
    probes = (
        [str(bindir / "postgres"), "--version"],
        ["/usr/bin/test", "-w", str(folder.resolve())],  # each parent must let it pass
    )
    try:
        if all(account.run(probe, "/").returncode == 0 for probe in probes):
            return True
    except OSError:
        pass
    os.chown(folder, 0, 0)
    return False


def _in_namespace(folder: Path, bindir: Path) -> Account:
    """Run as root under another number in a user namespace, which is all PostgreSQL asks for."""
    number = pwd.getpwnam("nobody").pw_uid  # initdb wants a name for the number
    unshare = shutil.which("unshare")
    if unshare is not None:
        options = ("--user", f"--map-user={number}", f"--map-group={number}", "--")
        account = Account(prefix=(unshare, *options))
        if account.run([str(bindir / "postgres"), "--version"], "/").returncode == 0:
            return account
    raise LocalServerError(
        "PostgreSQL does not run as root, no unprivileged user can reach "
        f"{folder} and {bindir}, and user namespaces are not allowed here. "
        "Move the project to a folder that others may enter (such as /opt or /srv), "
        "run this as an ordinary user, or set DATABASE_URL to an existing database"
    )
