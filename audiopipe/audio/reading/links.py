"""Recordings that stand one behind the other in one file."""

from __future__ import annotations

import io
import os
import re
import struct
from collections.abc import Iterator
from itertools import pairwise
from typing import IO, cast

from audiopipe.audio.reading.boxes import boxes

_READ_BYTES = 1 << 20

_HEAD_BYTES = 16
"""Of each head that is looked for, at most."""

_FLAC_HEAD = re.compile(rb"fLaC[\0\x80]\0\0\x22")
"""How a FLAC begins, whether or not more than STREAMINFO stands before its sound (RFC 9639, section
8.1): what no sound holds by chance."""

_WAV_HEAD = re.compile(rb"RIFF.{4}WAVE(?:fmt |LIST|JUNK|bext)", re.DOTALL)

_FORMS = {b"RIFF": ("<I", b"WAVE"), b"FORM": (">I", b"AIF")}
"""How the length of a WAV and of an AIFF is written, and what stands behind it."""

_MOST_JOINED = 10_000


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
    heads = [*_places(file, _FLAC_HEAD)]
    parts = [Part(file, *ends) for ends in pairwise([0, *heads[1:], file.seek(0, os.SEEK_END)])]
    file.seek(position)
    return cast("list[IO[bytes]]", parts)


def stated_parts(file: IO[bytes]) -> list[IO[bytes]]:
    """Each of the WAV, AIFF or MP4 files that are joined to one, by the lengths that they state;
    players and ffmpeg stop behind the first. Where a WAV states none, or a wrong one, the next is
    looked for. The file's position stays.
    """
    position, size = file.tell(), file.seek(0, os.SEEK_END)
    starts = [*_heads_of_forms(file, size)] or [*_heads_of_boxes(file)] or [0]
    parts = [Part(file, *ends) for ends in pairwise([*starts, size])]
    file.seek(position)
    return cast("list[IO[bytes]]", parts)


def _heads_of_forms(file: IO[bytes], size: int) -> Iterator[int]:
    at = 0
    for _ in range(_MOST_JOINED):
        length = _form_bytes(file, at)
        if not length:
            return
        yield at
        end = at + length
        is_right = end == size or _form_bytes(file, end)
        at = end if is_right else next(_places(file, _WAV_HEAD, at + 12), size)


def _form_bytes(file: IO[bytes], at: int) -> int:
    """How long a WAV or AIFF says that it is; 0 where none begins."""
    file.seek(at)
    head = file.read(12)
    order, kind = _FORMS.get(head[:4], ("", b""))
    if not order or not head[8:].startswith(kind):
        return 0
    length: int = struct.unpack(order, head[4:8])[0]
    return 8 + length + length % 2


def _heads_of_boxes(file: IO[bytes]) -> Iterator[int]:
    """Where an `ftyp` stands behind both index and sound; fragments go on with what was before."""
    seen = set[bytes]()
    for box in boxes(file):
        is_head = box.name == b"ftyp" and (not box.start or {b"moov", b"mdat"} <= seen)
        if box.name == b"moof" or not (box.start or is_head):
            return
        if is_head:
            yield box.start
            seen.clear()
        seen.add(box.name)


def _places(file: IO[bytes], head: re.Pattern[bytes], at: int = 0) -> Iterator[int]:
    """Where heads begin, from a place on."""
    file.seek(at)
    kept = b""
    while data := file.read(_READ_BYTES):
        data = kept + data
        ends = max(0, len(data) - _HEAD_BYTES + 1)
        yield from (at + found.start() for found in head.finditer(data) if found.start() < ends)
        kept = data[ends:]
        at += ends
    yield from (at + found.start() for found in head.finditer(kept))
