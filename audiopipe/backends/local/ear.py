"""Where somebody speaks, as faster-whisper's batched mode tells it, told while the sound comes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from faster_whisper.vad import get_vad_model
from numpy.typing import NDArray

_STEP_SAMPLES, _CONTEXT_SAMPLES, _WIDTH = 512, 64, 128
"""The network hears 32 ms at once, and a little of what was before; what it remembers."""

_BLOCK_STEPS = 320
"""Heard at a time, 10 s; always as many, so that nothing depends on how the sound comes."""

_BEGINS, _ENDS = 0.5, 0.35
_PAUSE_STEPS, _BREATH_STEPS, _MOST_STEPS = 5, 4, 936
"""The batched mode's own. A voice begins at a probability of 0.5, and ends after 0.16 s below 0.35;
one of 30 s ends at its last pause of more than 0.1 s, else at once."""


class Ear:
    """Hears a recording from its beginning: all of it, however it is divided, gives the same."""

    def __init__(self) -> None:
        self._network: Any = get_vad_model().session
        self._memory = [np.zeros((1, 1, _WIDTH), np.float32)] * 2
        self._context = np.zeros(_CONTEXT_SAMPLES, np.float32)
        self._rest = np.empty(0, np.float32)
        self._step = 0
        self._start: int | None = None
        self._quiet: int | None = None
        self._breath: tuple[int, int | None] | None = None

    @property
    def sure(self) -> int:
        """The sample before which no voice begins that was not told; of one that goes on, its
        first."""
        return _STEP_SAMPLES * (self._step if self._start is None else self._start)

    def push(self, samples: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
        """The voices that end in the next samples: the first and past-the-last sample of each.

        Args:
            samples: shape (n,) in -1..1, 16 kHz.
        """
        held = np.concatenate((self._rest, samples))
        size = _BLOCK_STEPS * _STEP_SAMPLES
        whole = len(held) // size * size
        self._rest = held[whole:]
        for start in range(0, whole, size):
            yield from self._voices(held[start : start + size])

    def finish(self) -> Iterator[tuple[int, int]]:
        """The last voices."""
        end = self._step * _STEP_SAMPLES + len(self._rest)
        silence = _STEP_SAMPLES - len(self._rest) % _STEP_SAMPLES
        yield from self._voices(np.pad(self._rest, (0, silence)))
        if self._start is not None and self._start * _STEP_SAMPLES < end:
            yield self._start * _STEP_SAMPLES, end

    def _voices(self, samples: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
        steps = samples.reshape(-1, _STEP_SAMPLES)
        before = np.vstack((self._context, steps[:-1, -_CONTEXT_SAMPLES:]))
        self._context = steps[-1, -_CONTEXT_SAMPLES:]
        heard, *self._memory = self._network.run(
            None,
            {"input": np.hstack((before, steps)), "h": self._memory[0], "c": self._memory[1]},
        )
        for probability in heard.ravel().tolist():
            if (ended := self._next(probability)) is not None:
                yield ended[0] * _STEP_SAMPLES, ended[1] * _STEP_SAMPLES
            self._step += 1

    def _next(self, probability: float) -> tuple[int, int] | None:
        """The voice that ends at the next step, if one does: its first and past-the-last step."""
        at, start = self._step, self._start
        if probability >= _BEGINS:
            if self._quiet is not None and self._breath and self._breath[1] is None:
                self._breath = self._breath[0], at
            self._quiet = None
        if start is None:
            self._start = at if probability >= _BEGINS else None
            return None
        if at - start > _MOST_STEPS:
            return self._cut(start, is_quiet=probability < _ENDS)
        if probability < _ENDS:
            self._quiet = at if self._quiet is None else self._quiet
            if at - self._quiet >= _BREATH_STEPS:
                self._breath = self._quiet, None
            if at - self._quiet >= _PAUSE_STEPS:
                return self._end(start, self._quiet)
        return None

    def _cut(self, start: int, *, is_quiet: bool) -> tuple[int, int]:
        """A voice that has gone on for too long; what was said since it ended is another."""
        end, again = self._breath or (self._step, None)
        self._end(start, end)
        self._start = again
        self._quiet = self._step if is_quiet and again is not None else None
        return start, end

    def _end(self, start: int, end: int) -> tuple[int, int]:
        self._start = self._quiet = self._breath = None
        return start, end
