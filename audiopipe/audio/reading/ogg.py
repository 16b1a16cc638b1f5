"""Pages of an Ogg file (RFC 3533, section 6): only their ends are stamped."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import IO, cast

from av.container import InputContainer

from audiopipe.audio.reading.part import Part

_PAGE = b"OggS"

_TAIL_BYTES = 1 << 17
"""Read at once; holds a whole page, which is 65,307 bytes at most."""


_FIRST_PAGE = _PAGE + b"\0\2"
"""How the first page of a stream begins; those of all streams of a recording come first of all."""


def states_end(file: IO[bytes]) -> bool:
    """Whether the last page of an Ogg is stamped, and by the clock of its first recording; the
    file's position stays.
    """
    position = file.tell()
    file.seek(-min(_TAIL_BYTES, file.seek(0, os.SEEK_END)), os.SEEK_END)
    tail = file.read()
    at = tail.rfind(_PAGE)
    is_stamped = int.from_bytes(tail[at + 6 : at + 14], "little", signed=True) > 0
    is_alone = is_stamped and next_link(file, 0) is None
    file.seek(position)
    return at >= 0 and is_alone


def next_link(file: IO[bytes], place: int) -> int | None:
    """Where behind a page the next recording of a chain begins; None if none does."""
    at = place
    while _begins(file, at):
        at += _size(file, at)
    file.seek(at)
    data = b""
    while more := file.read(_TAIL_BYTES):
        data += more
        found = data.find(_FIRST_PAGE)
        if found >= 0:
            return at + found
        kept = data[-len(_FIRST_PAGE) :]
        at, data = at + len(data) - len(kept), kept
    return None


def _begins(file: IO[bytes], at: int) -> bool:
    file.seek(at)
    return file.read(len(_FIRST_PAGE)) == _FIRST_PAGE


def _size(file: IO[bytes], at: int) -> int:
    file.seek(at)
    head = file.read(27)
    return 27 + head[26] + sum(file.read(head[26])) if len(head) == 27 else 1


@dataclass(frozen=True, slots=True)
class Page:
    """What the header of a page says.

    Attributes:
        granule: the stamp of its end.
        number: among the pages of its stream.
        is_closed: whether its last packet ends in it, so that all of its sound comes from it and
            pages before.
        size: in bytes.
    """

    granule: int
    number: int
    is_closed: bool
    size: int


class Pages:
    """The pages that packets come from, one after another.

    Args:
        container: any; of one that is no Ogg there are no pages.
        file: seekable; keeps its position.
    """

    def __init__(self, container: InputContainer, file: IO[bytes]) -> None:
        self._is_ogg = container.format.name == "ogg"
        self._file = file
        self._place: int | None = None
        self._last: int | None = None
        self._page: Page | None = None
        self._is_broken = False

    @property
    def tells_no_end(self) -> bool:
        """Whether the page is stamped with nothing, so that it cannot tell where the sound ends."""
        return self._page is not None and self._page.granule <= 0

    def next_link(self) -> IO[bytes] | None:
        """The recording that is joined on behind the last page, where ffmpeg stops."""
        start = next_link(self._file, self._last) if self._last is not None else None
        return cast("IO[bytes]", Part(self._file, start)) if start is not None else None

    def ends_before(self, place: int | None) -> bool:
        """Whether another recording begins before a page to which ffmpeg goes on all the same,
        because its streams have the numbers of the first one's; its decoder would join the sound of
        both.

        Args:
            place: as in `turn`.
        """
        if self._page is None or self._place is None or place is None or place == self._place:
            return False
        end = self._place + self._page.size
        if not end < place <= end + _TAIL_BYTES:
            return False
        position = self._file.tell()
        self._file.seek(end)
        between = self._file.read(place - end)
        self._file.seek(position)
        return _FIRST_PAGE in between

    def turn(self, place: int | None) -> tuple[int | None, bool]:
        """Go on to the page of the next packet.

        Args:
            place: where in the file that page begins; None behind the last.

        Returns:
            The stamp of the end of the page before, once that is behind us and says anything; and
            whether pages are missing since the last one whose stamp was given.
        """
        if not self._is_ogg or place == self._place:
            return None, False
        before, self._page, self._place = self._page, self._read(place), place
        self._last = place if self._page else self._last
        if before is None:
            return None, False
        told = before.granule if before.is_closed and before.granule >= 0 else None
        was_broken = self._is_broken
        if told is not None:
            self._is_broken = False
        self._is_broken |= self._page is None or self._page.number != before.number + 1
        return told, was_broken

    def _read(self, place: int | None) -> Page | None:
        if place is None or place < 0:
            return None
        position = self._file.tell()
        self._file.seek(place)
        head = self._file.read(27)
        laces = self._file.read(head[26]) if head[:4] == _PAGE and len(head) == 27 else b""
        self._file.seek(position)
        if not laces:
            return None
        granule = int.from_bytes(head[6:14], "little", signed=True)
        number = int.from_bytes(head[18:22], "little")
        return Page(granule, number, laces[-1] < 255, 27 + len(laces) + sum(laces))
