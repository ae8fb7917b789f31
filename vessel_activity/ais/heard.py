"""Tells when a message came first, if it comes again.

A message that has no time of its own gets that of its arrival. So each copy of it would be a new
report: rtl-ais sends the last 15 seconds again to whoever connects, and some programs send each
line twice. Two receivers hear the same ship, and a station may repeat what it hears.
"""

from __future__ import annotations

REPEAT_SECONDS = 20.0
"""How long after its arrival a message is known again. No ship sends the same bits so soon."""

_MOST_HELD = 50_000
_SIX_BITS = bytes([*range(48, 88), *range(96, 120)])
# The second character begins with the repeat indicator, which a repeating station changes.
_WITHOUT_REPEAT = bytes(
    _SIX_BITS[_SIX_BITS.index(code) & 15] if code in _SIX_BITS else code for code in range(256)
)


class Heard:
    """The messages of the last seconds. Its memory is bounded, however many come."""

    def __init__(self) -> None:
        self._new: dict[bytes, float] = {}
        self._old: dict[bytes, float] = {}
        self._began = 0.0

    def first(self, payload: bytes, arrived: float) -> float:
        """Return when a message came first.

        Args:
            payload: the six-bit characters of the whole message.
            arrived: when it came this time, in seconds since 1970.

        """
        # A clock that was set back begins anew, too.
        if not 0 <= arrived - self._began < REPEAT_SECONDS or len(self._new) >= _MOST_HELD:
            self._old, self._new, self._began = self._new, {}, arrived
        message = payload[:1] + payload[1:2].translate(_WITHOUT_REPEAT) + payload[2:]
        first = self._new.get(message)
        if first is None:
            first = self._old.get(message)
        if first is None or not 0 <= arrived - first <= REPEAT_SECONDS:
            self._new[message] = first = arrived
        return first
