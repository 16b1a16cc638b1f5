"""The reader over a filter graph of ffmpeg's: no Python for each frame, while none is missing."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from math import inf
from typing import Any

from av.audio.frame import AudioFrame
from av.error import FFmpegError
from av.filter import Graph

from audiopipe.audio.reading.clock import JUMP_S, ROUNDED_S
from audiopipe.audio.reading.frames import MOST_PLANES, as_float
from audiopipe.audio.reading.pyav import ContainerRecording
from audiopipe.audio.reading.recording import (
    BLOCK_FRAMES,
    PIECE_S,
    Block,
    Planes,
    Recording,
    planes_of,
    skip_frames,
)
from audiopipe.audio.reading.timeline import silence
from audiopipe.audio.reading.torn import unheard

_HELD = 2
"""Blocks that may be the last: one of sound, and one of the silence behind it."""


class UnbrokenRecording(Recording):
    """A track that is read, decoded and joined to large blocks in C.

    A block is given once the clock of the next ones, or the end, shows that it lacks no frame. At
    the first doubt the reader that looks at each frame begins again, and gives what was not given
    yet.

    Args:
        probed: has read the header; it is closed.
        descriptor: of the same file, which stays open.
    """

    def __init__(self, probed: ContainerRecording, descriptor: int) -> None:
        super().__init__(probed.name, probed.rate_hz, probed.channels, probed.duration_s)
        self.notes = probed.notes
        self._probed = probed
        self._descriptor = descriptor
        self._first_s: float | None = None
        self._tick_s = 0.0
        # Before the graph opens the file: the index of an hour takes megabytes.
        probed.close()

    def blocks(self) -> Iterator[Block]:
        import numpy as np

        for planes in self.planes():
            yield np.stack([np.asarray(plane) for plane in planes]).T

    def planes(self) -> Iterator[Planes]:
        late = round(self._probed.clock.late_s * self.rate_hz)
        yield from map(planes_of, silence(late, self.channels))
        start = given = late - self._probed.surplus_frames
        held: deque[AudioFrame] = deque()
        is_last = False
        for frame in self._joined():
            at = given - start + sum(each.samples for each in held)
            late_s = self._late_s(frame, at) if frame else inf
            if is_last or late_s >= JUMP_S:
                break
            # Behind the last frame a stamp may be so far off, and earlier where that has none.
            is_last = abs(late_s) >= ROUNDED_S
            held.append(frame)
            if len(held) > _HELD:
                yield _taken(held[0], max(0, late - given), held[0].samples)
                given += held.popleft().samples
        else:
            frames = max(given, given + sum(each.samples for each in held) - self._frames())
            if self._is_all(frames):
                end = frames - self._probed.padding_frames(frames)
                for each in held:
                    yield _taken(each, max(0, late - given), max(0, end - given))
                    given += each.samples
                return
        with self._probed.reopened() as careful:
            yield from map(planes_of, skip_frames(careful.blocks(), max(late, given)))
            self.losses = careful.losses

    def sha256(self) -> str:
        return self._probed.sha256()

    def _is_all(self, frames: int) -> bool:
        """Whether as much came as the header promises, and no more, for at the end that an MP3
        states ffmpeg drops padding; and where it counts wrongly what it drops, no less.
        """
        seconds = frames / self.rate_hz
        promised_s = self._probed.promised_s or seconds
        if self._probed.surplus_frames and frames < round(promised_s * self.rate_hz):
            return False
        return abs(seconds - promised_s) < self._probed.tolerance_s

    def _joined(self) -> Iterator[Any]:
        """The track in frames of the length of a block; None in place of what is damaged."""
        with unheard():
            # Its threads end before they can be heard again.
            yield from self._pulled()

    def _pulled(self) -> Iterator[Any]:
        try:
            graph = Graph()
            source = self._probed.add_to(graph, self._descriptor)
            kind = "fltp" if self.channels <= MOST_PLANES else "flt"
            floats = graph.add("aformat", sample_fmts=kind)
            size = str(self._frames())
            # Silence behind the last frame: the stamp of a block of it tells when that ends. At
            # once, for each piece of it is rounded to the container's clock.
            more = graph.add("apad", pad_len=size, packet_size=size)
            join = graph.add("asetnsamples", n=size, p="0")
            sink = graph.add("abuffersink")
            graph.link_nodes(source, floats, more, join, sink).configure()
            while True:
                yield sink.pull()
        except EOFError:
            return
        except FFmpegError:
            yield None

    def _frames(self) -> int:
        """Of a block: it fits into a decoder's place, and whole pieces are mixed without a copy."""
        most = 2 * BLOCK_FRAMES // max(2, self.channels)
        piece = max(1, round(PIECE_S * self.rate_hz))
        return max(1, most // piece) * piece

    def _late_s(self, frame: Any, frames: int) -> float:
        """How much later a frame comes than its time behind so many; what is of another kind, or
        has no stamp, never does.
        """
        if (frame.sample_rate, frame.layout.nb_channels) != (self.rate_hz, self.channels):
            return inf
        if frame.pts is None:
            return inf
        if self._first_s is None:
            self._tick_s = float(frame.time_base)
            self._first_s = frame.pts * self._tick_s
        return float(frame.pts * self._tick_s) - self._first_s - frames / self.rate_hz


def _taken(frame: AudioFrame, start: int, end: int) -> Planes:
    """The samples of a frame of floats from one to another."""
    if not frame.format.is_planar:
        return planes_of(as_float(frame)[start:end])
    return [memoryview(plane).cast("f")[start:end] for plane in frame.planes]
