"""The reader over a filter graph of ffmpeg's: no Python for each frame, while none is missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from av.audio.frame import AudioFrame
from av.error import FFmpegError
from av.filter import Graph

from audiopipe.audio.mixing import whole_pieces
from audiopipe.audio.reading.clock import ROUNDED_S
from audiopipe.audio.reading.frames import MOST_PLANES, as_float
from audiopipe.audio.reading.pyav import ContainerRecording
from audiopipe.audio.reading.recording import (
    BLOCK_FRAMES,
    Block,
    Recording,
    skip_frames,
)
from audiopipe.audio.reading.timeline import silence
from audiopipe.audio.reading.torn import unheard


class UnbrokenRecording(Recording):
    """A track that is read, decoded and joined to large blocks in C.

    A block is given once the clock of the next one, or the end, shows that it lacks no frame. At
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
        late = round(self._probed.clock.late_s * self.rate_hz)
        yield from silence(late, self.channels)
        start = given = late - self._probed.surplus_frames
        held: AudioFrame | None = None
        for frame in self._joined():
            ahead = held.samples if held else 0
            if frame is None or not self._follows(frame, given - start + ahead):
                break
            if held:
                yield self._taken(held)[max(0, late - given) :]
                given += ahead
            held = frame
        else:
            frames = given + (held.samples if held else 0)
            if self._is_all(frames):
                if held:
                    end = held.samples - self._probed.padding_frames(frames)
                    yield self._taken(held)[max(0, late - given) : end]
                return
        with self._probed.reopened() as careful:
            yield from skip_frames(careful.blocks(), max(late, given))
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

    def _taken(self, frame: AudioFrame) -> Block:
        if not frame.format.is_planar:
            return as_float(frame)
        block = self.room(frame.samples, self.channels)
        for number, plane in enumerate(frame.planes):
            block[:, number] = np.frombuffer(plane, np.float32, frame.samples)  # type: ignore[call-overload]
        return block

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
            most = 2 * BLOCK_FRAMES // max(2, self.channels)  # so that it fits into its place
            join = graph.add("asetnsamples", n=str(whole_pieces(most, self.rate_hz)), p="0")
            sink = graph.add("abuffersink")
            graph.link_nodes(source, floats, join, sink).configure()
            while True:
                yield sink.pull()
        except EOFError:
            return
        except FFmpegError:
            yield None

    def _follows(self, frame: Any, frames: int) -> bool:
        """Whether a frame is of the same kind, and comes at its time behind so many."""
        if (frame.sample_rate, frame.layout.nb_channels) != (self.rate_hz, self.channels):
            return False
        if frame.pts is None:
            return False
        if self._first_s is None:
            self._tick_s = float(frame.time_base)
            self._first_s = frame.pts * self._tick_s
        at_s = frame.pts * self._tick_s
        return abs(at_s - self._first_s - frames / self.rate_hz) < ROUNDED_S
