"""A stretch of a file, read as if it were a file."""

from __future__ import annotations

import io
import os
from typing import IO

_FARTHEST = 1 << 43
"""8 TB: farther some systems do not look for a place in a file (16 TB for ext4)."""


def bytes_at(file: IO[bytes], place: int, count: int) -> bytes:
    """So many bytes from a place on, or as many as there are: none behind the end, however far."""
    file.seek(min(place, _FARTHEST))
    return file.read(count)


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
