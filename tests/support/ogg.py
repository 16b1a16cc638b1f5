"""Ogg files taken apart into pages, and put together otherwise (RFC 3533)."""

from __future__ import annotations

import struct


def joined_pages(data: bytes) -> list[bytes]:
    """The pages of a file."""
    pages, at = [], 0
    while at < len(data):
        laces = data[at + 27 : at + 27 + data[at + 26]]
        end = at + 27 + len(laces) + sum(laces)
        pages.append(data[at:end])
        at = end
    return pages


def with_granules(data: bytes, from_page: int, add_s: float) -> tuple[bytes, float]:
    """A file whose clock jumps, and when, in seconds.

    Args:
        data: of one stream of Opus, or of another codec at 16 kHz.
        from_page: the first whose end is stamped later.
        add_s: by so much, or earlier.
    """
    pages = joined_pages(data)
    rate_hz = 48_000 if b"OpusHead" in pages[0] else 16_000
    at_s = _granule(pages[from_page - 1]) / rate_hz
    for number in range(from_page, len(pages)):
        page = pages[number]
        stamp = max(-(2**63), _granule(page) + round(add_s * rate_hz))
        pages[number] = _sealed(page[:6] + struct.pack("<q", stamp) + page[14:])
    return b"".join(pages), at_s


def resealed(data: bytes) -> bytes:
    """Pages whose content was changed, with checksums that fit, so that readers go on to it."""
    front, *pages = data.split(b"OggS")
    return front + b"".join(_sealed(b"OggS" + page) for page in pages)


def _granule(page: bytes) -> int:
    granule: int = struct.unpack_from("<q", page, 6)[0]
    return granule


def _sealed(page: bytes) -> bytes:
    blank = page[:22] + bytes(4) + page[26:]
    return page[:22] + struct.pack("<I", _checksum(blank)) + page[26:]


def _table() -> list[int]:
    rows = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value & 0x80000000 else 0)) & 0xFFFFFFFF
        rows.append(value)
    return rows


_TABLE = _table()


def _checksum(page: bytes) -> int:
    value = 0
    for byte in page:
        value = (value << 8 & 0xFFFFFFFF) ^ _TABLE[value >> 24 ^ byte]
    return value
