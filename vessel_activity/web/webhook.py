"""Posts JSON to one address, and believes little of what comes back.

This is HTTP/1.1 as far as a webhook needs it: one request a connection, of which the status and
Retry-After are read. Certificates are verified. Redirects are not followed: the address of a
webhook is a secret, and the other place may not be meant to have it.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vessel_activity import __version__

if TYPE_CHECKING:
    from asyncio import StreamReader

# All of an attempt. A claim in the database lasts a minute.
TIMEOUT_SECONDS = 10.0
_MOST_BYTES = 16_384
_PRECEDING, _ACCEPTED, _REDIRECTED = range(100, 200), range(200, 300), range(300, 400)
_PORTS = {"http": 80, "https": 443}


class DeliveryError(Exception):
    """A body was not accepted.

    Attributes:
        retry_after: for how many seconds the receiver wants to be left alone; 0 if it does not say.

    """

    def __init__(self, message: str, retry_after: float = 0.0) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Webhook:
    """One address.

    Args:
        url: an http or https URL, as `Settings` has checked it.

    """

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or _PORTS[parts.scheme]
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._head = (
            f"POST {target} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            f"User-Agent: vessel-activity/{__version__}\r\nAccept: */*\r\nConnection: close\r\n"
            "Content-Type: application/json\r\n"
        )

    async def post(self, body: str, key: str) -> None:
        """Post a body; return once the receiver has accepted it with a status from 200 to 299.

        key: names the body for the receiver, as the header Idempotency-Key.

        Raises:
            DeliveryError: it was not accepted, or nobody can tell. The message holds no secret.

        """
        try:
            async with asyncio.timeout(TIMEOUT_SECONDS):
                status, retry_after = await self._exchange(body.encode(), key)
        except TimeoutError:
            raise DeliveryError(f"no answer within {TIMEOUT_SECONDS:g} s") from None
        except ssl.SSLCertVerificationError as error:
            raise DeliveryError(f"its certificate is not valid: {error.verify_message}") from None
        except (OSError, EOFError, asyncio.LimitOverrunError) as error:
            told = getattr(error, "strerror", None) or type(error).__name__
            raise DeliveryError(f"the receiver can't be reached: {told}") from None
        if status not in _ACCEPTED:
            redirect = " (redirects are not followed)" if status in _REDIRECTED else ""
            raise DeliveryError(f"the receiver answered {status}{redirect}", retry_after)

    async def _exchange(self, body: bytes, key: str) -> tuple[int, float]:
        """Return the status of the answer, and its Retry-After in seconds."""
        reader, writer = await asyncio.open_connection(
            self._host, self._port, ssl=self._tls, limit=_MOST_BYTES
        )
        try:
            head = f"{self._head}Idempotency-Key: {key}\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
            return await _answer(reader)
        finally:
            # Nobody waits for the other side to say goodbye.
            writer.transport.abort()


async def _answer(reader: StreamReader) -> tuple[int, float]:
    """Read the head of the answer. Answers such as 100 Continue only precede it."""
    for _ in range(5):
        head = await reader.readuntil(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        protocol, _, rest = first.partition(" ")
        if not protocol.startswith("HTTP/1.") or not rest[:3].isdecimal():
            break
        status = int(rest[:3])
        if status not in _PRECEDING:
            return status, _retry_after(lines)
    raise DeliveryError("the receiver does not answer as a web server does")


def _retry_after(lines: list[str]) -> float:
    """Return the seconds of Retry-After; 0 without it, or if it names a date."""
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip().lower() == "retry-after" and value.strip().isdecimal():
            return float(value.strip()[:6])
    return 0.0
