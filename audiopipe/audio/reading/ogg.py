"""Pages of an Ogg file (RFC 3533, section 6): only their ends are stamped."""

from __future__ import annotations

from dataclasses import dataclass
from typing import IO

from av.container import InputContainer


@dataclass(frozen=True, slots=True)
class Page:
    """What the header of a page says.

    Attributes:
        granule: the stamp of its end.
        number: among the pages of its stream.
        is_closed: whether its last packet ends in it, so that all of its sound comes from it and
            pages before.
    """

    granule: int
    number: int
    is_closed: bool


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
        self._page: Page | None = None
        self._is_broken = False

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
        laces = self._file.read(head[26]) if head[:4] == b"OggS" and len(head) == 27 else b""
        self._file.seek(position)
        if not laces:
            return None
        granule = int.from_bytes(head[6:14], "little", signed=True)
        return Page(granule, int.from_bytes(head[18:22], "little"), laces[-1] < 255)
