"""Roles for the tests of rights: made for one test, and gone after it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import psycopg

from vessel_activity.install import migrate

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def new_role(db: psycopg.Connection, url: str, *purposes: str, name: str = "") -> Iterator[str]:
    """Make a role that may log in and has the purposes; give the URL with which it connects."""
    name = f"{name or '_'.join(purposes) or 'nobody'}_{urlsplit(url).path[1:]}"
    db.execute(f"create role {name} login")
    try:
        for purpose in purposes:
            db.execute("select public.vessel_activity_grant(%s, %s)", (name, purpose))
        yield url.replace("postgres@", f"{name}@")
    finally:
        db.execute(f"drop owned by {name} cascade")
        db.execute(f"drop role {name}")


@contextmanager
def role(db: psycopg.Connection, url: str, *purposes: str) -> Iterator[psycopg.Connection]:
    """Open a session of a new role that has the purposes."""
    with (
        new_role(db, url, *purposes) as its_url,
        psycopg.connect(its_url, autocommit=True) as session,
    ):
        yield session


@contextmanager
def owned_by_another(db: psycopg.Connection, url: str) -> Iterator[tuple[str, str]]:
    """Migrate a database as a new owner who is no superuser; give the owner's name and URL.

    Args:
        db: a session of a superuser in another database.
        url: an empty database, with the superuser's name.

    """
    database = urlsplit(url).path[1:]
    owner = f"owner_{database}"
    its_url = url.replace("postgres@", f"{owner}@")
    db.execute(f"create role {owner} login")
    try:
        db.execute(f"alter database {database} owner to {owner}")
        migrate.migrate(its_url)
        yield owner, its_url
    finally:
        with psycopg.connect(url, autocommit=True) as session:
            session.execute(f"alter database {database} owner to postgres")
            session.execute(f"drop owned by {owner} cascade")
        db.execute(f"drop role {owner}")
