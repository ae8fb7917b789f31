"""The one connection over which requests ask the database: the history and the metrics share it.

A server process has three connections at most, whatever its clients do: this one, that of the
listener and that of the refresh loop.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Any

import psycopg

from vessel_activity.database.connections import AsyncSession, connect_async

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import LiteralString

# An unused connection is closed after this long. It would cost a backend, and may be dead.
UNUSED_SECONDS = 60.0


class Asking:
    """Asks one question after the other.

    Args:
        conninfo: libpq URL of the database.
        timeout_seconds: how long a question may take, the wait for its turn included.

    """

    def __init__(self, conninfo: str, *, timeout_seconds: float) -> None:
        self._conninfo = conninfo
        self._timeout_seconds = timeout_seconds
        self._turn = asyncio.Lock()
        self._session: AsyncSession | None = None
        self._used_at = 0.0

    async def ask(
        self,
        query: LiteralString,
        parameters: Sequence[Any] = (),
        *,
        statement_seconds: float | None = None,
    ) -> dict[str, Any]:
        """Return the first row of a query; {} if it has none.

        statement_seconds: how long the statement may take in the database.

        Raises:
            psycopg.Error: the database can't be reached, or refuses the query.
            TimeoutError: the turn and the answer took longer than the limit.

        """
        async with asyncio.timeout(self._timeout_seconds), self._turn:
            try:
                if self._session is not None:
                    try:
                        return await self._answer(
                            self._session, query, parameters, statement_seconds
                        )
                    except psycopg.OperationalError:
                        if not self._session.closed:
                            raise
                        # It broke while nobody used it. That says nothing about the database.
                self._session = await connect_async(self._conninfo, purpose="server")
                return await self._answer(self._session, query, parameters, statement_seconds)
            except BaseException:
                await self._close()
                raise

    async def run(self) -> None:
        """Close the connection whenever it has not been used for a while, until cancelled."""
        try:
            while True:
                await asyncio.sleep(UNUSED_SECONDS / 4)
                async with self._turn:
                    if time.monotonic() - self._used_at > UNUSED_SECONDS:
                        await self._close()
        finally:
            await self._close()

    async def _answer(
        self,
        session: AsyncSession,
        query: LiteralString,
        parameters: Sequence[Any],
        statement_seconds: float | None,
    ) -> dict[str, Any]:
        self._used_at = time.monotonic()
        if statement_seconds is None:
            cursor = await session.execute(query, parameters)
            return await cursor.fetchone() or {}
        # The setting holds for this transaction only, so it also works behind a pooler.
        async with session.transaction():
            limit = str(round(statement_seconds * 1000))
            await session.execute(
                "select pg_catalog.set_config('statement_timeout', %s, true),"
                " pg_catalog.set_config('lock_timeout', %s, true)",
                [limit, limit],
            )
            cursor = await session.execute(query, parameters)
            return await cursor.fetchone() or {}

    async def _close(self) -> None:
        session, self._session = self._session, None
        if session is not None:
            await session.close()
