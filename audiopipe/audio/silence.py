"""Where a recording is quiet: the best place for a cut, and what need not be sent."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from audiopipe.values.audio import RATE_HZ

FRAME_SAMPLES = RATE_HZ // 100
"""Levels are measured over 10 ms."""

_EACH = np.ones(FRAME_SAMPLES, np.float32)

_SMOOTH_FRAMES = 15
"""0.15 s: of 0.1 to 0.35 s, cuts the fewest words in speech almost without pauses."""

_SILENT_POWER = (32768 * 10 ** (-50 / 20)) ** 2
_BELOW_LOUDEST = 10 ** (-45 / 10)
_MARGIN_SAMPLES = RATE_HZ // 4

_AS_QUIET = 2.0
"""Powers within a factor of 2 (3 dB) of the least count as equally quiet."""


def quietest(samples: NDArray[np.int16]) -> int:
    """The best index to cut at: the middle of the longest of the quietest stretches.

    Quiet is the mean power over 0.15 s; stretches of equal length are told apart by how near they
    are to the middle, so that digital silence is cut in its middle.

    Args:
        samples: shape (n,), 16 kHz; n >= 0.
    """
    power = powers(samples)
    width = max(1, min(_SMOOTH_FRAMES, len(power) // 4))
    if len(power) < 2:
        return len(samples) // 2
    level = np.convolve(power, np.full(width, 1 / width), "valid")
    starts, ends = runs(level <= _AS_QUIET * level.min() + 1)
    off_centre = np.abs(starts + ends - len(level))
    best = np.lexsort((off_centre, starts - ends))[0]
    return int((starts[best] + ends[best] - 1 + width) * FRAME_SAMPLES // 2)


def powers(samples: NDArray[np.int16]) -> NDArray[np.float64]:
    """Mean square of each whole frame of 10 ms, without its offset, which is no sound."""
    whole = len(samples) // FRAME_SAMPLES * FRAME_SAMPLES
    frames = samples[:whole].reshape(-1, FRAME_SAMPLES).astype(np.float32)
    power: NDArray[np.float64] = np.einsum("ij,ij->i", frames, frames).astype(np.float64)
    offset = (frames @ _EACH).astype(np.float64) / FRAME_SAMPLES
    return np.maximum(power / FRAME_SAMPLES - offset**2, 0.0)


def silent_power(loudest: float) -> float:
    """The mean square up to which 10 ms are silent, where the loudest 10 ms have `loudest`.

    Silent is what is both below -50 dBFS and 45 dB below the loudest, so that a faint recording is
    not taken for silence; and what is digital silence but for the last bit.
    """
    return max(1.0, min(_SILENT_POWER, loudest * _BELOW_LOUDEST))


def runs(mask: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and past-the-last index of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], mask, [False])).astype(np.int8)))
    return edges[::2], edges[1::2]


class SilenceGate:
    """Shortens long silence, and tells where in the file each piece that is left belongs.

    A silence longer than `skip_s` keeps 0.25 s at either end. Silent is what `silent_power` says,
    after the loudest 10 ms so far.
    No more than `skip_s` and one block are held.

    Args:
        skip_s: silence to leave alone, in seconds, at least 0.5.
    """

    def __init__(self, skip_s: float) -> None:
        self._skip = round(skip_s * RATE_HZ)
        self._loudest = 0.0
        self._rest = np.empty(0, np.int16)
        self._silence = np.empty(0, np.int16)
        self._skipping = False
        self._at = 0

    def push(self, block: NDArray[np.int16]) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """Pieces that are kept, each with its place in the file, in samples."""
        samples = np.concatenate((self._rest, block))
        power = powers(samples)
        self._loudest = max(self._loudest, float(power.max(initial=0.0)))
        loud = power > silent_power(self._loudest)
        done = 0
        for start, end in zip(*runs(loud), strict=True):
            yield from self._hold(samples[done : start * FRAME_SAMPLES])
            yield from self._release()
            done = int(end) * FRAME_SAMPLES
            yield self._at, samples[start * FRAME_SAMPLES : done]
            self._at += done - int(start) * FRAME_SAMPLES
        whole = len(power) * FRAME_SAMPLES
        yield from self._hold(samples[done:whole])
        self._rest = samples[whole:]

    def finish(self) -> Iterator[tuple[int, NDArray[np.int16]]]:
        """What is left at the end of the file."""
        yield from self._hold(self._rest)
        yield from self._release()

    def _hold(self, silence: NDArray[np.int16]) -> Iterator[tuple[int, NDArray[np.int16]]]:
        self._silence = np.concatenate((self._silence, silence))
        self._at += len(silence)
        if len(self._silence) <= self._skip and not self._skipping:
            return
        if not self._skipping:
            yield self._at - len(self._silence), self._silence[:_MARGIN_SAMPLES]
            self._skipping = True
        self._silence = self._silence[-_MARGIN_SAMPLES:]

    def _release(self) -> Iterator[tuple[int, NDArray[np.int16]]]:
        if len(self._silence):
            yield self._at - len(self._silence), self._silence
        self._silence = self._silence[:0]
        self._skipping = False
