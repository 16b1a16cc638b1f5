"""Cutting between what is heard at once, so that the same is heard however long chunks are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from audiopipe.backends.protocols import Planner
from audiopipe.stages.chunk.cutter import Cutter
from audiopipe.values.audio import AudioFormat, Chunk, Piece


class PlannedCutter(Cutter):
    """Cuts one channel where a window of a plan begins.

    A chunk holds as many windows as fit; one that does not fit in any is divided between its
    pieces, and a piece where the chunk ends. The plan is of the recording, and not of its chunks.

    Args:
        planner: at the beginning of the channel.
        length: of the longest chunk, in samples.
        audio_format: of the chunks.
        skip_silence_s: see `Cutting`.
    """

    def __init__(
        self,
        planner: Planner,
        length: int,
        audio_format: AudioFormat,
        skip_silence_s: float | None,
    ) -> None:
        super().__init__(audio_format, skip_silence_s)
        self._planner = planner
        self._length = length
        self._pieces: list[Piece] = []

    def _grown(self, samples: NDArray[np.int16]) -> Iterator[Chunk]:
        for piece in self._planner.push(samples.astype(np.float32) / np.float32(32768)):
            yield from self._add(piece)
        yield from self._pass(self._planner.sure)

    def _ended(self) -> Iterator[Chunk]:
        for piece in self._planner.finish():
            yield from self._add(piece)
        yield from self._pass(self._tape.end)
        yield self._close(self._tape.end, self._file_end_s, self._taken(self._tape.end))

    def _add(self, piece: Piece) -> Iterator[Chunk]:
        yield from self._pass(piece.start)
        while piece.end > self._latest:
            end = self._border(piece.window, piece.start)
            if end > piece.start:
                self._pieces.append(replace(piece, end=end))
                piece = replace(piece, start=end)
            yield self._cut(end)
        self._pieces.append(piece)

    def _pass(self, at: int) -> Iterator[Chunk]:
        """The chunks that nothing can be added to, as nothing more begins before a sample; however
        much is told at once, they are the same."""
        while at > self._latest:
            yield self._cut(self._border(self._pieces[-1].window if self._pieces else 0, at))

    def _border(self, window: int, at: int) -> int:
        """Where the chunk ends if a window does not fit, whose next piece begins at a sample:
        before its first piece, else where it must be divided."""
        first = next((each.start for each in self._pieces if each.window == window), at)
        if first > self._start:
            return min(first, self._latest)
        return self._pieces[-1].end if self._pieces else self._latest

    @property
    def _latest(self) -> int:
        """Where the chunk that is under way ends at the latest."""
        return self._start + self._length

    def _cut(self, end: int) -> Chunk:
        chunk = self._close(end, self._tape.time_s(end), self._taken(end))
        self._begin(end)
        self._tape.forget(end)
        return chunk

    def _taken(self, end: int) -> tuple[Piece, ...]:
        """The pieces before a sample, by the samples of their chunk; the others are left."""
        taken = [each for each in self._pieces if each.end <= end]
        self._pieces = self._pieces[len(taken) :]
        start = self._start
        first = taken[0].window if taken else 0
        return tuple(Piece(p.start - start, p.end - start, p.window - first) for p in taken)
