"""The programs check the certificate of the database, with the address that the guide shows."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

import psycopg
import pytest

from tests.conftest import PROJECT
from tests.test_operating_guide import blocks, section
from vessel_activity.install.migrate import migrate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from vessel_activity.database.local_server import LocalServer

OPENSSL = shutil.which("openssl", path="/usr/local/bin:/usr/bin:/bin")
PUBLIC = "/etc/ssl/certs/ca-certificates.crt"
# Port 5432 of an address of its own, because a test server has its port in the name of its socket.
ADDRESS = f"127.77.{os.getpid() % 250 + 1}.{os.getpid() // 250 % 250 + 1}"

pytestmark = pytest.mark.skipif(OPENSSL is None, reason="openssl is missing")


class Site(NamedTuple):
    """A database that is reached with TLS, and the file of the authority of its certificate."""

    authority: Path
    other_authority: Path
    folder: Path
    """A folder of authorities as OpenSSL looks them up."""


def openssl(*words: str) -> str:
    done = subprocess.run([str(OPENSSL), *words], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def site(
    new_server: Callable[..., LocalServer], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("tls")
    for name, subject in (("site", ADDRESS), ("other", "another authority")):
        openssl(
            *("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"),
            *("-subj", f"/CN={subject}", "-addext", f"subjectAltName=IP:{ADDRESS}"),
            *("-out", str(folder / f"{name}.crt"), "-keyout", str(folder / f"{name}.key")),
        )
    found = folder / "found"
    found.mkdir()
    digest = openssl("x509", "-hash", "-noout", "-in", str(folder / "site.crt"))
    shutil.copy(folder / "site.crt", found / f"{digest}.0")

    server = new_server(listen_addresses=ADDRESS)
    server.start()
    data = server.datadir
    owner = data.stat()
    for name in ("server.crt", "server.key"):
        shutil.copy(folder / name.replace("server", "site"), data / name)
        (data / name).chmod(0o600)
        os.chown(data / name, owner.st_uid, owner.st_gid)
    # The line of the guide, for this machine.
    with (data / "pg_hba.conf").open("a") as access:
        access.write("hostssl fleet vessel_activity_server 127.0.0.0/8 scram-sha-256\n")
    with psycopg.connect(server.url(), autocommit=True) as connection:
        connection.execute("alter system set ssl = on")
        connection.execute("create database fleet")
        connection.execute("create role vessel_activity_server login password 'PASSWORD'")
    # Started again, it has read both files.
    server.stop()
    server.start()
    migrate(server.url("fleet"))
    with psycopg.connect(server.url("fleet"), autocommit=True) as connection:
        connection.execute(
            "select public.vessel_activity_grant('vessel_activity_server'::text, 'operator'::text)"
        )
    yield Site(folder / "site.crt", folder / "other.crt", found)
    server.stop("immediate")


def documented() -> str:
    """Return the address of the file `environment` in the guide, for the server of this test."""
    (line,) = [
        block for block in blocks(section("4. The services")) if block.startswith("DATABASE_URL=")
    ]
    address = line.strip().removeprefix("DATABASE_URL=")
    assert f"sslmode=verify-full&sslrootcert={PUBLIC}" in address
    return address.replace("db.example.org", ADDRESS)


def status(url: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """Run `vessel-activity status` without a setting of OpenSSL, after some lines of Python."""
    program = f"{before}\nfrom vessel_activity.cli import main\nmain(['status'])"
    return subprocess.run(
        [sys.executable, "-c", program],
        cwd=PROJECT,
        env={"PATH": "/usr/bin:/bin", "DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_address_of_the_guide_checks_the_certificate(site: Site) -> None:
    good = status(documented().replace(PUBLIC, str(site.authority)))
    assert good.returncode == 0, good.stdout + good.stderr
    assert good.stdout.startswith("ok    freshness")
    bad = status(documented().replace(PUBLIC, str(site.other_authority)))
    assert bad.returncode == 2
    assert "certificate verify failed" in bad.stderr


def test_the_word_system_means_the_authorities_of_this_system(site: Site) -> None:
    url = documented().replace(PUBLIC, "system")
    unknown = status(url)
    assert unknown.returncode == 2
    assert "certificate verify failed" in unknown.stderr
    # As if the authority of the test were a public one here.
    installed = f"""
import ssl
paths = ssl.get_default_verify_paths()._replace(cafile=None, capath={str(site.folder)!r})
ssl.get_default_verify_paths = lambda: paths
"""
    known = status(url, installed)
    assert known.returncode == 0, known.stdout + known.stderr
