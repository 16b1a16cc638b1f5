"""Whether a jump of a container's clock is a pause, or data that is damaged or missing there."""

from __future__ import annotations

from typing import IO

from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from audiopipe.audio.reading.clock import JUMP_S

_HEADERS_BYTES = 1024
"""More than stands between the packets of a lone track: headers of blocks and clusters."""

_MOST_BYTES = 1 << 22
"""Looked at between two packets; what lies farther apart has other tracks between."""

_SYNC = 0x47


class Seams:
    """Looks at the bytes between packets where the clock jumps.

    Of a Matroska or FLV with one track, more of them than headers take were once packets; in a
    transport stream (ISO 13818-1, section 2.4.3.3) the packets of each kind are counted.

    Args:
        file: seekable; keeps its position.
    """

    def __init__(self, container: InputContainer, stream: AudioStream, file: IO[bytes]) -> None:
        kinds = container.format.name
        self._file = file
        self._is_lone = len(container.streams) == 1 and ("matroska" in kinds or kinds == "flv")
        self._is_counted = kinds == "mpegts"
        self._tick_s = float(stream.time_base or 0)
        self._place: int | None = None
        self._size = 0
        self._end_s: float | None = None

    def is_torn(self, packet: Packet[AudioStream]) -> bool:
        """Whether something is missing before a packet; to be asked of each, in order."""
        if packet.pts is None:
            return False
        start_s = packet.pts * self._tick_s
        jumps = self._end_s is not None and start_s > self._end_s + JUMP_S
        self._end_s = start_s + (packet.duration or 0) * self._tick_s
        place = packet.pos if packet.pos is not None and packet.pos >= 0 else None
        torn = bool(jumps and place is not None and self._place is not None) and self._is_between(
            self._place or 0, place or 0
        )
        if place is not None:
            self._place, self._size = place, 0
        self._size += packet.size
        return torn

    def _is_between(self, start: int, end: int) -> bool:
        if self._is_lone:
            return end - start - self._size > _HEADERS_BYTES
        if not self._is_counted or not 0 < end - start <= _MOST_BYTES:
            return False
        position = self._file.tell()
        self._file.seek(start)
        data = self._file.read(end - start + 1)
        self._file.seek(position)
        return not _is_whole(data)


def _is_whole(data: bytes) -> bool:
    """Whether packets of a transport stream follow each other, of each kind in unbroken count."""
    size = next((size for size in (188, 192, 204) if data[size : size + 1] == b"\x47"), 0)
    counts: dict[int, int] = {}
    for at in range(0, len(data) - 4, size or len(data)):
        if data[at] != _SYNC or not size:
            return False
        kind = int.from_bytes(data[at + 1 : at + 3], "big") & 0x1FFF
        if not data[at + 3] & 0x10:  # no content, and not counted
            continue
        count = data[at + 3] & 15
        if kind in counts and kind != 0x1FFF and count - counts[kind] not in (0, 1, -15):
            return False
        counts[kind] = count
    return True
