"""Lengths that the headers of ASF and MP3 state, where ffmpeg's own reading of them is a guess."""

from __future__ import annotations

import struct
from typing import IO

_LONGEST_S = 1e9
"""No recording lasts 30 years."""

_TAGS = (b"TAG", b"APETAGEX", b"LYRICSBEGIN")
"""How tags begin that are put behind the sound of an MP3."""

_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")


def asf_states_s(file: IO[bytes]) -> float | None:
    """How many seconds the header of an ASF or WMA says that it plays; its position stays.

    ffmpeg estimates that from a bit rate where the size that the header states is not the file's.
    """
    position = file.tell()
    file.seek(0)
    head = file.read(4096)
    file.seek(position)
    at = head.find(_ASF_PROPERTIES)
    if not head.startswith(_ASF) or at < 0 or len(head) < at + 88:
        return None
    play, _, preroll_ms = struct.unpack_from("<QQQ", head, at + 64)
    seconds: float = play / 1e7 - preroll_ms / 1e3
    return seconds if 0 < seconds < _LONGEST_S else None


def mp3_states_length(file: IO[bytes]) -> bool:
    """Whether an MP3 tells how many frames it has, and nothing is joined on; its position stays.

    Without that ffmpeg guesses from a bit rate.
    """
    position = file.tell()
    frames, length, start = _xing_counts(file)
    joined = False
    if length:
        file.seek(start + length)
        behind = file.read(16)
        joined = bool(behind.strip(b"\0")) and not behind.startswith(_TAGS)
    file.seek(position)
    return frames > 0 and not joined


def mp3_ends_at(file: IO[bytes]) -> int:
    """Where an MP3's header says that its frames end, 0 if nowhere; the file's position stays."""
    position = file.tell()
    _, length, start = _xing_counts(file)
    file.seek(position)
    return start + length if length else 0


def _xing_counts(file: IO[bytes]) -> tuple[int, int, int]:
    """Frames and bytes of audio that an MP3's first frame states, each 0 if it does not; its place.

    An ID3v2 tag may come first. The frame holds `Xing` or `Info`, flags, then the counts that the
    two lowest flags announce.
    """
    start = _id3_bytes(file)
    file.seek(start)
    head = file.read(256)
    at = max(head.find(b"Xing"), head.find(b"Info"))
    if at < 0 or len(head) < at + 16:
        return 0, 0, start
    flags, *counts = struct.unpack_from(">III", head, at + 4)
    frames = counts.pop(0) if flags & 1 else 0
    return frames, counts[0] if flags & 2 else 0, start


def _id3_bytes(file: IO[bytes]) -> int:
    file.seek(0)
    head = file.read(10)
    return id3_bytes(head) if len(head) == 10 else 0


def id3_bytes(head: bytes) -> int:
    """How long the ID3v2 tag is that begins there; 0 if none does."""
    if head[:3] != b"ID3" or len(head) < 10:
        return 0
    return 10 + sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
