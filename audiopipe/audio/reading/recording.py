"""What every reader offers, whichever library does the work."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any, Self, TypeAlias

# numpy is imported where it is needed: it takes a third of a decoder's start and memory.
if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from audiopipe.values.transcript import Failure

BLOCK_FRAMES = 1 << 17
"""Frames in a block, as many as Python's share of the work needs to be small, and as few as a
processor's own cache takes: of half and of twice as many an hour is more work."""

PIECE_S = 0.1
"""Channels are compared over pieces of this length: shorter than a word, longer than a period."""

TOLERANCE_S = 0.2
"""How much shorter than its header a recording may be before that counts as a loss: containers
round durations to their own clock, and encoders pad."""

_SAME_DAMAGE_S = 0.2
"""Less than a word lasts: what is heard between two losses is told of as heard."""

Block: TypeAlias = "NDArray[np.float32]"

Planes: TypeAlias = "Sequence[memoryview[Any]]"
"""The samples of a block as C has them: for each channel a memory of floats, of equal length."""


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

    @abstractmethod
    def blocks(self) -> Iterator[Block]:
        """All samples, as float32 blocks of shape (n, channels), full scale -1..1. Once only."""

    def planes(self) -> Iterator[Planes]:
        """The same, for whoever copies it elsewhere; in place of `blocks`."""
        return map(planes_of, self.blocks())

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


def planes_of(block: Block) -> Planes:
    """The samples of a block of shape (n, channels)."""
    import numpy as np

    return [np.ascontiguousarray(column).data for column in block.T]


def skip_frames(blocks: Iterator[Block], frames: int) -> Iterator[Block]:
    """The blocks without their first `frames` frames."""
    for block in blocks:
        kept = block[frames:]
        frames -= len(block) - len(kept)
        if len(kept):
            yield kept
