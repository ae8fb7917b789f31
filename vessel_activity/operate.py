"""The commands `refresh` and `status`: what an operator asks of the database, printed."""

from __future__ import annotations

from vessel_activity.database.connections import connect
from vessel_activity.errors import RefreshError


def refresh(url: str) -> None:
    """Refresh once, and print the row as JSON.

    Raises:
        RefreshError: the refresh returned no row.
        psycopg.Error: the database refuses.

    """
    with connect(url, purpose="refresh") as connection:
        row = connection.execute(
            "select vessel_activity.figures_json(r) from vessel_activity.refresh_now() as r"
        ).fetchone()
        # A page need not wait until the refresh loop sees the row.
        connection.execute("select vessel_activity.announce()")
    if row is None:
        raise RefreshError("the refresh returned no row; run `vessel-activity status`")
    print(row[0])


def status(url: str) -> bool:
    """Print one line a check, with what to do about it; return whether no check fails."""
    with connect(url, purpose="status") as connection:
        # Never the function in schema public: while vessel activity is not installed, another role
        # may have made one of that name, and it would run with the rights of this one.
        checks = connection.execute(
            "select check_name, state, detail, hint from vessel_activity.status()"
        ).fetchall()
    width = max((len(str(name)) for name, *_ in checks), default=0)
    for name, state, detail, hint in checks:
        print(f"{state:<4}  {name:<{width}}  {detail}")
        if hint and state != "ok":
            print(f"{'':<4}  {'':<{width}}  -> {hint}")
    return not any(state == "fail" for _, state, *_ in checks)
