"""Recordings that are joined in one file, heard as one."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from fractions import Fraction
from typing import IO

import numpy as np
from av.audio.frame import AudioFrame

from audiopipe.audio.reading.frames import Unifier, as_float
from audiopipe.audio.reading.pyav import ContainerRecording
from audiopipe.audio.reading.recording import Block, Recording, file_sha256
from audiopipe.audio.reading.timeline import silence
from audiopipe.errors import InputError

_BYTES_A_SECOND = 16_000
"""Of compressed sound, where no header tells."""


class JoinedRecording(Recording):
    """Each is read as it would be alone, and begins where the one before it ends by its own header.

    What the first one has of rate and channels the others are converted to. One that cannot be read
    is told of as lost, for as long as its bytes make likely.

    Args:
        file: the whole.
        parts: of it, in order.
        name, track: as `ContainerRecording` has them.

    Raises:
        InputError: none of them can be read; why the first cannot.
    """

    def __init__(
        self, file: IO[bytes], parts: Sequence[IO[bytes]], name: str, track: int | None
    ) -> None:
        self._file, self._parts, self._track = file, parts, track
        self._written = 0
        errors: list[InputError] = []
        for part in parts:
            try:
                first = ContainerRecording(part, name, track)
            except InputError as error:
                errors.append(error)
                continue
            with first:
                super().__init__(name, first.rate_hz, first.channels)
                self.notes = first.notes
                size = _size(part)
                self._bytes_a_second = size / (first.duration_s or size / _BYTES_A_SECOND)
                self._unify = Unifier(_frame(next(silence(1, first.channels)), first))
            return
        raise errors[0]

    def blocks(self) -> Iterator[Block]:
        for part in self._parts:
            begun_s = self._written / self.rate_hz
            try:
                recording = ContainerRecording(part, self.name, self._track)
            except InputError:
                end_s = begun_s + _size(part) / self._bytes_a_second
                self.lose(begun_s, end_s, "a recording that is joined here cannot be read")
            else:
                with recording:
                    yield from self._of(recording)
                for loss in recording.losses:
                    self.lose(begun_s + loss.span.start_s, begun_s + loss.span.end_s, loss.reason)
            lost_s = self.losses[-1].span.end_s if self.losses else 0.0
            if part is not self._parts[-1]:
                yield from self._counted(
                    silence(round(lost_s * self.rate_hz) - self._written, self.channels)
                )

    def sha256(self) -> str:
        return file_sha256(self._file)

    def _of(self, recording: ContainerRecording) -> Iterator[Block]:
        for block in recording.blocks():
            yield from self._counted(map(as_float, self._unify(_frame(block, recording))))
        yield from self._counted(map(as_float, self._unify.rest()))

    def _counted(self, blocks: Iterator[Block]) -> Iterator[Block]:
        for block in blocks:
            self._written += len(block)
            yield block


def _size(file: IO[bytes]) -> int:
    return file.seek(0, os.SEEK_END)


def _frame(block: Block, recording: ContainerRecording) -> AudioFrame:
    packed = np.ascontiguousarray(block).reshape(1, -1)
    frame = AudioFrame.from_ndarray(packed, "flt", recording.layout.name)
    frame.rate, frame.time_base = recording.rate_hz, Fraction(1, recording.rate_hz)
    return frame
