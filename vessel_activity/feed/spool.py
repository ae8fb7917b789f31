"""Batches on disk that the database has not filed yet.

A spool is a folder with segment files. New batches go to the end of the last segment; a segment
whose batches are all filed is deleted. A process holds the lock of its folder. It also takes over
the folders of processes that were killed, so that their batches are filed too.

The kernel keeps what was written when the process is killed. Nothing waits for the disk.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import struct
import uuid
import zlib
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

log = logging.getLogger("vessel_activity.feed")

_HEAD = struct.Struct(">4sIII")  # mark, length of the description, length of the rows, checksum
_MARK = b"VAF1"
_RESERVED = 1_000_000
_LONGEST = 256 * 1024 * 1024
_MOST_FOLDERS = 100


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction files.

    Attributes:
        feeder: uuid of the spool it belongs to.
        number: counts up within a feeder.
        rows: the rows, as vessel_activity.feed_batch takes them.
        sources: the counts of each source, as JSON.
        messages: how many messages each source has in it, by name.
        dropped: how many dropped messages of each source its counts tell of.
        oldest: when its first message arrived, in seconds since 1970.

    """

    feeder: str
    number: int
    rows: str
    sources: str
    messages: dict[str, int]
    dropped: dict[str, int]
    oldest: float

    @property
    def size(self) -> int:
        """Bytes that it takes, roughly."""
        return len(self.rows) + len(self.sources)

    @property
    def waiting(self) -> int:
        """Number of its messages."""
        return sum(self.messages.values())

    def lost(self) -> Counter[str]:
        """Return how many messages of each source the database does not learn of without it."""
        return Counter(self.messages) + Counter(self.dropped)


@dataclass(slots=True)
class _Segment:
    path: Path
    size: int
    read_to: int = 0  # where the next batch begins
    next_to: int = 0  # where it ends, once it was read
    messages: int = 0  # that are not filed yet
    batches: int = 0


@dataclass(slots=True)
class Spool:
    """The batches of one folder, in order.

    Attributes:
        folder: the folder.
        feeder: its uuid, which the database knows.
        next_number: number of the next batch. No number is used twice, even after a kill.

    """

    folder: Path
    feeder: str
    next_number: int
    segment_bytes: int
    _lock: IO[str]
    _segments: list[_Segment] = field(default_factory=list)
    _reserved: int = 0

    def number(self) -> int:
        """Return a number for a batch."""
        if self.next_number >= self._reserved:
            self._reserve()
        self.next_number += 1
        return self.next_number - 1

    def _reserve(self) -> None:
        """Write down that the next numbers may be used, before the first of them is."""
        self._reserved = self.next_number + _RESERVED
        with suppress(OSError):  # a full disk must not stop the feed
            _write_state(self.folder, self.feeder, self._reserved)

    # --- Writing ---

    def append(self, batch: Batch) -> None:
        """Write a batch behind the others.

        Raises:
            OSError: it can't be written; the spool is as before.

        """
        record = _record(batch)
        last = self._segments[-1] if self._segments else None
        if last is None or last.size >= self.segment_bytes:
            number = int(last.path.stem) + 1 if last is not None else 1
            last = _Segment(self.folder / f"{number:012}.batches", 0)
            last.path.write_bytes(b"")
            self._segments.append(last)
        with last.path.open("r+b", buffering=0) as file:
            file.seek(last.size)
            try:
                written = file.write(record)
            except OSError:
                written = 0
                raise
            finally:
                if written != len(record):
                    with suppress(OSError):
                        file.truncate(last.size)
        if written != len(record):  # a full disk may take a part
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(last.path))
        last.size += len(record)
        last.messages += batch.waiting
        last.batches += 1

    # --- Reading ---

    @property
    def size(self) -> int:
        """Bytes on disk."""
        return sum(segment.size - segment.read_to for segment in self._segments)

    @property
    def messages(self) -> int:
        """Messages that wait."""
        return sum(segment.messages for segment in self._segments)

    @property
    def is_empty(self) -> bool:
        """Whether all batches are filed."""
        return not any(segment.batches for segment in self._segments)

    def oldest(self) -> Batch | None:
        """Return the batch that is next, or None."""
        while self._segments:
            segment = self._segments[0]
            if segment.batches:
                for batch, end in _batches(segment.path, self.feeder, segment.read_to):
                    segment.next_to = end
                    return batch
                log.warning(
                    "%s is damaged; its last %d batches are lost", segment.path, segment.batches
                )
            self._remove(segment)
        return None

    def passed(self, batch: Batch) -> None:
        """Go on behind the batch that `oldest` has just returned."""
        segment = self._segments[0]
        segment.read_to = segment.next_to
        segment.messages -= batch.waiting
        segment.batches -= 1
        if not segment.batches:
            self._remove(segment)

    def drop_oldest(self) -> Counter[str]:
        """Delete the oldest segment; return how many messages of each source are lost with it."""
        lost: Counter[str] = Counter()
        if self._segments:
            segment = self._segments[0]
            for batch, _ in _batches(segment.path, self.feeder, segment.read_to):
                lost += batch.lost()
            self._remove(segment)
        return lost

    def _remove(self, segment: _Segment) -> None:
        self._segments.remove(segment)
        with suppress(OSError):
            segment.path.unlink()

    def close(self, *, remove: bool = False) -> None:
        """Let another process have the folder. remove: delete it if it is empty."""
        if remove and self.is_empty:
            with suppress(OSError):
                for path in self.folder.iterdir():
                    path.unlink()
                self.folder.rmdir()
        self._lock.close()


def open_spools(parent: Path, segment_bytes: int) -> tuple[Spool, list[Spool]]:
    """Take a folder for this process, and those of processes that have gone with batches left.

    Raises:
        OSError: the folders can't be written.

    """
    parent.mkdir(parents=True, exist_ok=True)
    own: Spool | None = None
    left: list[Spool] = []
    for number in range(1, _MOST_FOLDERS + 1):
        folder = parent / str(number)
        if own is not None and not folder.is_dir():
            continue
        spool = _open(folder, segment_bytes)
        if spool is None:
            continue
        if own is None:
            own = spool
        elif spool.is_empty:
            spool.close()
        else:
            left.append(spool)
    if own is None:
        raise OSError(11, f"{_MOST_FOLDERS} feeds use the folder already", str(parent))
    return own, left


def _open(folder: Path, segment_bytes: int) -> Spool | None:
    """Open a folder; None if another process has it."""
    folder.mkdir(exist_ok=True)
    lock = (folder / "lock").open("a")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    feeder, reserved = _read_state(folder)
    spool = Spool(folder, feeder, reserved, segment_bytes, lock)
    for path in sorted(folder.glob("*.batches")):
        segment = _Segment(path, 0)
        for batch, end in _batches(path, feeder, 0):
            segment.size = end  # a record that was cut off is overwritten
            segment.messages += batch.waiting
            segment.batches += 1
            spool.next_number = max(spool.next_number, batch.number + 1)
        if segment.batches:
            spool._segments.append(segment)  # noqa: SLF001 - this makes the spool
        else:
            path.unlink()
    spool._reserve()  # noqa: SLF001
    return spool


def _read_state(folder: Path) -> tuple[str, int]:
    try:
        state = json.loads((folder / "feeder.json").read_text())
        return str(uuid.UUID(state["feeder"])), int(state["reserved"])
    except (OSError, ValueError, KeyError, TypeError):
        return str(uuid.uuid4()), 1


def _write_state(folder: Path, feeder: str, reserved: int) -> None:
    new = folder / "feeder.new"
    new.write_text(json.dumps({"feeder": feeder, "reserved": reserved}))
    new.replace(folder / "feeder.json")


def _record(batch: Batch) -> bytes:
    about = json.dumps(
        {
            "number": batch.number,
            "sources": batch.sources,
            "messages": batch.messages,
            "dropped": batch.dropped,
            "oldest": batch.oldest,
        }
    ).encode()
    rows = batch.rows.encode()
    return _HEAD.pack(_MARK, len(about), len(rows), zlib.crc32(rows, zlib.crc32(about))) + (
        about + rows
    )


def _batches(path: Path, feeder: str, start: int) -> Iterator[tuple[Batch, int]]:
    """Give the batches of a file and where each ends, up to the first that is damaged."""
    try:
        file = path.open("rb")
    except OSError:
        return
    with file:
        file.seek(start)
        end = start
        while len(head := file.read(_HEAD.size)) == _HEAD.size:
            mark, about_length, rows_length, checksum = _HEAD.unpack(head)
            if mark != _MARK or about_length + rows_length > _LONGEST:
                return
            about, rows = file.read(about_length), file.read(rows_length)
            if zlib.crc32(rows, zlib.crc32(about)) != checksum or len(rows) != rows_length:
                return
            end += len(head) + about_length + rows_length
            told = json.loads(about)
            yield (
                Batch(
                    feeder, told["number"], rows.decode(), told["sources"], told["messages"],
                    told["dropped"], told["oldest"],
                ),
                end,
            )  # fmt: skip
