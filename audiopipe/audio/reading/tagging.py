"""Tags of ID3 and APE, which programs put before and behind the sound of any file.

Behind the sound they are no sound, and no loss. Before it ffmpeg finds its way into the streams of
MPEG audio, for which tags were made; but containers, whose places count from their own first byte,
it knows behind one tag of one kind at best. So the rule: **what is known by its first bytes begins
behind the tags in front of it**.
"""

from __future__ import annotations

import os
import struct
from typing import IO, cast

from audiopipe.audio.reading.part import Part

_ID3V1_BYTES = 128
_APE_BYTES = 32
"""Of its header, and of its footer as well."""

_FILLING_BYTES, _MOST_FILLING_BYTES = 64, 1 << 26
_MOST_TAGS = 100
_READ_BYTES = 1 << 16

TAGS = (b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN")
"""How they begin."""

HEADS: tuple[tuple[int, bytes], ...] = (
    (0, b"OggS"),
    (0, b"fLaC"),
    (0, b"\x1aE\xdf\xa3"),  # Matroska, WebM
    (0, b"\x30\x26\xb2\x75\x8e\x66\xcf\x11"),  # ASF: WMA, WMV
    (0, b"FLV\x01"),
    (0, b"caff"),
    (0, b".snd"),
    (0, b"riff\x2e\x91\xcf\x11"),  # Wave64
    (0, b"#!AMR"),
    (0, b"MAC "),
    (0, b"wvpk"),
    (0, b"TTA1"),
    (0, b"tBaK"),
    (0, b"MPCK"),
    (0, b"MP+"),
    (0, b"DSD "),
    (0, b"FRM8"),
    (0, b"OFR "),
    (0, b"ajkg"),
    (0, b"Creative Voice File"),
    (0, b".RMF"),
    (0, b"\x06\x0e\x2b\x34\x02\x05\x01\x01\x0d\x01\x02"),  # MXF
    (0, b"\x00\x00\x01\xba"),  # MPEG programme stream
    (0, b"\x7f\xfe\x80\x01"),  # DTS
    (4, b"\xf8\x72\x6f\xba"),  # TrueHD
    (8, b"WAVE"),
    (8, b"AVI "),
    (8, b"AIFF"),
    (8, b"AIFC"),
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
)
"""Where a mark stands by which a recording is known, and the mark."""

HEAD_BYTES = 600
"""So many tell; three packets of a transport stream."""


def begins_recording(head: bytes) -> bool:
    """Whether a recording begins there that is known by its first bytes."""
    is_marked = any(head[at : at + len(mark)] == mark for at, mark in HEADS)
    return is_marked or _has_transport_packets(head)


def _has_transport_packets(head: bytes) -> bool:
    """MPEG-TS: a sync byte every 188 bytes, or every 192 behind a time code (M2TS)."""
    return any(
        len(head) > at + 2 * size and head[at::size][:3] == b"GGG"
        for at, size in ((0, 188), (4, 192))
    )


def is_tag(data: bytes) -> bool:
    """Whether it begins with a tag, or with what may be a piece of one."""
    return data.startswith(TAGS)


def is_tag_or_filling(file: IO[bytes], at: int) -> bool:
    """Whether a tag begins at a place, an odd one too, or nothing but zeros follows, as disks are
    filled up: silence is no loss. The file's position is lost.
    """
    file.seek(at)
    behind = file.read(16)
    if is_tag(behind) or is_tag(behind[1:]):
        return True
    while behind and not behind.strip(b"\0"):
        behind = file.read(_READ_BYTES)
    return not behind


def tag_bytes(head: bytes) -> int:
    """How long the tag is that begins there; 0 if none does, or its length stands elsewhere."""
    if head.startswith(b"ID3") and len(head) >= 10:
        size = sum(byte << shift for byte, shift in zip(head[6:10], (21, 14, 7, 0), strict=True))
        return size + (20 if head[5] & 0x10 else 10)  # with its footer
    if head.startswith(b"APETAGEX") and len(head) >= _APE_BYTES:
        size, _, flags = struct.unpack_from("<III", head, 12)
        return int(size) + _APE_BYTES if flags >> 29 & 1 else 0  # where it is a header
    return _ID3V1_BYTES if head.startswith(b"TAG") else 0


def bytes_of_tags(data: bytes) -> int:
    """How much of what stands between two frames is tags, at its start."""
    at = 0
    while size := tag_bytes(data[at : at + _APE_BYTES]):
        at += size
    return len(data) if data[at:].startswith((b"APETAGEX", b"LYRICSBEGIN")) else min(at, len(data))


def untagged(file: IO[bytes]) -> IO[bytes]:
    """The file from behind the tags in front of it; whole, if there are none, or ffmpeg knows best.

    Args:
        file: seekable; its position is 0 afterwards, that of the part as well.
    """
    start = 0
    for _ in range(_MOST_TAGS):
        file.seek(start)
        head = file.read(HEAD_BYTES)
        size = tag_bytes(head)
        if not size:
            break
        start += size
    file.seek(0)
    is_behind = start and begins_recording(head)
    return cast("IO[bytes]", Part(file, start)) if is_behind else file


def end_of_sound(file: IO[bytes]) -> int:
    """Where tags and filling begin that stand behind the sound; the file's position stays."""
    position = file.tell()
    end, before = file.seek(0, os.SEEK_END), -1
    while end != before:
        before = end
        file.seek(max(0, end - _ID3V1_BYTES))
        tail = file.read(min(end, _ID3V1_BYTES))
        if tail.startswith(b"TAG"):
            end -= _ID3V1_BYTES
        elif tail[-_APE_BYTES:].startswith(b"APETAGEX"):
            size, _, flags = struct.unpack("<III", tail[-20:-8])
            end = max(0, end - size - (_APE_BYTES if flags >> 31 else 0))
        else:
            end = _without_zeros(file, end)
    file.seek(position)
    return end


def _without_zeros(file: IO[bytes], end: int) -> int:
    """Where a filling begins that ends there: 64 zeros at least, for sound may end with some."""
    start = end
    while start > max(0, end - _MOST_FILLING_BYTES):
        size = min(start, _READ_BYTES)
        file.seek(start - size)
        rest = file.read(size).rstrip(b"\0")
        start -= size - len(rest)
        if rest:
            break
    return start if end - start >= _FILLING_BYTES else end
