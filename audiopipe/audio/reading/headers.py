"""Whether a file is whole, told from its headers alone.

libsndfile believes headers: it stops at the length that an MP3's first frame states, after the
first link of a chained Ogg, at the first hole, without a word. What is not whole goes to ffmpeg,
which goes on behind the damage and keeps the times.
"""

from __future__ import annotations

import os
import struct
from typing import IO

_UNKNOWN_LENGTH = 0x7FFF_0000
"""Writers that cannot go back to fill in a length leave 0 or a value around 2 or 4 GiB."""


def is_intact(file: IO[bytes]) -> bool:
    """Whether libsndfile will read all of a seekable file; its position is 0 afterwards.

    WAV, Ogg and MP3 are looked at; other formats count as intact until reading them fails.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    magic = file.read(4)
    file.seek(0)
    try:
        if magic == b"RIFF":
            return _wav_ends_with_its_data(file, size)
        if magic == b"OggS":
            return _ogg_pages_follow(file)
        if magic[:3] == b"ID3" or magic[:1] == b"\xff":
            return _mp3_has_its_length(file, size)
        return True
    finally:
        file.seek(0)


def mp3_states_length(file: IO[bytes]) -> bool:
    """Whether an MP3 tells how many frames it has; its position stays.

    Without that, or with another recording joined on, libsndfile and ffmpeg guess from a bit rate.
    """
    position = file.tell()
    size = file.seek(0, os.SEEK_END)
    frames, length = _xing_counts(file)
    joined = length and size - _id3_bytes(file) - length > length // 16
    file.seek(position)
    return frames > 0 and not joined


def _id3_bytes(file: IO[bytes]) -> int:
    file.seek(0)
    head = file.read(10)
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + sum(byte << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))


def _mp3_has_its_length(file: IO[bytes], size: int) -> bool:
    _, length = _xing_counts(file)
    # Tags behind the audio are small; another recording behind it, or a missing end, is not.
    excess = abs(size - _id3_bytes(file) - length)
    return not length or excess <= max(0.01 * length, 1024)


def _xing_counts(file: IO[bytes]) -> tuple[int, int]:
    """Frames and bytes of audio that an MP3's first frame states, each 0 if it does not.

    An ID3v2 tag may come first. The frame holds `Xing` or `Info`, flags, then the counts that the
    two lowest flags announce.
    """
    file.seek(_id3_bytes(file))
    head = file.read(256)
    at = max(head.find(b"Xing"), head.find(b"Info"))
    if at < 0 or len(head) < at + 16:
        return 0, 0
    flags, *counts = struct.unpack_from(">III", head, at + 4)
    frames = counts.pop(0) if flags & 1 else 0
    return frames, counts[0] if flags & 2 else 0


def _wav_ends_with_its_data(file: IO[bytes], size: int) -> bool:
    at = 12
    while at + 8 <= size:
        file.seek(at)
        name, length = struct.unpack("<4sI", file.read(8))
        at += 8
        if name == b"data":
            break
        at += length + length % 2
    else:
        return True
    behind = at + length + length % 2
    if length >= _UNKNOWN_LENGTH or behind + 8 > size:
        return length > 0 or size == at
    file.seek(behind)
    return file.read(4).isascii() and length > 0


def _ogg_pages_follow(file: IO[bytes]) -> bool:
    """Pages of one stream in unbroken order, the last marked as such (RFC 3533, section 6)."""
    serial, count, last = None, 0, False
    while header := file.read(27):
        if len(header) < 27 or header[:4] != b"OggS" or last:
            return False
        flags, page_serial, sequence = header[5], header[14:18], header[18:22]
        if page_serial != (serial or page_serial) or int.from_bytes(sequence, "little") != count:
            return False
        serial, count, last = page_serial, count + 1, bool(flags & 4)
        file.seek(sum(file.read(header[26])), os.SEEK_CUR)
    return last
