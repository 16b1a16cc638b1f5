"""What can still be read of a damaged SQLite file: the rows of its leaf pages, one by one.

SQLite gives up a table as soon as a page above its rows is damaged. Here each page is looked at by
itself, as https://www.sqlite.org/fileformat2.html describes it; whether a row is sound is for the
caller to judge.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from io import BytesIO
from itertools import count, islice
from pathlib import Path
from typing import IO

Value = int | bytes | None
"""A whole number, or the bytes of a text or blob; None for anything else."""

Page = Callable[[int], bytes]
"""A page by its number, from 1; empty if there is none."""

_PAGE_BYTES = 4096  # SQLite's default, which nobody here changes
_FILE_HEADER_BYTES = 100
_LEAF = 0x0D  # type of the pages that hold rows
_WAL_HEADER_BYTES, _FRAME_HEADER_BYTES = 32, 24
_MOST_ROW_BYTES = 1 << 28
_MOST_LOCAL, _LEAST_LOCAL = _PAGE_BYTES - 35, (_PAGE_BYTES - 12) * 32 // 255 - 23
_INTEGER_BYTES = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}
"""By serial type."""


def rows(path: Path, columns: int) -> Iterator[tuple[Value, ...]]:
    """All rows with so many columns that can be made out, of whichever table.

    Args:
        path: the file; what its write-ahead log holds is newer and stands for its pages.
        columns: of the table.

    Raises:
        OSError: the file cannot be read at all.
    """
    with path.open("rb") as main, _opened_log(path) as log:
        newer = _logged(log)

        def page(number: int) -> bytes:
            if number in newer:
                return _at(log, newer[number], _PAGE_BYTES)
            return _at(main, (number - 1) * _PAGE_BYTES, _PAGE_BYTES) if number > 0 else b""

        numbers = {*range(1, path.stat().st_size // _PAGE_BYTES + 1), *newer}
        for number in sorted(numbers):
            for payload in _payloads(number, page):
                row = tuple(islice(_values(payload), columns + 1))
                if len(row) == columns:
                    yield row


def _opened_log(path: Path) -> IO[bytes]:
    log = Path(f"{path}-wal")
    return log.open("rb") if log.is_file() else BytesIO()


def _at(file: IO[bytes], at: int, length: int) -> bytes:
    file.seek(at)
    return file.read(length)


def _logged(log: IO[bytes]) -> dict[int, int]:
    """Where the newest copy of each page begins in a write-ahead log, as far as it is committed."""
    salts = _at(log, 0, _WAL_HEADER_BYTES)[16:24]
    committed, begun = dict[int, int](), dict[int, int]()
    for at in count(_WAL_HEADER_BYTES, _FRAME_HEADER_BYTES + _PAGE_BYTES):
        head = _at(log, at, _FRAME_HEADER_BYTES)
        if not head or head[8:16] != salts:  # left over from before the log was begun anew
            return committed
        begun[_number(head[:4])] = at + _FRAME_HEADER_BYTES
        if any(head[4:8]):
            committed |= begun
            begun.clear()
    raise AssertionError("unreachable")


def _payloads(number: int, page: Page) -> Iterator[bytes]:
    """The bytes of each row on a page, as far as they can be followed."""
    data = page(number)
    start = _FILE_HEADER_BYTES if number == 1 else 0
    if len(data) < _PAGE_BYTES or data[start] != _LEAF:
        return
    cells = _number(data[start + 3 : start + 5])
    for at in range(start + 8, min(start + 8 + 2 * cells, _PAGE_BYTES - 1), 2):
        size, begin = _varint(data, _number(data[at : at + 2]))
        _, begin = _varint(data, begin)  # the row's id
        if 0 < size <= _MOST_ROW_BYTES:
            yield _whole(data, begin, size, page)


def _whole(data: bytes, begin: int, size: int, page: Page) -> bytes:
    """A row's bytes, those on further pages too; fewer than `size` if these are missing."""
    if size <= _MOST_LOCAL:
        return data[begin : begin + size]
    local = _LEAST_LOCAL + (size - _LEAST_LOCAL) % (_PAGE_BYTES - 4)
    local = local if local <= _MOST_LOCAL else _LEAST_LOCAL
    whole, following = bytearray(data[begin : begin + local]), data[begin + local :][:4]
    seen = set[bytes]()
    while len(whole) < size and following not in seen:
        seen.add(following)
        further = page(_number(following))
        whole += further[4 : 4 + size - len(whole)]
        following = further[:4]
    return bytes(whole)


def _values(payload: bytes) -> Iterator[Value]:
    """The values of a row, one by one."""
    header_bytes, at = _varint(payload, 0)
    value_at = header_bytes
    while at < min(header_bytes, len(payload)):
        kind, at = _varint(payload, at)
        length = (kind - 12) // 2 if kind >= 12 else _INTEGER_BYTES.get(kind, 8 if kind == 7 else 0)
        taken = payload[value_at : value_at + length]
        value_at += length
        if kind in (8, 9):
            yield kind - 8
        elif kind in _INTEGER_BYTES:
            yield int.from_bytes(taken, "big", signed=True)
        else:
            yield taken if kind >= 12 else None


def _number(data: bytes) -> int:
    return int.from_bytes(data, "big")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of 1 to 9 bytes, and where what follows it begins."""
    value = 0
    for index, byte in enumerate(data[at : at + 9]):
        if index == 8:
            return value << 8 | byte, at + 9
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + index + 1
    return 0, len(data)
