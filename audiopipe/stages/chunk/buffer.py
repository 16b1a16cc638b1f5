"""Samples that are still needed, and the file time of each."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import deque
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audiopipe.values.audio import RATE_HZ, Span


class Buffer:
    """Pieces of a file laid end to end, with the places where something was left out between.

    Positions count the samples on the buffer from its beginning, also after some were forgotten.
    """

    def __init__(self) -> None:
        self._pieces: deque[NDArray[np.int16]] = deque()
        self._start = 0
        self._joins: list[tuple[int, int]] = []
        self.end = 0

    def append(self, at: int, samples: NDArray[np.int16]) -> None:
        """Add samples that begin at sample `at` of the file."""
        if not self._joins or at - self._joins[-1][1] != self.end - self._joins[-1][0]:
            self._joins.append((self.end, at))
        self._pieces.append(samples)
        self.end += len(samples)

    def slice(self, start: int, end: int) -> NDArray[np.int16]:
        """The samples from position `start` to `end`, which must not be forgotten."""
        found, at = [], self._start
        for piece in self._pieces:
            ahead, at = at, at + len(piece)
            if at > start and ahead < end:
                found.append(piece[max(0, start - ahead) : end - ahead])
        if len(found) == 1:
            return found[0]
        return np.concatenate(found) if found else np.empty(0, np.int16)

    def forget(self, before: int) -> None:
        """Drop the samples before a position; their times stay known."""
        while self._pieces and self._start + len(self._pieces[0]) <= before:
            self._start += len(self._pieces.popleft())

    def time_s(self, position: int) -> float:
        """File time of a position; at a join, that of the later side."""
        return self._file_sample(position) / RATE_HZ

    def stretches(self, start: int, end: int) -> tuple[Span, ...]:
        """The stretches of the file that lie on the buffer between two positions."""
        joins = self._joins[bisect_right(self._joins, (start, math.inf)) :]
        inner = [position for position, _ in joins if position < end]
        bounds = [
            (self._file_sample(first), last - first)
            for first, last in pairwise([start, *inner, end])
        ]
        return tuple(Span(at / RATE_HZ, (at + count) / RATE_HZ) for at, count in bounds)

    def _file_sample(self, position: int) -> int:
        joined, at = self._joins[bisect_right(self._joins, (position, math.inf)) - 1]
        return at + position - joined
