"""Frames laid where the clock has them, with silence for pauses and losses."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from av.audio.fifo import AudioFifo
from av.audio.frame import AudioFrame

from audiopipe.audio.reading.clock import JUMP_S, ROUNDED_S, Clock
from audiopipe.audio.reading.frames import Decoded, Unifier, as_float
from audiopipe.audio.reading.recording import BLOCK_FRAMES, Block

_MOST_WAITING_S = 10.0
"""How much sound behind damage waits for a stamp that tells when it is heard."""

_DOUBTFUL_S = 0.5
"""For so long behind damage what is decoded may be of another length than the container has it."""


class Timeline:
    """Blocks from frames.

    What comes behind damage is held back until the container's next own stamp, for only that tells
    how much is lost.

    Args:
        lose: told of each loss, from and to, in seconds.
        written: samples before the first frame; negative where its first ones are dropped.
    """

    def __init__(
        self,
        clock: Clock,
        unify: Unifier,
        rate_hz: int,
        channels: int,
        lose: Callable[[float, float], None],
        written: int,
    ) -> None:
        self.written = written
        self._clock, self._unify, self._lose = clock, unify, lose
        self._rate_hz, self._channels = rate_hz, channels
        self._queue = AudioFifo()
        self._unstamped = 0
        self._lost_s: float | None = None
        self._doubtful = 0
        self._has_begun = False

    def add(self, each: Decoded) -> Iterator[Block]:
        """What is certain once this one has come."""
        if self._unify.is_converting and (each.frame or each.lost_s is not None):
            for piece in self._unify.ended_by(each.frame):  # it counts for what comes now
                self._write(piece)
        if each.lost_s is not None:
            yield from self._damaged(each.lost_s)
        if each.stamp_s is not None and (each.frame is None) == self._clock.stamps_ends:
            yield from self._stamped(each.stamp_s, is_cut=each.is_cut)
        if each.frame is None:
            return
        before, self._has_begun = self.written, True
        for piece in self._unify(each.frame):
            self._write(piece)
        if each.padding:
            yield from self._dropped(each.padding)
        self._unstamped += self.written - before
        if self._lost_s is not None or self._queue.samples >= BLOCK_FRAMES:
            yield from self._full()

    def _stamped(self, stamp_s: float, *, is_cut: bool) -> Iterator[Block]:
        ends = self._clock.stamps_ends
        if ends and not self._has_begun and self._lost_s is None:
            return  # the page held nothing but what is skipped
        is_doubtful = self.written < self._doubtful and not ends
        if self._lost_s is not None:
            self._doubtful = self.written + round(_DOUBTFUL_S * self._rate_hz)
        least_s = ROUNDED_S if is_doubtful or self._lost_s is not None else JUMP_S
        gap_s = self._clock.gap_s(stamp_s, self.written / self._rate_hz, least_s)
        if gap_s > 0:
            is_lost = self._clock.counts_samples and (is_cut or not ends)
            yield from self._gap(gap_s, is_lost=is_lost or is_doubtful)
        elif gap_s and not ends:
            yield from self._dropped(round(-gap_s * self._rate_hz))
        self._lost_s = None
        self._unstamped = 0

    def finish(self, padding: Callable[[int], int]) -> Iterator[Block]:
        """What is left; `padding` tells how many of the samples written are the encoder's."""
        for piece in self._unify.rest():
            self._write(piece)
        if self._lost_s is not None:
            self._give_up()
        yield from self._drained(padding(self.written))

    def _dropped(self, frames: int) -> Iterator[Block]:
        """Take back the last samples, as far as they were not given yet."""
        yield from self._drained(frames)
        self.written -= self._queue.samples
        self._queue.read()

    def _write(self, piece: AudioFrame) -> None:
        self._queue.write(piece)
        self.written += piece.samples

    def _damaged(self, lost_s: float) -> Iterator[Block]:
        if self._clock.is_stamped:
            if self._lost_s is None:
                yield from self._drained()
            self._lost_s = (self._lost_s or 0.0) + lost_s
        elif lost_s > ROUNDED_S:
            self._lost_s = lost_s
            yield from self._drained()
            yield from self._gap(lost_s, is_lost=True)
            self._lost_s = None

    def _gap(self, gap_s: float, *, is_lost: bool) -> Iterator[Block]:
        is_damaged = self._lost_s is not None
        behind = self._queue.samples if is_damaged else self._kept()
        frames = round(gap_s * self._rate_hz)
        at = self.written - behind
        if is_damaged or is_lost:
            self._lose(at / self._rate_hz, (at + frames) / self._rate_hz)
        yield from self._drained(behind)
        yield from silence(frames, self._channels)
        self.written += frames

    def _kept(self) -> int:
        """Samples before which silence may yet have to go."""
        return min(self._unstamped, self._queue.samples) if self._clock.stamps_ends else 0

    def _give_up(self) -> None:
        if self._lost_s:
            at_s = (self.written - self._queue.samples) / self._rate_hz
            self._lose(at_s, at_s + self._lost_s)
        self._lost_s = None

    def _full(self) -> Iterator[Block]:
        waiting = self._queue.samples
        if self._lost_s is not None:
            if waiting > _MOST_WAITING_S * self._rate_hz:
                self._give_up()
        elif waiting >= BLOCK_FRAMES:
            yield from self._drained(self._kept())

    def _drained(self, behind: int = 0) -> Iterator[Block]:
        """All that waits but the last samples, of which the caller keeps or drops so many."""
        count = self._queue.samples - behind
        if count > 0:
            frame = self._queue.read(count)
            assert frame
            yield as_float(frame)


def silence(frames: int, channels: int) -> Iterator[Block]:
    """Blocks of zeros."""
    if frames <= 0:
        return  # before numpy is imported, as `recording` has it
    import numpy as np

    for at in range(0, frames, BLOCK_FRAMES):
        yield np.zeros((min(BLOCK_FRAMES, frames - at), channels), np.float32)
