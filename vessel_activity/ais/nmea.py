r"""Reads NMEA 0183 lines with AIS messages; pyais decodes the messages.

A line may begin with a tag block (`\s:station,c:time*hh\`). A `$PGHP` line gives the time of the
message after it. The parts of a message may come in any order, with other lines between them.
pyais' own queue keeps parts for ever, and its decoder takes a wrong checksum, so both are watched
here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pyais.messages import AISSentence, GatehouseSentence, NMEASentenceFactory, TagBlock

from vessel_activity.ais.heard import Heard
from vessel_activity.ais.messages import POSITION_TYPES, epoch_of
from vessel_activity.ais.values import as_name

if TYPE_CHECKING:
    from pyais.messages import ANY_MESSAGE

    from vessel_activity.ais.messages import Tally

PART_SECONDS = 30.0
"""How long a part waits for the rest of its message."""
NO_REST = "part of a message whose rest never came"
WRONG_CHECKSUM = "wrong checksum"

_MOST_HELD = 1000
_JUMP_SECONDS = 600
_FIELDS = 5  # without the first and the last, which has the checksum
_BACKSLASH, _EXCLAMATION = b"\\!"
# The characters 0 to W and ` to w stand for six bits each. pyais reads any other as zero.
_SIX_BITS = bytes([*range(48, 88), *range(96, 120)])
_SENTENCES = {b"VDM", b"VDO"}
_GROUP = re.compile(rb"^g:[0-9-]+,|,g:[0-9-]+")
# A message must reach the end of its course, or of its name or type: in bits. Real messages may be
# longer or shorter than the standard says, so no length is insisted on beyond that.
_POSITION_BITS = {1: 128, 2: 128, 3: 128, 18: 124, 19: 124, 27: 94}
_EXTENDED_B_NAME_BITS, _EXTENDED_B_TYPE_BITS = 263, 271
_STATIC_A_BITS, _STATIC_B_BITS, _VOYAGE_BITS = 160, 48, 240
_LONG_RANGE, _EXTENDED_B, _VOYAGE, _STATIC = 27, 19, 5, 24
_LONG_RANGE_NO_SPEED = 63  # knots


class _Part(NamedTuple):
    sentence: AISSentence
    line: bytes
    told_at: float | None
    number: int


@dataclass(slots=True)
class _Held:
    """The parts of a message that have come.

    Attributes:
        began: when the first of them came.
        parts: the parts by their number.
        is_whole: whether all of them have come, and the message is read.
        before: the parts of the message before it under the same sequence number.

    """

    began: float
    parts: dict[int, _Part] = field(default_factory=dict)
    is_whole: bool = False
    before: dict[int, _Part] = field(default_factory=dict)

    def repeats(self, part: _Part, number: int) -> bool:
        """Tell whether a part is the same as one of the message before it."""
        same = self.before.get(number)
        return same is not None and same.sentence.payload == part.sentence.payload


class NmeaReader:
    """Reads the lines of one source, one after the other. No line makes it fail."""

    def __init__(self, tally: Tally, heard: Heard | None = None) -> None:
        self.tally = tally
        self._heard = heard or Heard()
        self._held: dict[tuple[str, int | None, int], _Held] = {}
        self._told: float | None = None  # by the last $PGHP line
        self._last_told = self._clock = 0.0

    def read(self, line: bytes, arrived: float | None, told_at: float | None = None) -> None:
        r"""Read a line without its line end.

        Args:
            line: the line; a blank one is not counted.
            arrived: when it arrived, in seconds since 1970; None for a file.
            told_at: the time that the source gives beside the line. A tag block goes before it.

        """
        sentence = line.strip()
        if not sentence:
            return
        tally = self.tally
        tally.lines += 1
        if sentence[0] == _BACKSLASH:
            opened = self._open_tag_block(sentence, line)
            if opened is None:
                return
            sentence = opened[0]
            told_at = told_at if opened[1] is None else opened[1]
        if sentence[3:6].upper() in _SENTENCES and sentence[0] == _EXCLAMATION:
            if told_at is None:
                told_at = self._told
            self._told = None
            self._sentence(sentence, line, arrived, told_at)
        elif sentence.startswith(b"$PGHP"):
            self._told = _time_line(sentence)
            tally.other += 1
        elif sentence[0] in b"$!#" and len(sentence) > 1:
            tally.other += 1
        else:
            tally.reject("not an AIS sentence", line)

    def expire(self, now: float) -> None:
        """Give up the parts that came over 30 seconds before now, a time as in `read`."""
        while self._held:
            key = next(iter(self._held))
            if self._held[key].began > now - PART_SECONDS and len(self._held) <= _MOST_HELD:
                return
            self._give_up(key)

    def finish(self) -> None:
        """Give up all parts, since no more lines will come."""
        for key in list(self._held):
            self._give_up(key)
        self._told = None

    def _open_tag_block(self, text: bytes, line: bytes) -> tuple[bytes, float | None] | None:
        """Return the sentence behind a tag block, and the time that it gives; None for no sentence.

        Some programs write each backslash twice.
        """
        text = text.replace(b"\\\\", b"\\")
        end = text.find(b"\\", 1)
        if end < 0:
            self.tally.reject("tag block without end", line)
            return None
        is_right, time = _tag_block(text[1:end])
        if not is_right:
            self.tally.reject("wrong checksum of the tag block", line)
            return None
        sentence = text[end + 1 :].lstrip()
        if not sentence:
            self.tally.other += 1
            return None
        return sentence, time

    def _sentence(
        self, text: bytes, line: bytes, arrived: float | None, told_at: float | None
    ) -> None:
        tally = self.tally
        if arrived is None:
            self._follow(told_at)
        try:
            sentence = NMEASentenceFactory.produce(text)
        except Exception:  # noqa: BLE001 - whatever pyais makes of bad input, it is one bad line
            tally.reject("broken sentence", line)
            return
        if not isinstance(sentence, AISSentence) or len(sentence.data_fields) != _FIELDS:
            tally.reject("broken sentence", line)  # such as two that have become one line
        elif not sentence.is_valid:
            tally.reject(WRONG_CHECKSUM, line)
        elif not sentence.payload:
            tally.reject("no payload", line)
        elif sentence.payload.translate(None, _SIX_BITS):
            tally.reject("characters outside the six-bit code", line)
        elif sentence.frag_cnt == 1:
            self._message(sentence, line, arrived, told_at)
        else:
            self._part(sentence, line, arrived, told_at)

    def _part(
        self, sentence: AISSentence, line: bytes, arrived: float | None, told_at: float | None
    ) -> None:
        """Keep a part; read the message if it is the last one missing."""
        now = self._clock if arrived is None else arrived
        self.expire(now)
        key = (sentence.channel, sentence.seq_id, sentence.frag_cnt)
        held = self._held.get(key)
        before: dict[int, _Part] = {}
        if held is not None and held.is_whole:
            before = self._held.pop(key).parts
            held = None
        elif held is not None and sentence.frag_num in held.parts:
            if held.parts[sentence.frag_num].sentence.payload == sentence.payload:
                self.tally.joined += 1  # heard by another receiver, or sent twice
                return
            self._give_up(key)
            held = None
        if held is None:
            held = self._held[key] = _Held(now, before=before)
        held.parts[sentence.frag_num] = _Part(sentence, line, told_at, self.tally.number)
        if len(held.parts) < sentence.frag_cnt:
            return
        held.is_whole = True
        parts = [held.parts[number] for number in sorted(held.parts)]
        self.tally.joined += len(parts) - 1
        raw = b"\n".join(one.line for one in parts)
        times = [one.told_at for one in parts if one.told_at is not None]
        # The parts are kept, to know their repetitions. So the message is a sentence of its own.
        body = b",".join(
            (
                b"!AIVDM,1,1,",
                sentence.channel.encode(),
                b"".join(one.sentence.payload for one in parts),
                b"%d*00" % parts[-1].sentence.fill_bits,
            )
        )
        try:
            whole = AISSentence(body)
        except Exception:  # noqa: BLE001
            self.tally.reject("broken sentence", raw)
            return
        self._message(whole, raw, arrived, times[0] if times else None)

    def _follow(self, told_at: float | None) -> None:
        """Set the clock of a recording. One message with another time does not change it."""
        if told_at is not None:
            if abs(told_at - self._last_told) < _JUMP_SECONDS:
                self._clock = told_at
            self._last_told = told_at

    def _give_up(self, key: tuple[str, int | None, int]) -> None:
        held = self._held.pop(key)
        if held.is_whole:
            return
        for number, part in held.parts.items():
            if held.repeats(part, number):
                self.tally.joined += 1
            else:
                self.tally.reject(NO_REST, part.line, part.number)

    def _message(
        self, sentence: AISSentence, raw: bytes, arrived: float | None, told_at: float | None
    ) -> None:
        kind = sentence.ais_id
        tally = self.tally
        if kind not in POSITION_TYPES and kind not in {_VOYAGE, _STATIC}:
            tally.ignore(kind, arrived)
            return
        if len(sentence.bv) < _bits_needed(sentence):
            tally.reject("message too short", raw)
            return
        try:
            said: Any = sentence.decode()
        except Exception:  # noqa: BLE001
            tally.reject("message that can't be decoded", raw)
            return
        if kind in POSITION_TYPES:
            if told_at is None and arrived is not None:
                told_at = self._heard.first(sentence.payload, arrived)
            speed = said.speed
            if kind == _LONG_RANGE and speed == _LONG_RANGE_NO_SPEED:
                speed = None
            name = code = None
            if kind == _EXTENDED_B:
                bits = len(sentence.bv)
                name = as_name(said.shipname) if bits >= _EXTENDED_B_NAME_BITS else None
                code = said.ship_type if bits >= _EXTENDED_B_TYPE_BITS else None
            tally.add(
                kind, told_at, arrived, said.mmsi, raw, place=(said.lat, said.lon), speed=speed,
                course=said.course, name=name, type_code=code,
            )  # fmt: skip
        else:
            tally.add(
                kind, told_at, arrived, said.mmsi, raw, name=_name(said), type_code=_code(said)
            )


def _bits_needed(sentence: AISSentence) -> int:
    kind = sentence.ais_id
    if kind == _STATIC:
        return _STATIC_A_BITS if sentence.bv.get(38, 2) == 0 else _STATIC_B_BITS
    return _VOYAGE_BITS if kind == _VOYAGE else _POSITION_BITS[kind]


def _name(said: ANY_MESSAGE) -> str | None:
    """Return the name; part B of a type 24 has none."""
    name = getattr(said, "shipname", None)
    return None if name is None else as_name(name)


def _code(said: ANY_MESSAGE) -> int | None:
    """Return the code of the type of ship; part A of a type 24 has none."""
    code = getattr(said, "ship_type", None)
    return None if code is None else int(code)


@lru_cache(maxsize=4096)
def _tag_block(text: bytes) -> tuple[bool, float | None]:
    """Return whether the checksum of a tag block is right, and its time if it gives one.

    Kystverket adds the group of a message of several parts to a block that has its checksum
    already. So the checksum may also be that of the block without its group.
    """
    block = TagBlock(text)
    block.init()
    if not block.is_valid:
        without = _GROUP.sub(b"", text)
        if without == text:
            return False, None
        block = TagBlock(without)
        block.init()
        if not block.is_valid:
            return False, None
    time = block.receiver_timestamp
    if time is None or not time.isascii() or not time.isdigit() or len(time) > 20:  # noqa: PLR2004
        return True, None
    return True, epoch_of(int(time))


def _time_line(text: bytes) -> float | None:
    """Return the time of a $PGHP line, or None if it can't be read."""
    try:
        line = NMEASentenceFactory.produce(text)
    except Exception:  # noqa: BLE001
        return None
    if not isinstance(line, GatehouseSentence) or not line.is_valid:
        return None
    return epoch_of(line.timestamp.replace(tzinfo=UTC).timestamp())
