"""Frames of MPEG audio among bytes that are none: tags, junk, holes.

The layout of a header is that of ISO 11172-3, section 2.4.1.3, and ISO 13818-3.
"""

from __future__ import annotations

from audiopipe.audio.reading.stated import id3_bytes

_KBITS = {
    # by whether it is MPEG 1, and layer
    (True, 1): (32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}
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


def foreign_bytes(data: bytes) -> tuple[int, int]:
    """How many bytes of sound may be missing before the frame that ends there, and its start.

    Args:
        data: a packet as ffmpeg's parser gives it: what is no frame, and the frame behind it. Tags
            are no sound.
    """
    if frame_bytes(data[:4]) == len(data):
        return 0, 0
    at = data.find(b"\xff")
    while at >= 0 and frame_bytes(data[at : at + 4]) != len(data) - at:
        at = data.find(b"\xff", at + 1)
    start = at if at >= 0 else len(data)
    return max(0, start - _tag_bytes(data[:start])), start


def _tag_bytes(data: bytes) -> int:
    at = 128 if data.startswith(b"TAG") else 0
    if data[at:].startswith((b"APETAGEX", b"LYRICSBEGIN")):
        return len(data)
    return at + id3_bytes(data[at : at + 10])


def is_length_frame(frame: bytes) -> bool:
    """Whether a frame holds no sound, but how long what follows is."""
    head = frame[:64]
    return b"Xing" in head or b"Info" in head or b"VBRI" in head


def is_tag(data: bytes) -> bool:
    """Whether a packet is what follows the sound in many files."""
    return data.startswith((b"ID3", b"TAG", b"APETAGEX", b"LYRICSBEGIN"))
