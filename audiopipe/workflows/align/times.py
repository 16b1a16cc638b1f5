"""Times: when each word of a passage is spoken, by where the decoder of the engine looks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.silence import FRAME_SAMPLES, powers, runs
from audiopipe.text.words import shares
from audiopipe.values.audio import RATE_HZ, Span
from audiopipe.values.transcript import Word

_NEAR_S, _LEAST_S = 0.3, 0.06
"""A word that begins within 0.3 s of the end of a silence of 0.06 s or more begins there."""

_PAUSE_S = 0.15
"""Nobody pauses for so long within a word."""

_SHORT_S = 0.3
"""What a word takes of which only the beginning is known."""

_FLOOR, _LEAST, _MOST = 4.0, 10 ** (-40 / 10), 10 ** (-20 / 10)
"""Silence between words is what is at most 6 dB above the quietest twentieth, within 20 and 40 dB
below the mean of the loud half."""


def placed(texts: Sequence[str], timed: Sequence[Word], span: Span) -> list[Span]:
    """When each word is spoken.

    Args:
        texts: words as they stand in the text.
        timed: the same text in the engine's words, in order of time; empty where it found nothing.
        span: where the words lie if it did not.

    Returns:
        A span a word, rising and inside `span`.
    """
    lengths = [_letters(text) for text in texts]
    known = [word for word in timed if _letters(word.text)]
    if sum(_letters(word.text) for word in known) != sum(lengths):
        return list(shares(lengths, span))
    edges = [0, *accumulate(_letters(word.text) for word in known)]
    return [
        Span(*_between(edges, known, at, at + length))
        for at, length in zip(accumulate([0, *lengths[:-1]]), lengths, strict=True)
    ]


def _letters(text: str) -> int:
    return sum(not each.isspace() for each in text)


def _between(
    edges: Sequence[int], timed: Sequence[Word], first: int, last: int
) -> tuple[float, float]:
    """When the letters from the first to before the last are spoken."""
    a = max(0, bisect_left(edges, first + 1) - 1)
    b = max(0, bisect_left(edges, last) - 1)
    start = timed[a].span
    end = timed[b].span
    start_s = start.start_s + start.duration_s * (first - edges[a]) / (edges[a + 1] - edges[a])
    end_s = end.start_s + end.duration_s * (last - edges[b]) / (edges[b + 1] - edges[b])
    return start_s, max(start_s, end_s)


def snapped(texts: Sequence[str], spans: Sequence[Span], samples: NDArray[np.int16]) -> list[Span]:
    """The words with their edges at those of silences, where one is near.

    The decoder looks 20 ms apart, and gives the silence between two words to either; a pause with
    the end of the word before it, to the word that follows.

    Args:
        texts: words as they stand in the text.
        spans: of words, rising.
        samples: of the passage, shape (n,), 16 kHz.
    """
    silent = list(_silences(samples))
    edges = [[span.start_s, span.end_s] for span in spans]
    nobody = [-np.inf, edges[0][0]] if edges else []
    nexts = [begins_s for begins_s, _ in edges[1:]] + [np.inf]
    may_pause = [True, *(not text.rstrip()[-1:].isalnum() for text in texts)]
    for (before, after), next_s, is_pause in zip(
        pairwise([nobody, *edges]), nexts, may_pause, strict=False
    ):
        best = _within(silent, after, is_pause) or _nearest(silent, (before[1] + after[0]) / 2)
        if best and before[0] < best.start_s and best.end_s < max(after[1], next_s):
            before[1], after[0] = best.start_s, best.end_s
            if after[1] <= best.end_s:  # the engine shortens a word that it takes for too long
                after[1] = min(next_s, best.end_s + _SHORT_S)
    if edges and (best := _behind(silent, edges[-1][1])) and edges[-1][0] < best.start_s:
        edges[-1][1] = best.start_s
    return [Span(a, max(a, b)) for a, b in edges]


def _within(silent: Sequence[Span], word: Sequence[float], is_pause: bool) -> Span | None:
    """The longest pause within a word that is likely to stand before it: behind a mark, or with
    more of the word after it."""
    start_s, end_s = word
    inside = [
        s
        for s in silent
        if start_s <= s.start_s
        and s.end_s < end_s
        and s.duration_s >= _PAUSE_S
        and (is_pause or end_s - s.end_s > s.start_s - start_s)
    ]
    return max(inside, key=lambda s: s.duration_s, default=None)


def _behind(silent: Sequence[Span], end_s: float) -> Span | None:
    """The pause in which a passage ends after its last word: up to it, only that is heard."""
    later = (s for s in silent if s.duration_s >= _PAUSE_S and s.start_s >= end_s - _NEAR_S)
    return next(later, None) or _nearest(silent, end_s)


def _nearest(silent: Sequence[Span], at_s: float) -> Span | None:
    """The longest silence at a time or near it."""
    near = [s for s in silent if s.start_s - _NEAR_S <= at_s <= s.end_s + _NEAR_S]
    return max(near, key=lambda s: s.duration_s, default=None)


def _silences(samples: NDArray[np.int16]) -> Iterator[Span]:
    power = powers(samples)
    if not len(power):
        return
    loud = float(np.mean(np.sort(power)[len(power) // 2 :]))
    floor = float(np.quantile(power, 0.05)) * _FLOOR
    limit = max(1.0, loud * _LEAST, min(floor, loud * _MOST))
    step_s = FRAME_SAMPLES / RATE_HZ
    for a, b in zip(*runs(power <= limit), strict=True):
        if (b - a) * step_s >= _LEAST_S:
            yield Span(float(a) * step_s, float(b) * step_s)
