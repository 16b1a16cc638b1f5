"""Whether the pieces of a container follow each other without a break, between two packets."""

from __future__ import annotations

_SYNC = 0x47
_NULL_PACKETS = 0x1FFF

STAMP_BYTES = 4
"""What stands before each packet in the transport streams of Blu-ray and cameras."""

_MASTERS = frozenset(map(bytes.fromhex, ("18538067", "1f43b675", "a0")))
"""Segment, Cluster, BlockGroup: what they hold is looked at as well (RFC 9559, section 5.1)."""

_ELEMENTS = frozenset(
    map(
        bytes.fromhex,
        "a3 a1 9b fb fd a4 75a1 75a2 e7 a7 ab 5854 af ec bf "
        "1c53bb6b 1254c367 114d9b74 1549a966 1654ae6b 1043a770 1941a469 1a45dfa3".split(),
    )
)
"""What stands in a Cluster or BlockGroup, or between Clusters."""


def is_whole_transport(data: bytes) -> bool:
    """Whether packets of a transport stream follow each other, of each kind in unbroken count.

    Args:
        data: from the start of a packet up to that of another, and `STAMP_BYTES` and one more.
    """
    start = 0 if data[:1] == b"\x47" else STAMP_BYTES
    sizes = (size for size in (188, 192, 204) if data[start + size : start + size + 1] == b"\x47")
    size = next(sizes, 0)
    counts: dict[int, int] = {}
    for at in range(start, len(data) - 4, size or len(data)):
        if data[at] != _SYNC or not size:
            return False
        kind = int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF
        if not data[at + 3] & 0x10:  # no content, and not counted
            continue
        count = data[at + 3] & 15
        if kind in counts and kind != _NULL_PACKETS and count - counts[kind] not in (0, 1, -15):
            return False
        counts[kind] = count
    return True


def is_whole_matroska(before: bytes, data: bytes) -> bool:
    """Whether elements of Matroska follow each other from one block to the next.

    Args:
        before: some bytes before the first block's content.
        data: from there to the content of the other.
    """
    at = _block_bytes(before)
    while 0 < at < len(data):
        name_bytes = 9 - data[at].bit_length()
        name = data[at : at + name_bytes]
        size, size_bytes = ebml_number(data[at + name_bytes : at + name_bytes + 8])
        if name not in _ELEMENTS | _MASTERS:
            return False
        at += name_bytes + size_bytes
        if at == len(data):
            return True
        at += 0 if name in _MASTERS else size
    return False


def is_whole_avi(data: bytes) -> bool:
    """Whether chunks of an AVI follow each other from the end of one packet to the next."""
    at = 0 if data[:4].isalnum() else 1  # chunks begin at even places
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 == len(data):
            return True
        at += 12 if name == b"LIST" else 8 + size + size % 2
    return False


def _block_bytes(before: bytes) -> int:
    """How long the block is whose header ends there; 0 if none does."""
    for width in range(1, 9):
        size, size_bytes = ebml_number(before[-width:])
        if size_bytes == width and before[-width - 1 : -width] in (b"\xa3", b"\xa1"):
            return size
    return 0


def ebml_number(data: bytes) -> tuple[int, int]:
    """A number of variable length (RFC 8794, section 4), and its bytes."""
    if not data or not data[0]:
        return 0, 1
    width = 9 - data[0].bit_length()
    return int.from_bytes(data[:width], "big") & ((1 << 7 * width) - 1), width
