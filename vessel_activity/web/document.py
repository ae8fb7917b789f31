"""The document of what is moving, with everything a request or a stream needs made beforehand."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from vessel_activity.web.answer import SHARED_ONE_SECOND, end, length, start
from vessel_activity.web.content import Content

if TYPE_CHECKING:
    from datetime import datetime

    from vessel_activity.web.answer import Header, Response


@dataclass(frozen=True, slots=True)
class Document:
    """The document as the three ready responses, and as an event of the stream.

    Attributes:
        as_of: the instant for which it is true.
        alerts: revision of the open alerts in it.
        content: the JSON text with its gzip and its ETag.
        event: the server-sent event `activity`.

    """

    as_of: datetime
    alerts: int
    content: Content
    event: bytes = field(repr=False)
    plain: Response = field(repr=False)
    gzipped: Response = field(repr=False)
    not_modified: Response = field(repr=False)

    @classmethod
    def of(cls, as_of: datetime, alerts: int, body: str, *, simulated: bool) -> Document:
        """Build the responses for a document; simulated: whether it is of a simulated fleet."""
        content = Content.of(body.encode(), level=6)
        common: list[Header] = [
            (b"etag", content.etag),
            (b"cache-control", SHARED_ONE_SECOND),
            (b"vary", b"accept-encoding"),
        ]
        headers: list[Header] = [(b"content-type", b"application/json"), *common]
        if simulated:
            headers.append((b"x-vessel-activity-source", b"simulated"))
        gzip_headers = [*headers, (b"content-encoding", b"gzip"), length(content.packed)]
        data = b"".join(b"data: %s\n" % line for line in content.body.splitlines())
        return cls(
            as_of=as_of,
            alerts=alerts,
            content=content,
            event=b"event: activity\n%s\n" % data,
            plain=(start(200, [*headers, length(content.body)]), end(content.body)),
            gzipped=(start(200, gzip_headers), end(content.packed)),
            not_modified=(start(304, common), end(b"")),
        )
