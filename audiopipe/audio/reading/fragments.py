"""Fragments of an MP4 in the order of their times.

Segments of a stream are joined in the order of their names, where the tenth comes before the
second. ffmpeg leaves out each that is earlier than one before it (ISO 14496-12, 8.8.12: `tfdt`
tells when a fragment begins).
"""

from __future__ import annotations

import io
import os
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import IO, NamedTuple, cast

from audiopipe.audio.reading.boxes import boxes
from audiopipe.audio.reading.part import bytes_at

_MOST_HEAD_BYTES = 1 << 16
_MOST_BYTES = 1 << 22
_ABSOLUTE = 1
"""A flag: the fragment tells where in the whole file its sound stands, so that it must stay."""


class _Fragment(NamedTuple):
    start: int
    end: int
    track: int
    time: int


def in_order(file: IO[bytes]) -> list[IO[bytes]]:
    """The file as it is, if its fragments are in order or of several tracks; else one with them in
    order, each once; or, where other fragments have the same times, so that the clock began anew,
    one for each time that it did.

    Args:
        file: seekable; its position is 0 afterwards.
    """
    tracks, latest, is_late = set[int](), 0, False
    for each in _fragments(file):
        tracks.add(each.track)
        is_late |= each.time < latest
        latest = each.time
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if not is_late or len(tracks) != 1 or 0 in tracks:
        return [file]
    found = [*_fragments(file)]
    return [
        cast(
            "IO[bytes]",
            _Pieces(
                file, [(0, found[0].start), *((each.start, min(each.end, size)) for each in run)]
            ),
        )
        for run in _runs(file, found)
    ]


def _runs(file: IO[bytes], found: Sequence[_Fragment]) -> list[list[_Fragment]]:
    once: dict[int, _Fragment] = {}
    runs: list[list[_Fragment]] = []
    begins_anew = False
    for each in found:
        same = once.setdefault(each.time, each)
        begins_anew |= same is not each and _content(file, same) != _content(file, each)
        if not runs or each.time < runs[-1][-1].time:
            runs.append([])
        runs[-1].append(each)
    return runs if begins_anew else [sorted(once.values(), key=lambda each: each.time)]


def _content(file: IO[bytes], fragment: _Fragment) -> bytes:
    return bytes_at(file, fragment.start, min(fragment.end - fragment.start, _MOST_BYTES))


def _fragments(file: IO[bytes]) -> Iterator[_Fragment]:
    """Each `moof` with the `mdat` behind it; of track 0 where it cannot be moved."""
    head = None
    for box in boxes(file):
        if box.name == b"moof":
            head = (box.start, *_told(bytes_at(file, box.start, _MOST_HEAD_BYTES)))
        elif box.name == b"mdat" and head:
            yield _Fragment(head[0], box.end, *head[1:])
            head = None


def _told(head: bytes) -> tuple[int, int]:
    """Track and time of the first track of a fragment."""
    head += bytes(16)  # it may be cut
    track, time = head.find(b"tfhd") + 4, head.find(b"tfdt") + 4
    if min(track, time) < 8 or head[track + 3] & _ABSOLUTE:
        return 0, 0
    size = 8 if head[time] else 4
    place = time + 4
    number = int.from_bytes(head[track + 4 : track + 8], "big")
    return number, int.from_bytes(head[place : place + size], "big")


class _Pieces(io.RawIOBase):
    """Stretches of a file, one behind the other."""

    def __init__(self, file: IO[bytes], spans: Sequence[tuple[int, int]]) -> None:
        self._file, self._spans, self._at = file, spans, 0
        self._ends = [*accumulate(end - start for start, end in spans)]

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        number = bisect_right(self._ends, self._at)
        if number == len(self._ends):
            return 0
        left = self._ends[number] - self._at
        data = bytes_at(self._file, self._spans[number][1] - left, min(left, len(buffer)))
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._ends[-1]}
        self._at = max(0, base[whence] + offset)
        return self._at

    def tell(self) -> int:
        return self._at

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True
