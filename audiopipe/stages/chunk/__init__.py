"""Prepared samples to uploads that overlap, are cut where it is quiet, and fit the limits."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading import most_samples
from audiopipe.audio.silence import quietest
from audiopipe.audio.vad import Detector, calmest
from audiopipe.backends.protocols import Planner
from audiopipe.errors import UsageError
from audiopipe.stages.chunk.cutter import Cutter
from audiopipe.stages.chunk.planned import PlannedCutter
from audiopipe.values.audio import RATE_HZ, AudioFormat, Chunk

_LEAST_TAIL_S = 30.0
"""Whisper's own window: a shorter last chunk would be recognised with less context."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cutting:
    """How to cut.

    Attributes:
        length_s: the longest chunk, overlaps included, in seconds.
        overlap_s: what two chunks share, in seconds, at most half of a chunk.
        max_bytes: the largest upload.
        audio_format: how chunks are encoded.
        search_s: half the width of the window for a seam, in seconds; at most a twentieth of a
            chunk, which is shorter by as much.
        skip_silence_s: silence longer than this is left out, in seconds >= 0.5; None keeps all.
        detect: finds voices, to cut where there is none; None cuts by level alone.
        planner: lays what is heard at once; chunks then are cut between, and do not overlap.
    """

    length_s: float
    overlap_s: float
    max_bytes: int
    audio_format: AudioFormat = "flac"
    search_s: float = 5.0
    skip_silence_s: float | None = None
    detect: Detector | None = None
    planner: Callable[[], Planner] | None = None

    def count(self, duration_s: float) -> int:
        """How many chunks a recording makes, if no silence is skipped and no size shortens one.

        Raises:
            UsageError: lengths, overlap and size that cannot go together.
        """
        plan = _Plan.of(self)
        beyond = round(duration_s * RATE_HZ) - plan.length
        return 1 + max(0, -(-beyond // plan.pitch))


def chunk(blocks: Iterable[NDArray[np.int16]], cutting: Cutting) -> Generator[Chunk, None, None]:
    """Cut one channel into chunks, each given out as soon as its end is known.

    A recording that fits goes as one chunk. Otherwise each seam lies at the quietest point of a
    window, where nobody speaks; the two chunks overlap evenly around it, and the last chunk is no
    runt. The windows stand at even distances, so that the number of chunks, and with it the price,
    is known before a seam is chosen; only where the size allows less does the next window come
    sooner. Memory is constant: a chunk is encoded while it grows, and only the samples that may
    still be needed are held.

    Args:
        blocks: 16 kHz samples of shape (n,).
        cutting: the lengths, the size and the encoding.

    Raises:
        UsageError: lengths, overlap and size that cannot go together.
    """
    for _, piece in chunk_channels(blocks, cutting):
        yield piece
        del piece  # its megabytes are not held while the next is made


def chunk_channels(
    blocks: Iterable[NDArray[np.int16]], cutting: Cutting
) -> Generator[tuple[int, Chunk], None, None]:
    """Cut each channel by itself in one pass over all: (channel, chunk), in order by channel.

    Args:
        blocks: 16 kHz samples of shape (n, channels), or (n,) of one.
        cutting: as for `chunk`.
    """
    plan = _Plan.of(cutting)
    cutters: list[Cutter] = []
    with ExitStack() as stack:
        for block in blocks:
            columns = block if block.ndim > 1 else block[:, np.newaxis]
            if not cutters:
                new = (closing(_cutter(plan)) for _ in range(columns.shape[1]))
                cutters = [stack.enter_context(cutter) for cutter in new]
            for channel, cutter in enumerate(cutters):
                samples = np.ascontiguousarray(columns[:, channel])
                yield from ((channel, piece) for piece in cutter.push(samples))
        for channel, cutter in enumerate(cutters):
            yield from ((channel, piece) for piece in cutter.finish())


@dataclass(frozen=True, slots=True)
class _Plan:
    """The cutting in samples: `length` and `overlap` of a chunk, the least `tail`, the `search`
    window of a seam, and the `step` that is encoded between two looks at the size."""

    length: int
    overlap: int
    tail: int
    search: int
    step: int
    cutting: Cutting

    @classmethod
    def of(cls, cutting: Cutting) -> _Plan:
        length, half = round(cutting.length_s * RATE_HZ), round(cutting.overlap_s * RATE_HZ / 2)
        sure = min(length, most_samples(cutting.max_bytes))
        if half < 0 or 4 * half > sure or sure < RATE_HZ // 10:
            raise UsageError(
                f"--overlap {cutting.overlap_s:g} is too long for --chunk-length "
                f"{cutting.length_s:g} and uploads of {cutting.max_bytes} bytes: "
                "at most half of a chunk may overlap"
            )
        tail = max(2 * half, min(round(_LEAST_TAIL_S * RATE_HZ), sure // 4))
        search = min(round(2 * cutting.search_s * RATE_HZ), length // 10, (sure - tail) // 2)
        return cls(length, 2 * half, tail, search, min(RATE_HZ, sure // 16), cutting)

    @property
    def pitch(self) -> int:
        """From one chunk's latest end to the next one's; none is too long wherever seams are."""
        return self.length - self.overlap - self.search

    @property
    def spare(self) -> int:
        """How far past a chunk's latest end one must see to know that no runt follows."""
        return self.tail - self.overlap

    @property
    def reserve(self) -> int:
        """The end of a chunk that is held until its seam is known."""
        return self.spare + self.search


def _cutter(plan: _Plan) -> Cutter:
    how = plan.cutting
    if how.planner is None:
        return _OverlapCutter(plan)
    most = min(plan.length, most_samples(how.max_bytes))
    return PlannedCutter(how.planner(), most, how.audio_format, how.skip_silence_s)


class _OverlapCutter(Cutter):
    """Cuts one channel at seams around which chunks overlap."""

    def __init__(self, plan: _Plan) -> None:
        super().__init__(plan.cutting.audio_format, plan.cutting.skip_silence_s)
        self._plan = plan
        self._length = plan.length

    def _grown(self, samples: NDArray[np.int16]) -> Iterator[Chunk]:
        yield from self._cut(ended=False)

    def _ended(self) -> Iterator[Chunk]:
        yield from self._cut(ended=True)
        yield self._close(self._tape.end, self._file_end_s)

    def _cut(self, *, ended: bool) -> Iterator[Chunk]:
        self._encode_early()
        while (latest := self._latest_seam(ended)) is not None:
            first = latest - self._plan.search
            seam = first + self._best_cut(self._tape.slice(first, latest))
            half = self._plan.overlap // 2
            seam_s = self._tape.time_s(seam)
            _log.debug("seam of chunk %d at %.2f s", self._index, seam_s)
            latest_end = self._start + self._length
            yield self._close(seam + half, seam_s)
            self._begin(seam - half)
            latest_end += self._plan.pitch
            self._length = min(latest_end - self._start, self._plan.length)
            self._encode_early()

    def _best_cut(self, window: NDArray[np.int16]) -> int:
        detect = self._plan.cutting.detect
        return calmest(window, detect) if detect else quietest(window)

    def _latest_seam(self, ended: bool) -> int | None:
        """Where the window for the next seam ends; None if more must come, or all fits."""
        plan, end = self._plan, self._start + self._length
        if self._tape.end > end + plan.spare:
            return end - plan.overlap // 2
        if ended and self._tape.end > end:
            return self._tape.end - plan.tail + plan.overlap // 2
        return None

    def _encode_early(self) -> None:
        """Encode what belongs to this chunk wherever its seam falls; shorten it if bytes run out.

        The bound is kept for any samples to come, so that no chunk ever has to be done again.
        """
        plan = self._plan
        sure = min(self._tape.end, self._start + self._length - plan.reserve)
        while self._encoded < sure:
            left = plan.cutting.max_bytes - self._encoder.size_bytes
            end = min(sure, self._encoded + most_samples(left) - plan.reserve)
            if end < min(sure, self._encoded + plan.step):
                self._length = self._encoded - self._start + plan.reserve
                break
            self._encode(end)
        # The next chunk begins an overlap before the end of this one, at the earliest.
        self._tape.forget(self._encoded - plan.overlap)
