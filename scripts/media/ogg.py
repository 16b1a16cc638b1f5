"""Surgery on the pages of Ogg: their clock, their numbers, their marks (RFC 3533)."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from media.tonecode import Spoken

GAP_S = 20
"""By how much the clock jumps from one page to the next."""

_POLYNOMIAL = 0x04C11DB7


@dataclass(frozen=True, slots=True)
class _Page:
    flags: int
    granule: int
    serial: int
    sequence: int
    segments: bytes
    body: bytes

    def __bytes__(self) -> bytes:
        head = struct.pack(
            "<4sBBqIIIB",
            *(b"OggS", 0, self.flags, self.granule, self.serial, self.sequence, 0),
            len(self.segments),
        )
        data = head + self.segments + self.body
        return data[:22] + struct.pack("<I", _crc(data)) + data[26:]


def changes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """A clock that stands still, begins late or jumps; pages lost, renumbered, without an end."""
    pages = list(_pages(data))
    rate_hz = _rate_hz(pages[0])
    half = len(pages) // 2
    middle = pages[half].granule

    def clock(change: Callable[[int], int]) -> bytes:
        return _joined(
            replace(page, granule=change(page.granule)) if page.granule > 0 else page
            for page in pages
        )

    yield "granules-0", clock(lambda granule: 0)
    yield "granules-none-hurt", clock(lambda granule: -1)
    yield "granules-late", clock(lambda granule: granule + 100 * rate_hz)
    yield "granules-gap", clock(lambda at: at + (GAP_S * rate_hz if at >= middle else 0))
    yield "granules-back-hurt", clock(lambda at: at - (rate_hz if at >= middle else 0))
    yield "page-lost-hurt", _joined(pages[:half] + pages[half + 1 :])
    renumbered = [
        replace(page, sequence=place) for place, page in enumerate(pages[:half] + pages[half + 1 :])
    ]
    yield "page-renumbered", _joined(renumbered)
    yield "no-end", _joined(replace(page, flags=page.flags & ~4) for page in pages)
    yield "serial-0", _joined(replace(page, serial=0) for page in pages)
    at = len(_joined(pages[:half])) + 22
    yield "checksum-hurt", data[:at] + bytes(4) + data[at + 4 :]


def without_page(data: bytes, words: Iterable[Spoken]) -> tuple[Spoken, ...]:
    """What is left of the words once the middle page is gone: nothing tells that it ever was."""
    pages = list(_pages(data))
    start, end = (pages[len(pages) // 2 - back].granule / _rate_hz(pages[0]) for back in (1, 0))
    return tuple(word for word in words if word.end_s < start - 0.02 or word.start_s > end + 0.02)


def after_gap(data: bytes, words: Iterable[Spoken]) -> tuple[Spoken, ...]:
    """Where words are heard once the clock has jumped, without the word that it tears."""
    pages = list(_pages(data))
    gap_s = pages[len(pages) // 2 - 1].granule / _rate_hz(pages[0])
    placed = [(word, GAP_S if word.start_s > gap_s - 0.02 else 0) for word in words]
    return tuple(
        replace(word, start_s=word.start_s + late_s)
        for word, late_s in placed
        if late_s or word.end_s < gap_s - 0.02
    )


def _rate_hz(first: _Page) -> int:
    if first.body[:8] == b"OpusHead":
        return 48_000
    if first.body[:5] == b"\x7fFLAC":
        return int.from_bytes(first.body[27:30], "big") >> 4
    at = 12 if first.body[1:7] == b"vorbis" else 36
    return int(struct.unpack_from("<I", first.body, at)[0])


def _pages(data: bytes) -> Iterator[_Page]:
    at = 0
    while at < len(data):
        _, _, flags, granule, serial, sequence, _, count = struct.unpack_from(
            "<4sBBqIIIB", data, at
        )
        segments = data[at + 27 : at + 27 + count]
        end = at + 27 + count + sum(segments)
        body = data[at + 27 + count : end]
        yield _Page(flags, granule, serial, sequence, segments, body)
        at = end


def _joined(pages: Iterable[_Page]) -> bytes:
    return b"".join(bytes(page) for page in pages)


def _crc(data: bytes) -> int:
    value = 0
    for byte in data:
        value = (value << 8 & 0xFFFFFFFF) ^ _TABLE[value >> 24 ^ byte]
    return value


def _remainder(byte: int) -> int:
    value = byte << 24
    for _ in range(8):
        value = (value << 1 ^ (_POLYNOMIAL if value & 0x80000000 else 0)) & 0xFFFFFFFF
    return value


_TABLE = [_remainder(byte) for byte in range(256)]
