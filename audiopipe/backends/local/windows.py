"""What Whisper hears at once: stretches that fit its 30 s, cut where nobody speaks."""

from __future__ import annotations

from bisect import bisect, bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.vad import Detector, pauses
from audiopipe.values.audio import RATE_HZ, Span

_NEAR_S, _LONGEST_S, _SHORTEST_S, _EDGE_S = 10.0, 24.0, 5.0, 2.0

CUTTING = f"cut at the longest pauses within {_NEAR_S:g} s and above {_LONGEST_S:g} s"
"""Names the rule, for answers that are kept."""


def windows(samples: NDArray[np.float32], detect: Detector) -> list[Span]:
    """Stretches that follow one another from the first sample to the last, none above 24 s.

    What does not fit is cut at every pause that is the longest within 10 s, but for the 2 s at
    either end. What lies farther away does not matter, so a chunk is heard mostly in the windows of
    the whole recording wherever it begins, and few sentences are heard in two halves. What is still
    too long is cut at its longest pauses, if both parts have 5 s, and evenly where there are none.
    Cut by the clock, the last window of a chunk may be a fraction of a second, where Whisper makes
    things up or loses a phrase.

    Args:
        samples: float32 of shape (n,) in -1..1, 16 kHz; n >= 1.
        detect: see `audiopipe.voice.find_voice`.
    """
    end_s = len(samples) / RATE_HZ
    if end_s <= _LONGEST_S:
        return [Span(0.0, end_s)]
    found = pauses(samples, detect)
    cuts = [at_s for at_s in _outstanding(found) if _EDGE_S <= at_s <= end_s - _EDGE_S]
    edges = [0.0, *cuts, end_s]
    for pause in sorted(found, key=lambda pause: -pause.duration_s):
        at = bisect(edges, pause.middle_s)
        before_s, after_s = pause.middle_s - edges[at - 1], edges[at] - pause.middle_s
        if before_s + after_s > _LONGEST_S and min(before_s, after_s) >= _SHORTEST_S:
            edges.insert(at, pause.middle_s)
    return [part for start_s, end_s in pairwise(edges) for part in _even(Span(start_s, end_s))]


def _outstanding(found: Sequence[Span]) -> Iterator[float]:
    """The middles of the pauses that are the longest within 10 s; of equal ones, of the last."""
    middles = [pause.middle_s for pause in found]
    for pause in found:
        first = bisect_right(middles, pause.middle_s - _NEAR_S)
        last = bisect_left(middles, pause.middle_s + _NEAR_S)
        if pause == max(found[first:last], key=lambda other: (other.duration_s, other.middle_s)):
            yield pause.middle_s


def _even(span: Span) -> list[Span]:
    count = max(1, int(np.ceil(span.duration_s / _LONGEST_S)))
    edges = np.linspace(span.start_s, span.end_s, count + 1).tolist()
    return [Span(*part) for part in pairwise(edges)]
