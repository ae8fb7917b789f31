"""The lines of an AIS file, plain or compressed, in memory that does not grow with the file."""

from __future__ import annotations

import gzip
import zipfile
import zlib
from typing import IO, TYPE_CHECKING

import zstandard

from vessel_activity.ais.layouts import EXPECTED
from vessel_activity.errors import NotAisError

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECE_BYTES = 256 * 1024
_LONGEST_LINE_BYTES = 64 * 1024
# A zstd file may ask for a window of 128 MB, which would be most of the memory a load may use.
_ZSTD_WINDOW_BYTES = 32 * 1024 * 1024


def lines(file: IO[bytes]) -> Iterator[bytes]:
    """Give the lines of a file, unpacked, without line ends and byte order mark.

    Lines end at line feeds. A quoted field can't hold one, so a stray quote spoils one line only.

    Raises:
        NotAisError: the file is empty, an archive or damaged, ends early, or has an endless line.

    """
    rest = b""
    first = True
    for piece in pieces(file):
        if first and piece:
            piece = piece.removeprefix(b"\xef\xbb\xbf")  # noqa: PLW2901
            first = False
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line.removesuffix(b"\r")
        if len(rest) > _LONGEST_LINE_BYTES:
            raise NotAisError(
                f"a line is longer than {_LONGEST_LINE_BYTES} bytes. Expected {EXPECTED}"
            )
    if rest:
        yield rest.removesuffix(b"\r")


def pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Give the text of the file in pieces of bounded size; its first bytes tell the compression."""
    magic = file.read(4)
    file.seek(0)
    if not magic:
        raise NotAisError(f"the file is empty. Expected {EXPECTED}")
    try:
        if magic.startswith(b"PK"):
            yield from _zip_pieces(file)
        elif magic.startswith(b"\x1f\x8b"):
            with gzip.GzipFile(fileobj=file) as unpacked:
                while piece := unpacked.read(_PIECE_BYTES):
                    yield piece
        elif magic == b"\x28\xb5\x2f\xfd":
            yield from _zstd_pieces(file)
        else:
            while piece := file.read(_PIECE_BYTES):
                yield piece
    except EOFError:
        raise NotAisError("the compressed file ends early; fetch it again") from None
    except (gzip.BadGzipFile, zlib.error, zstandard.ZstdError, zipfile.BadZipFile) as error:
        if "too much memory" in str(error):
            raise NotAisError(
                "unpacking the file takes a window of over 32 MB; compress it again without --long "
                "(zstd -dc --long=31 FILE.zst | zstd > NEW.zst)"
            ) from None
        raise NotAisError(f"the compressed file is damaged ({error}); fetch it again") from None


def _zip_pieces(file: IO[bytes]) -> Iterator[bytes]:
    """Give the files of an archive one after the other, by name, each with a line end."""
    with zipfile.ZipFile(file) as archive:
        members = sorted(
            (one for one in archive.infolist() if not one.is_dir() and one.file_size),
            key=lambda one: one.filename,
        )
        if not members:
            raise NotAisError(f"the ZIP archive is empty. Expected {EXPECTED}")
        for member in members:
            try:
                with archive.open(member) as unpacked:
                    while piece := unpacked.read(_PIECE_BYTES):
                        yield piece
            except (RuntimeError, NotImplementedError) as error:
                raise NotAisError(
                    f"{member.filename} in the ZIP archive can't be unpacked ({error}); unpack it "
                    "first (unzip -p FILE.zip | gzip > FILE.csv.gz)"
                ) from None
            yield b"\n"


def _zstd_pieces(file: IO[bytes]) -> Iterator[bytes]:
    # In small bites, because the decompressor returns the whole content of a bite at once.
    unpack = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    frame = unpack.decompressobj()
    ended = True
    while bite := file.read(4096):
        while bite:
            if ended:
                frame = unpack.decompressobj()
            yield frame.decompress(bite)
            ended = frame.eof
            bite = frame.unused_data if ended else b""
    if not ended:
        raise EOFError
