"""Sound, and where it lies in its source.

A name ending in `_s` is a time in seconds from the start of the source file, never from the start
of a chunk.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

Task = Literal["transcribe", "translate"]
AudioFormat = Literal["flac", "wav", "opus", "pcm"]
RATE_HZ = 16_000
"""Sample rate of prepared audio: what Whisper hears, and what the provider resamples to."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of the source file, `0 <= start_s <= end_s`, both finite seconds."""

    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.start_s <= self.end_s < math.inf:
            raise ValueError(f"not a span: {self.start_s} to {self.end_s} s")

    @property
    def duration_s(self) -> float:
        return self.end_s - self.start_s

    @property
    def middle_s(self) -> float:
        return (self.start_s + self.end_s) / 2

    def overlap_s(self, other: Span) -> float:
        """Seconds that both spans cover, 0 if they are apart."""
        return max(0.0, min(self.end_s, other.end_s) - max(self.start_s, other.start_s))

    def holds(self, other: Span) -> bool:
        """Whether the other's middle lies in this one, the ends included."""
        return self.start_s <= other.middle_s <= self.end_s


def covered_s(spans: Iterable[Span]) -> float:
    """Seconds that lie in any of the spans, each once."""
    covered, now_s = 0.0, 0.0
    for span in sorted(spans, key=lambda span: span.start_s):
        covered += max(0.0, span.end_s - max(now_s, span.start_s))
        now_s = max(now_s, span.end_s)
    return covered


@dataclass(frozen=True, slots=True)
class Chapter:
    """A part of a recording that has a title."""

    title: str
    span: Span


@dataclass(frozen=True, slots=True)
class Audio:
    """Mono samples, float32 of shape (n,) in -1..1, at `rate_hz`."""

    samples: NDArray[np.float32]
    rate_hz: int

    def __post_init__(self) -> None:
        if self.samples.ndim != 1 or self.rate_hz <= 0:
            raise ValueError(f"not mono audio: {self.samples.shape} at {self.rate_hz} Hz")


@dataclass(frozen=True, slots=True)
class Window:
    """Where a chunk lies in its source.

    Attributes:
        index: 0, 1, 2 ... in file order.
        stretches: the stretches of the file whose samples, joined, are the chunk's audio; more
            than one only where silence between them was left out.
        core: the part that is this chunk's own: cores touch at the seams and tile the file, while
            stretches overlap around each seam.
    """

    index: int
    stretches: tuple[Span, ...]
    core: Span

    def __post_init__(self) -> None:
        if not self.stretches:
            raise ValueError("a window needs at least one stretch")

    @property
    def span(self) -> Span:
        """From the first to the last second that the chunk hears."""
        return Span(self.stretches[0].start_s, self.stretches[-1].end_s)

    @property
    def alone(self) -> Span:
        """The part that no other chunk hears: overlaps lie evenly around their seams."""
        start_s = 2 * self.core.start_s - self.span.start_s
        return Span(start_s, max(start_s, 2 * self.core.end_s - self.span.end_s))

    @property
    def audio_s(self) -> float:
        """Seconds of audio in the chunk: what is sent and paid for."""
        return sum(stretch.duration_s for stretch in self.stretches)

    def file_s(self, chunk_s: float, *, ends: bool = False) -> float:
        """The file time of a moment in the chunk, inside its stretches and in whole milliseconds.

        Where a stretch was left out, one moment of the chunk is two of the file: what ends there
        ends before the silence, and what starts there starts after it.

        Args:
            chunk_s: seconds from the start of the chunk's audio; what lies outside is moved in.
            ends: whether something ends then, rather than starts.
        """
        left_s = max(0.0, chunk_s)
        for n, stretch in enumerate(self.stretches):
            inside = left_s <= stretch.duration_s if ends else left_s < stretch.duration_s
            if inside or n == len(self.stretches) - 1:
                break
            left_s -= stretch.duration_s
        earliest_s = math.ceil(round(stretch.start_s * 1000, 6)) / 1000
        latest_s = math.floor(round(stretch.end_s * 1000, 6)) / 1000
        return max(earliest_s, min(round(stretch.start_s + left_s, 3), latest_s))


@dataclass(frozen=True, slots=True)
class Origin:
    """The recording that a chunk is of.

    Attributes:
        id: the same wherever its file stands, and whatever it is called.
        name: to show.
    """

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch that is heard at once with the others of its window: its first and past-the-last
    sample."""

    start: int
    end: int
    window: int


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of prepared audio, ready to be sent.

    Attributes:
        window: where it lies in the source.
        data: the encoded samples, 16 kHz mono 16 bit.
        format: how `data` is encoded; `pcm` is headerless little-endian 16 bit.
        sha256: hash of the 16-bit samples, the same whatever the format; hexadecimal.
        origin: the recording; None where its bytes cannot be had again.
        pieces: what is heard at once, by the samples of the chunk; None where who hears it decides.
    """

    window: Window
    data: bytes = field(repr=False)
    format: AudioFormat
    sha256: str
    origin: Origin | None = None
    pieces: tuple[Piece, ...] | None = None


@dataclass(frozen=True, slots=True)
class RemoteAudio:
    """Audio that the provider fetches by itself from an https address.

    Attributes:
        url: the address.
        is_kept: whether its answer is kept by the address, as nobody here knows its content.
        origin: as of a chunk.
    """

    url: str
    is_kept: bool = False
    origin: Origin | None = None
