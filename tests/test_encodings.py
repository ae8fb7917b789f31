# ruff: noqa: E501 - SQL and messages read best unbroken
"""Everything works in databases of other encodings than UTF8, with bytes and characters of theirs."""

from __future__ import annotations

import json
import os
import subprocess
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psycopg
import pytest

from tests.conftest import COMMAND, PROJECT
from tests.support.builds import postgresql_binaries
from tests.support.catalog import snapshot
from tests.support.webserver import STATS, WebServer

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from vessel_activity.database.local_server import LocalServer


@dataclass(frozen=True)
class Encoding:
    """A database encoding, with names of types as bytes in it.

    Attributes:
        stored: types of two vessels each, as the bytes that are stored.
        shown: the types in the answer.
        named: what becomes of the name `AÄ漁€` of a vessel in a file.
        unfit: how many names of the file lose a character.

    """

    name: str
    stored: tuple[bytes, ...]
    shown: dict[str, int]
    named: str
    unfit: int


ENCODINGS = (
    Encoding(
        "SQL_ASCII",
        (b"F\xe4hre", b"F\xc3\xa4hre", b"Cargo", "é".encode() * 49 + b"x" + "é".encode()),
        # The cut at 100 bytes falls into the last character, which is left out.
        {"Fähre": 4, "Cargo": 2, "é" * 49 + "x": 2},
        "AÄ漁€",
        1,
    ),
    Encoding("LATIN1", (b"F\xe4hre", b"\x9d"), {"Fähre": 2, "\x9d": 2}, "AÄ??", 2),
    Encoding("WIN1252", (b"F\xe4hre", b"\x80", b"A\x9d"), {"A?": 2, "Fähre": 2, "€": 2}, "AÄ?€", 2),
    Encoding("EUC_JP", (b"\xb5\xf9", b"\xa9\xa1B"), {"?B": 2, "漁": 2}, "AÄ漁?", 2),
)
TABLES = """
create table vessels (id bigserial primary key, mmsi text unique, name text, "vesselType" text, flag text,
  active boolean default true);
"""
FILE = """MMSI,BaseDateTime,LAT,LON,VesselName
219000001,2022-01-03T00:00:00,50.5,-5.25,AÄ漁€
219000002,2022-01-03T00:00:00,50.5,-5.25,B\ufffd
219000003,2022-01-03T00:00:00,50.5,-5.25,
x,漁,€,\ufffd,
"""


@pytest.fixture(params=ENCODINGS, ids=lambda encoding: encoding.name)
def encoding(request: pytest.FixtureRequest) -> Encoding:
    found: Encoding = request.param
    return found


@pytest.fixture
def odd_url(server: LocalServer, encoding: Encoding) -> Iterator[str]:
    """Give the URL of an empty database of the encoding."""
    name = f"schiffé_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(
            f"create database \"{name}\" template template0 encoding '{encoding.name}' locale 'C'"
        )
        yield server.url(name)
        admin.execute(f'drop database "{name}" with (force)'.encode())


def command(url: str, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=PROJECT,
        env={**os.environ, "DATABASE_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stdout
    assert "Traceback" not in done.stdout
    return done.stdout


def store(url: str, encoding: Encoding) -> None:
    """Insert two vessels of each type, byte by byte as a client of that encoding does."""
    with psycopg.connect(url, client_encoding=encoding.name, autocommit=True) as db:
        for number, name in enumerate(encoding.stored * 2):
            literal = b"E'" + b"".join(b"\\x%02x" % byte for byte in name) + b"'"
            db.execute(
                b"insert into vessels (mmsi, \"vesselType\", flag) values ('%d', %s, %s)"
                % (number, literal, literal)
            )


def test_the_figures_are_refreshed_checked_and_served(odd_url: str, encoding: Encoding) -> None:
    with psycopg.connect(odd_url, autocommit=True) as db:
        db.execute(TABLES)
        store(odd_url, encoding)
    assert "is ready" in command(odd_url, "migrate")
    with psycopg.connect(odd_url, autocommit=True) as db:
        db.execute("update vessels set flag = null")
        db.execute('update vessels set flag = "vesselType"')

    row = json.loads(command(odd_url, "refresh"))
    assert (row["vesselTypes"], row["totalVessels"]) == (encoding.shown, 2 * len(encoding.stored))
    assert {one["flag"]: one["count"] for one in row["topFlags"]} == encoding.shown
    with psycopg.connect(odd_url, autocommit=True, client_encoding="UTF8") as db:
        db.execute("select public.vessel_activity_verify()")
        assert db.execute(
            "select mode, verification ->> 'equal' from vessel_activity.refresh_log order by id desc limit 1"
        ).fetchone() == ("incremental", "true")
    command(odd_url, "status")  # which ends with 1 if a check fails
    with WebServer(odd_url) as web:
        assert web.get(STATS).json()["vesselTypes"] == encoding.shown
        assert web.get("/dashboard/vessels").status_code == 200
        assert web.get("/metrics").status_code == 200


def test_a_file_with_characters_that_the_database_lacks_is_loaded(
    odd_url: str, encoding: Encoding, tmp_path: Path
) -> None:
    command(odd_url, "migrate")
    path = tmp_path / "漁€.csv"
    path.write_text(FILE, encoding="utf-8")

    said = command(odd_url, "load", str(path))

    assert f"names {encoding.unfit}" in said
    with psycopg.connect(odd_url, client_encoding="UTF8") as db:
        assert db.execute("select name from vessels where mmsi = '219000001'").fetchone() == (
            encoding.named,
        )
        assert db.execute(
            "select rows_read, rows_loaded, rows_rejected from vessel_activity.load"
        ).fetchone() == (4, 3, 1)
    command(odd_url, "status")  # which ends with 1 if a check fails


def test_the_sql_file_installs_what_migrate_installs_and_the_rollback_removes_it(
    odd_url: str, url: str
) -> None:
    def psql(*arguments: str) -> None:
        file = subprocess.run(
            [*COMMAND, "sql", *arguments], cwd=PROJECT, capture_output=True, check=True
        )
        done = subprocess.run(
            [postgresql_binaries() / "psql", "--no-psqlrc", odd_url],
            input=file.stdout,
            capture_output=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr

    psql()
    utf8 = odd_url + "&client_encoding=UTF8"
    assert snapshot(utf8) == snapshot(url)
    psql("--rollback")
    command(odd_url, "migrate")
    assert snapshot(utf8) == snapshot(url)
    assert "vessel activity is removed" in command(odd_url, "rollback")
    assert [row for row in snapshot(utf8) if "vessel_activity" in row[1]] == []


def test_the_demo_refuses_real_vessels(odd_url: str, encoding: Encoding) -> None:
    with psycopg.connect(odd_url, autocommit=True) as db:
        db.execute(TABLES)
    store(odd_url, encoding)
    with psycopg.connect(odd_url, autocommit=True) as db:
        db.execute('update vessels set name = "vesselType"')
    said = command(odd_url, "demo", code=2)
    assert "this database holds real vessels; simulated ones are not mixed with them" in said


def test_a_name_is_cut_between_characters_in_a_database_that_counts_bytes(
    server: LocalServer, tmp_path: Path
) -> None:
    name = f"test_{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server.url(), autocommit=True) as admin:
        admin.execute(f"create database {name} template template0 encoding 'SQL_ASCII' locale 'C'")
        command(server.url(name), "migrate")
        path = tmp_path / "ais.csv"
        path.write_text(FILE.replace("AÄ漁€", "ÄÄÄ"), encoding="utf-8")
        with psycopg.connect(server.url(name), autocommit=True, client_encoding="UTF8") as db:
            db.execute("alter table vessels alter name type varchar(5)")
            command(server.url(name), "load", str(path))
            assert db.execute("select name from vessels order by mmsi limit 1").fetchone() == (
                "ÄÄ",
            )
        admin.execute(f"drop database {name} with (force)")
