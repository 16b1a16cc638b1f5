"""What every reader offers, whichever library does the work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from types import TracebackType
from typing import IO, TYPE_CHECKING, Self

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from audiopipe.values.transcript import Failure

BLOCK_FRAMES = 1 << 16
"""Frames in a block: large enough that Python's share of the work is small."""

TOLERANCE_S = 0.2
"""How much shorter than its header a recording may be before that counts as a loss: containers
round durations to their own clock, and encoders pad."""

_SAME_DAMAGE_S = 0.2
"""Less than a word lasts: what is heard between two losses is told of as heard."""

Block = NDArray[np.float32]


def empty(frames: int, channels: int) -> Block:
    """An array of shape (frames, channels), by columns."""
    return np.empty((channels, frames), np.float32).T


class Recording(ABC):
    """An open recording, read once from front to back.

    Attributes:
        name: what messages call it.
        rate_hz: sample rate of the blocks.
        channels: channels of the blocks.
        duration_s: what the header promises; None where it does not tell or cannot be trusted.
        notes: what the user should know, one line each; grows while reading.
        losses: stretches that could not be decoded; complete once the blocks have ended.
        is_ahead: whether blocks are made while others are used, without a thread of the user's.
        room: makes the array for a block of so many frames and channels, by columns; a reader may
            use it, so that whoever wants the blocks in a place of his need not copy them.
    """

    def __init__(
        self, name: str, rate_hz: int, channels: int, duration_s: float | None = None
    ) -> None:
        self.name = name
        self.rate_hz = rate_hz
        self.channels = channels
        self.duration_s = duration_s
        self.notes: list[str] = []
        self.losses: list[Failure] = []
        self.is_ahead = False
        self.room: Callable[[int, int], Block] = empty

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """All samples, as float32 blocks of shape (n, channels), full scale -1..1. Once only."""

    @abstractmethod
    def sha256(self) -> str:
        """Hash of the file's bytes, or of the samples; before the first block or after the last."""

    def close(self) -> None:  # noqa: B027 - samples in memory have nothing to release
        """Release the decoder. Closing twice is harmless."""

    def lose(self, start_s: float, end_s: float, reason: str) -> None:
        """Report a stretch as lost, but not what lies before the beginning, in samples that are
        dropped; losses close together are one.
        """
        start_s = max(0.0, start_s)
        if end_s <= start_s:
            return
        # Imported where it is needed: most recordings lose nothing, and decoders start often.
        from audiopipe.values.audio import Span
        from audiopipe.values.transcript import Failure

        if self.losses and start_s - self.losses[-1].span.end_s < _SAME_DAMAGE_S:
            start_s = self.losses.pop().span.start_s
        self.losses.append(Failure(Span(start_s, end_s), reason))

    def lose_tail(self, frames: int, promised_s: float, tolerance_s: float = TOLERANCE_S) -> None:
        """Report what the header promised beyond the `frames` that came."""
        came_s = frames / self.rate_hz
        if came_s < promised_s - tolerance_s:
            self.lose(came_s, promised_s, "the file breaks off before the end it promises")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def file_sha256(file: IO[bytes]) -> str:
    """Hash of a whole seekable file, which keeps its position."""
    import hashlib  # which a decoder's process does without

    position = file.tell()
    file.seek(0)
    try:
        return hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    finally:
        file.seek(position)


def skip_frames(blocks: Iterator[Block], frames: int) -> Iterator[Block]:
    """The blocks without their first `frames` frames."""
    for block in blocks:
        kept = block[frames:]
        frames -= len(block) - len(kept)
        if len(kept):
            yield kept
