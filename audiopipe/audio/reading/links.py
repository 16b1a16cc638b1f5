"""Recordings that stand one behind the other in one file."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from itertools import pairwise
from typing import IO, cast

_READ_BYTES = 1 << 20

_FLAC_HEADS = (b"fLaC\0\0\0\x22", b"fLaC\x80\0\0\x22")
"""How a FLAC begins, whether or not more than STREAMINFO stands before its sound (RFC 9639, section
8.1): what no sound holds by chance."""


class Part(io.RawIOBase):
    """A file from `start` to another place, or to its end."""

    def __init__(self, file: IO[bytes], start: int, end: int | None = None) -> None:
        self._file, self.start = file, start
        self._end = file.seek(0, os.SEEK_END) if end is None else end
        file.seek(start)

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        data = self._file.read(max(0, min(len(buffer), self._end - self._file.tell())))
        buffer[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: self.start, os.SEEK_CUR: self._file.tell(), os.SEEK_END: self._end}
        return self._file.seek(base[whence] + offset) - self.start

    def tell(self) -> int:
        return self._file.tell() - self.start

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True


def flac_parts(file: IO[bytes]) -> list[IO[bytes]]:
    """Each of the FLAC files that are joined to one; ffmpeg takes the frames behind another head
    for damage, or for those of the first. The file's position stays.
    """
    position = file.tell()
    heads = sorted({place for head in _FLAC_HEADS for place in _places(file, head)})
    parts = [Part(file, *ends) for ends in pairwise([0, *heads[1:], file.seek(0, os.SEEK_END)])]
    file.seek(position)
    return cast("list[IO[bytes]]", parts)


def _places(file: IO[bytes], mark: bytes) -> Iterator[int]:
    file.seek(0)
    at, kept = 0, b""
    while data := file.read(_READ_BYTES):
        data = kept + data
        found = data.find(mark)
        while found >= 0:
            yield at + found
            found = data.find(mark, found + 1)
        kept = data[1 - len(mark) :]
        at += len(data) - len(kept)
