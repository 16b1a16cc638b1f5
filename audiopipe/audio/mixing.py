"""Channels to one, so that what is heard in one of them is heard in the mix."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading.recording import PIECE_S

Samples = NDArray[np.float32]

_FADE_S = 0.01

_OFF = 1e-5
"""A channel is off while its power is 50 dB below that of the loudest, over all heard so far."""

_CANCELS = 0.1
"""Channels cancel each other where their mix is 10 dB weaker than that of independent ones: noise
in each makes 0 dB, the same in each makes it stronger."""

_HEARD = 1e-6
"""Mean square, full scale 1 (-60 dBFS), below which nothing is said."""

_FAR_BELOW = 0.25
"""The channel that is taken alone gives way to one that is stronger by 6 dB over all heard so far:
taking turns would turn the sound over in the middle of a word."""

_NOTED_S = 0.1

_EVERY = 64
"""Of so many samples one is looked at for the offset."""


class Mixer:
    """The mean of the channels that sound; of channels that cancel each other the strongest.

    Both are decided for each tenth of a second, by the powers of the channels and of their mix, and
    changes are faded. Offsets count as no power. Samples are held back up to a tenth of a second.

    Args:
        channels: of the blocks, 2 or more.
        rate_hz: of the blocks.
        notes: told which channels were left out.
        numbers: gives samples without what is no number; called only where some are none.
    """

    def __init__(
        self,
        channels: int,
        rate_hz: int,
        notes: list[str],
        numbers: Callable[[Samples], Samples] = np.nan_to_num,
    ) -> None:
        self._numbers = numbers
        self._step = max(1, round(PIECE_S * rate_hz))
        self._fade = max(1, min(self._step, round(_FADE_S * rate_hz)))
        self._rate_hz = rate_hz
        self._notes = notes
        self._energies = np.zeros(channels)
        self._weights = np.full(channels, 1 / channels, np.float32)
        self._rest = np.zeros((channels, 0), np.float32)
        self._cancelled = 0
        self._alone = 0

    def push(self, block: Samples) -> Samples:
        """The mix of as much as is certain, shape (n,).

        Args:
            block: shape (n, channels).
        """
        # Whole pieces need no copy.
        samples = block.T if not self._rest.size else np.concatenate((self._rest, block.T), axis=1)
        whole = samples.shape[1] // self._step * self._step
        self._rest = samples[:, whole:].copy()
        return self._mixed(samples[:, :whole]) if whole else np.zeros(0, np.float32)

    def finish(self) -> Samples:
        """The mix of what was held back; then the notes are complete."""
        last = self._weights @ self._numbers(self._rest)
        if self._cancelled > _NOTED_S * self._rate_hz:
            self._notes.append(
                "channels cancel each other out in the mix: one of them was taken there "
                "(--channels decides)"
            )
        off = [str(number + 1) for number in np.flatnonzero(~self._sounding())]
        if off:
            said = "channel {} is" if len(off) == 1 else "channels {} are"
            said = said.format(", ".join(off))
            self._notes.append(f"{said} silent: left out of the mix (--channels decides)")
        return last

    def _sounding(self) -> NDArray[np.bool_]:
        sounding: NDArray[np.bool_] = self._energies >= _OFF * self._energies.max()
        return sounding

    def _mixed(self, samples: Samples) -> Samples:
        """The mix of whole pieces, shape (channels, n)."""
        pieces = samples.reshape(len(samples), -1, self._step)
        with np.errstate(invalid="ignore", over="ignore"):
            powers, offsets = _powers(pieces)
        if not np.isfinite(powers.sum()):
            return self._mixed(self._numbers(samples))
        self._energies += powers.sum(axis=1)
        sounding = self._sounding()
        count = int(sounding.sum())
        taken = samples if count == len(samples) else samples[sounding]
        mixed = _sum(taken)
        mixed *= np.float32(1 / count)
        weights = (sounding / np.float32(count)).astype(np.float32)
        cancelled = self._cancelling(mixed, powers, offsets[sounding].mean(axis=0), count)
        if not len(cancelled) and np.array_equal(weights, self._weights):
            return mixed
        for number, wanted in self._changes(weights, powers, cancelled, pieces.shape[1]):
            start = number * self._step
            mixed[start : start + self._step] = self._faded(
                samples[:, start : start + self._step], wanted
            )
        return mixed

    def _cancelling(
        self,
        mixed: Samples,
        powers: NDArray[np.float64],
        offset: NDArray[np.float64],
        count: int,
    ) -> NDArray[np.intp]:
        """The pieces in which the mix is weaker than chance makes it."""
        mix_power = _squares(mixed.reshape(1, -1, self._step))[0] - offset**2
        by_chance = powers.sum(axis=0) / count**2
        cancels = (mix_power < _CANCELS * by_chance) & (powers.max(axis=0) > _HEARD)
        return np.flatnonzero(cancels)

    def _changes(
        self,
        weights: Samples,
        powers: NDArray[np.float64],
        cancelled: NDArray[np.intp],
        count: int,
    ) -> Iterator[tuple[int, Samples]]:
        """Pieces that are not mixed by these weights all through, and those that they want."""
        strongest = np.zeros_like(weights)
        if self._energies[self._alone] < _FAR_BELOW * self._energies.max():
            self._alone = int(np.argmax(self._energies))
        strongest[self._alone] = 1
        self._cancelled += len(cancelled) * self._step
        alone = set(cancelled)
        for number in range(count):
            wanted = strongest if number in alone else weights
            if number in alone or not np.array_equal(wanted, self._weights):
                yield number, wanted

    def _faded(self, piece: Samples, wanted: Samples) -> Samples:
        """A piece by new weights, which take over from the old ones at its start."""
        mixed: Samples = wanted @ piece
        fade = np.linspace(0, 1, self._fade, endpoint=False, dtype=np.float32)
        before = self._weights @ piece[:, : self._fade]
        mixed[: self._fade] = before + (mixed[: self._fade] - before) * fade
        self._weights = wanted
        return mixed


def _powers(pieces: Samples) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean square of each piece without its offset, and that; each of shape (channels, pieces)."""
    squares = _squares(pieces)  # first, for what is looked at one after another comes sooner
    some = pieces[:, :, ::_EVERY]
    # What `mean` does, whose own work takes twice as long as the sum.
    offsets = np.add.reduce(some, axis=2).astype(np.float64) / some.shape[2]
    return np.maximum(squares - offsets**2, 0.0), offsets


def _squares(pieces: Samples) -> NDArray[np.float64]:
    squares = np.matmul(pieces[:, :, None, :], pieces[..., None])[..., 0, 0]
    means: NDArray[np.float64] = squares.astype(np.float64) / pieces.shape[2]
    return means


def _sum(samples: Samples) -> Samples:
    # Row by row: numpy takes 20 times as long for the sum of each column of two.
    total: Samples = samples[0].copy() if len(samples) == 1 else samples[0] + samples[1]
    for row in samples[2:]:
        total += row
    return total
