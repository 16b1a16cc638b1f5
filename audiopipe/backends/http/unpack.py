"""Bodies unpacked piece by piece: a small one cannot grow into gigabytes at once."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator

from audiopipe.errors import BadReply

ACCEPTED = "gzip, deflate"
"""What is asked for; nothing else is unpacked."""

_PIECE_BYTES = 1 << 18
_GZIP, _ZLIB, _BARE = 16 + zlib.MAX_WBITS, zlib.MAX_WBITS, -zlib.MAX_WBITS


def unpacked(pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """The body in pieces of at most 256 KiB where it was packed, else as it came.

    Args:
        pieces: as they came over the line.
        encoding: the header `content-encoding`; "" for none.

    Raises:
        BadReply: an encoding that was not asked for, or one that is broken or cut.
    """
    name = encoding.strip().lower()
    if name in ("", "identity"):
        yield from pieces
    elif name in ("gzip", "x-gzip"):
        yield from _inflated(pieces, _GZIP)
    elif name == "deflate":
        yield from _inflated(pieces, _ZLIB)
    else:
        raise BadReply(f"the answer is packed as {name[:40]!r}, which was not asked for")


def _inflated(pieces: Iterable[bytes], window: int) -> Iterator[bytes]:
    unpacker, begun = zlib.decompressobj(window), False
    for piece in pieces:
        if not begun and window == _ZLIB and piece and (piece[0] & 0x0F) != 8:
            unpacker = zlib.decompressobj(_BARE)  # what some servers call deflate
        begun = begun or bool(piece)
        left = piece
        while left and not unpacker.eof:
            try:
                yield unpacker.decompress(left, _PIECE_BYTES)
            except zlib.error as error:
                raise BadReply(f"the answer is garbled: {error}") from error
            left = unpacker.unconsumed_tail
    if begun and not unpacker.eof:
        raise BadReply("the answer is cut: its packing has no end")
