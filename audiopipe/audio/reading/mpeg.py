"""Frames of MPEG audio and DTS among bytes that are none: tags, junk, holes.

ffmpeg finds those by the mark at their start, so that a packet may hold more than its frame. The
layout of a header is that of ISO 11172-3, section 2.4.1.3, and ISO 13818-3; of DTS that of ETSI TS
102 114, sections 5.4.1 and 7.4.1.
"""

from __future__ import annotations

from audiopipe.audio.reading.tagging import bytes_of_tags

_KBITS = {
    # by whether it is MPEG 1, and layer
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
_DTS, _DTS_EXTENSION = bytes.fromhex("7ffe8001"), bytes.fromhex("64582025")
_RATES_HZ = (44_100, 48_000, 32_000)


def frame_bytes(header: bytes) -> int:
    """How long the frame is that begins with this header of 4 bytes; 0 if it is none."""
    if len(header) < 4 or header[0] != 0xFF or header[1] & 0xE0 != 0xE0:
        return 0
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    rate, bits, padding = header[2] >> 2 & 3, header[2] >> 4, header[2] >> 1 & 1
    if version == 1 or layer == 4 or rate == 3 or bits in (0, 15):
        return 0
    is_first = version == 3
    rate_hz = _RATES_HZ[rate] >> {3: 0, 2: 1, 0: 2}[version]
    bit_rate = _KBITS[is_first, layer][bits - 1] * 1000
    if layer == 1:
        return (12 * bit_rate // rate_hz + padding) * 4
    slots = 144 if is_first or layer == 2 else 72
    return slots * bit_rate // rate_hz + padding


def _dts_bytes(data: bytes) -> int:
    """How long the DTS frame is that begins there, its extensions included; 0 if none does."""
    size = 0
    if data[:4] == _DTS:
        size = (int.from_bytes(data[5:8], "big") >> 4 & 0x3FFF) + 1
    while data[size : size + 4] == _DTS_EXTENSION:
        bits = int.from_bytes(data[size + 5 : size + 10], "big")
        size += 1 + (bits >> 1 & 0xFFFFF if bits >> 37 & 1 else bits >> 13 & 0xFFFF)
    return size


def kind_of(header: bytes) -> bytes:
    """What the headers of all frames of a stream have in common: version, layer and rate; nothing
    of what is no header."""
    if header[:4] == _DTS:
        return _DTS
    return bytes((header[1] & 0xFE, header[2] & 0x0C)) if frame_bytes(header[:4]) else b""


def begins_frame(data: bytes) -> bool:
    """Whether a whole frame stands at the start."""
    return 0 < (frame_bytes(data[:4]) or _dts_bytes(data)) <= len(data)


def foreign_bytes(data: bytes) -> tuple[int, int]:
    """How many bytes of sound may be missing before the frame that ends there, and its start.

    Args:
        data: a packet as ffmpeg's parser gives it: what is no frame, and the frame behind it. Tags
            are no sound.
    """
    first = frame_bytes(data[:4]) or _dts_bytes(data)
    if first == len(data):
        return 0, 0
    at = data.find(b"\xff")
    while at >= 0 and frame_bytes(data[at : at + 4]) != len(data) - at:
        at = data.find(b"\xff", at + 1)
    if at < 0 < first < len(data):
        return len(data) - first, 0
    start = at if at >= 0 else len(data)
    return max(0, start - bytes_of_tags(data[:start])), start


def is_length_frame(frame: bytes) -> bool:
    """Whether a frame holds no sound, but how long what follows is."""
    head = frame[:64]
    return b"Xing" in head or b"Info" in head or b"VBRI" in head
