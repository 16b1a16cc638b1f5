"""Whether a jump of a container's clock is a pause, or data that is damaged or missing there."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO

from av import logging
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet

from audiopipe.audio.reading.chains import (
    STAMP_BYTES,
    is_whole_avi,
    is_whole_matroska,
    is_whole_transport,
)
from audiopipe.audio.reading.clock import JUMP_S, is_stamped
from audiopipe.audio.reading.tagging import bytes_of_tags

_HEADERS_BYTES = 1024
"""More than stands between the packets of a lone track: headers of blocks and clusters."""

_MOST_BYTES = 1 << 22
"""Looked at between two packets; what lies farther apart has other tracks between."""

_NEAR_S = 0.5
"""How soon behind a complaint the clock jumps: a packet in which bytes are missing comes first."""

_ALL_PACKETS = frozenset({"nut", "flv"})
"""Containers that hold nothing behind their packets."""

_MARK_BYTES = 32
"""By so many a packet is known again in its file."""

_BEFORE_BYTES = 9
"""The longest header of a block of Matroska."""


def hear_complaints() -> None:
    """Have ffmpeg's errors counted, of all files of this process."""
    logging.set_level(logging.PANIC)  # shows none; errors are counted at any level


@contextmanager
def unheard() -> Iterator[None]:
    """Have them not counted: threads of ffmpeg's own that complain would wait for the interpreter,
    which may be waiting for them.
    """
    level = logging.get_level()
    logging.set_level(None)
    try:
        yield
    finally:
        logging.set_level(level)


def complaints() -> int:
    """How many there were."""
    return logging.get_last_error()[0]


class Index:
    """Stamps for the packets of an AVI, which carry none: ffmpeg counts those that it finds, and
    the index at the file's end tells how many there ought to be before one.

    Args:
        head: the first packet.
        file: seekable; keeps its position.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: AudioStream,
        head: Packet[AudioStream],
        file: IO[bytes],
    ) -> None:
        self._entries = entries = stream.index_entries
        self._offset = self._per_tick = 0
        if container.format.name != "avi" or len(entries) < 2 or not head.duration:
            return
        position = file.tell()
        size = file.seek(0, os.SEEK_END)
        file.seek(position)
        # Without an index, ffmpeg lists what it has read so far.
        if entries[len(entries) - 1].pos > size // 2 and head.pos is not None:
            self._offset = head.pos - entries[0].pos
            self._per_tick = (entries[1].timestamp - entries[0].timestamp) // head.duration

    def __bool__(self) -> bool:
        return self._per_tick > 0

    def stamp(self, packet: Packet[AudioStream]) -> None:
        """Give a packet the stamp that belongs to its place."""
        if not self._per_tick or packet.pos is None:
            return
        place = packet.pos - self._offset
        number = bisect_left(self._entries, place, key=lambda entry: entry.pos)
        if number < len(self._entries) and self._entries[number].pos == place:
            packet.pts = packet.dts = self._entries[number].timestamp // self._per_tick


class Seams:
    """Looks between packets for what is missing there.

    Where the container has a clock, that tells how much, and a jump of it is a pause unless ffmpeg
    complained of what it found there; or the pieces of a Matroska or a transport stream do not
    follow each other there (`chains`); or a lone FLV has more bytes there than headers take, which
    once were packets; an AVI's `Index` knows no pauses. Without a clock the bytes that belong to no
    packet tell.

    Attributes:
        is_stamped: whether there is a clock.

    Args:
        file: seekable; keeps its position.
        index: stamps the packets.
        is_doubtful: whether ffmpeg complained as it looked for tracks, for which it reads ahead.
    """

    def __init__(
        self,
        container: InputContainer,
        stream: AudioStream,
        file: IO[bytes],
        index: Index,
        *,
        is_doubtful: bool,
    ) -> None:
        self._kind = container.format.name.split(",")[0]
        self.is_stamped = is_stamped(container) or bool(index)
        self._file, self._index = file, index
        self._doubtful_bytes = file.tell() if is_doubtful else 0
        is_told = self._kind == "flv" or not self.is_stamped
        self._is_lone = is_told and len(container.streams) == 1
        self._is_chained = self._kind in ("mpegts", "matroska") or self._is_lone
        self._tick_s = float(stream.time_base or 0)
        self._place: int | None = None
        self._size = 0
        self._end_s: float | None = None
        self._complained_s: float | None = None

    def between(
        self, packets: Iterable[Packet[AudioStream]]
    ) -> Iterator[tuple[Packet[AudioStream], int | None]]:
        """Each packet, and how many bytes are missing before it; 0 where the clock tells how much
        is, None where nothing is.
        """
        iterator = iter(packets)
        before = complaints()
        while (packet := next(iterator, None)) is not None:
            if complaints() > before:
                self._complained_s = self._end_s
            self._index.stamp(packet)
            yield packet, self._missing(packet)
            before = complaints()  # what its decoder says is not counted

    def unread(self, sound_end: int) -> int:
        """How many bytes stand behind the last packet, where ffmpeg lost its way to the end.

        Args:
            sound_end: where tags and filling begin.
        """
        if self._kind not in _ALL_PACKETS or self._place is None:
            return 0
        rest = sound_end - self._place - self._size
        return rest if rest > _HEADERS_BYTES else 0

    def _missing(self, packet: Packet[AudioStream]) -> int | None:
        if self._kind == "aac":
            return self._skipped(packet)
        place = packet.pos if packet.pos is not None and packet.pos >= 0 else None
        bytes_ = place - self._place - self._size if place and self._place is not None else 0
        is_known = self.is_stamped and (self._is_near_complaint() or bool(self._index))
        is_torn = self._jumps(packet) if self.is_stamped else self._is_lone
        if is_torn and not is_known:
            is_torn = self._is_between(self._place or 0, place or 0)
        if place is not None:
            self._place, self._size = place, 0
        self._size += packet.size
        return None if not is_torn else 0 if self.is_stamped else bytes_

    def _skipped(self, packet: Packet[AudioStream]) -> int | None:
        """How many bytes that are no tags ffmpeg left out before a packet of ADTS, in search of its
        frame; it counts places as if they weren't there, so that the packet is looked for.
        """
        if packet.pos is None:
            return None
        position, mark = self._file.tell(), bytes(packet)[:_MARK_BYTES]
        start = packet.pos if self._place is None else self._place + self._size
        self._file.seek(start)
        skipped, data = b"", self._file.read(len(mark))
        if data != mark:
            data += self._file.read(_MOST_BYTES)
            found = data.find(mark)
            if found < 0:  # not one of the file's own: no more are looked for
                self._kind, self._is_lone = "", False
            skipped = data[: max(0, found)]
        self._file.seek(position)
        is_first = self._place is None
        self._place, self._size = start + len(skipped), packet.size
        return None if is_first else (len(skipped) - bytes_of_tags(skipped)) or None

    def _is_near_complaint(self) -> bool:
        if self._end_s is None or self._place is None:
            return False
        is_near = self._complained_s is not None and self._end_s < self._complained_s + _NEAR_S
        return is_near or self._place < self._doubtful_bytes

    def _jumps(self, packet: Packet[AudioStream]) -> bool:
        if packet.pts is None:
            return False
        start_s = packet.pts * self._tick_s
        jumps = self._end_s is not None and start_s > self._end_s + JUMP_S
        self._end_s = start_s + (packet.duration or 0) * self._tick_s
        return jumps

    def _is_between(self, start: int, end: int) -> bool:
        """Whether something stands between two places that is no part of the container."""
        if self._place is None or not end:
            return False
        if self._is_lone and self._kind != "avi":
            return end - start - self._size > _HEADERS_BYTES
        if not self._is_chained or not 0 < end - start <= _MOST_BYTES:
            return False
        position = self._file.tell()
        self._file.seek(max(0, start - _BEFORE_BYTES))
        before, data = self._file.read(min(start, _BEFORE_BYTES)), self._file.read(end - start)
        if self._kind == "mpegts":
            data += self._file.read(STAMP_BYTES + 1)
        self._file.seek(position)
        if self._kind == "mpegts":
            return not is_whole_transport(data)
        if self._kind == "avi":
            return not is_whole_avi(data[self._size :])
        return not is_whole_matroska(before, data)
