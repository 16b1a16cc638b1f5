"""Pages of an Ogg file (RFC 3533, section 6)."""

from __future__ import annotations

from typing import IO

_PAGE = b"OggS"


def is_next_page(file: IO[bytes], page: int | None, following: int | None) -> bool:
    """Whether a page of a stream follows another of it, with none between that is missing.

    Args:
        file: seekable; keeps its position.
        page, following: where in the file they begin.
    """
    position = file.tell()
    numbers = [_number(file, at) for at in (page, following)]
    file.seek(position)
    before, after = numbers
    return before is not None and after == before + 1


def _number(file: IO[bytes], at: int | None) -> int | None:
    if at is None:
        return None
    file.seek(at)
    head = file.read(22)
    return int.from_bytes(head[18:22], "little") if head[:4] == _PAGE else None
