"""What ways to cut have in common: samples that come, and the chunk that grows of them."""

from __future__ import annotations

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading import ChunkEncoder
from audiopipe.audio.silence import SilenceGate
from audiopipe.stages.chunk.buffer import Buffer
from audiopipe.values.audio import RATE_HZ, AudioFormat, Chunk, Piece, Span, Window


class Cutter(ABC):
    """Cuts one channel. Positions are samples of what is sent; the buffer knows their file time.

    Args:
        audio_format: of the chunks.
        skip_silence_s: see `Cutting`.
    """

    def __init__(self, audio_format: AudioFormat, skip_silence_s: float | None) -> None:
        self._format: AudioFormat = audio_format
        self._gate = SilenceGate(skip_silence_s) if skip_silence_s is not None else None
        self._tape = Buffer()
        self._read = 0
        self._index = 0
        self._core_start_s = 0.0
        self._begin(0)

    def push(self, samples: NDArray[np.int16]) -> Iterator[Chunk]:
        """Take the next samples of the file; gives the chunks that they complete."""
        pieces = self._gate.push(samples) if self._gate else [(self._read, samples)]
        self._read += len(samples)
        yield from self._append(pieces)

    def finish(self) -> Iterator[Chunk]:
        """The file has ended; gives what is left."""
        yield from self._append(self._gate.finish() if self._gate else ())
        yield from self._ended()

    def close(self) -> None:
        """Give up the chunk that is under way."""
        self._encoder.close()

    @abstractmethod
    def _grown(self, samples: NDArray[np.int16]) -> Iterator[Chunk]:
        """The chunks that are complete with the samples that were put on the tape last."""

    @abstractmethod
    def _ended(self) -> Iterator[Chunk]:
        """The last chunks."""

    def _append(self, pieces: Iterable[tuple[int, NDArray[np.int16]]]) -> Iterator[Chunk]:
        for at, samples in pieces:
            self._tape.append(at, samples)
            yield from self._grown(samples)

    def _begin(self, start: int) -> None:
        self._start = self._encoded = start
        self._encoder = ChunkEncoder(self._format)
        self._hash = hashlib.sha256()

    def _encode(self, end: int) -> None:
        samples = self._tape.slice(self._encoded, end)
        self._encoder.write(samples)
        self._hash.update(samples.astype("<i2", copy=False).data)
        self._encoded = end

    def _close(self, end: int, core_end_s: float, pieces: tuple[Piece, ...] | None = None) -> Chunk:
        self._encode(end)
        stretches = self._tape.stretches(self._start, end)
        window = Window(self._index, stretches, Span(self._core_start_s, core_end_s))
        self._index += 1
        self._core_start_s = core_end_s
        data, digest = self._encoder.finish(), self._hash.hexdigest()
        return Chunk(window, data, self._format, digest, pieces=pieces)

    @property
    def _file_end_s(self) -> float:
        return self._read / RATE_HZ
