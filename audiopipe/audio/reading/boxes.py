"""The boxes of an MP4, of which each states its own length."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import IO, NamedTuple

from audiopipe.audio.reading.part import bytes_at

_MOST_BOXES = 1_000_000
_HEAD_BYTES = 8


class Box(NamedTuple):
    """A box, or what says that it is one."""

    name: bytes
    start: int
    end: int


def boxes(file: IO[bytes], at: int = 0) -> Iterator[Box]:
    """Those at the top of a file from a place on, up to what is none; the last may be cut. The
    file's position is lost, and may be changed between two of them.
    """
    for _ in range(_MOST_BOXES):
        head = bytes_at(file, at, 2 * _HEAD_BYTES)
        length, name = struct.unpack_from(">I4s", head.ljust(_HEAD_BYTES, b"\0"))
        if length == 1:
            length = int.from_bytes(head[_HEAD_BYTES:], "big")
        if length < _HEAD_BYTES:
            return
        yield Box(name, at, at + length)
        at += length
