"""What Whisper hears at once: stretches that fit its 30 s, cut where nobody speaks."""

from __future__ import annotations

from bisect import bisect
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from audiopipe.data import RATE_HZ, Span
from audiopipe.voice import Detector, pauses

_LONGEST_S, _SHORTEST_S = 24.0, 5.0


def windows(samples: NDArray[np.float32], detect: Detector) -> list[Span]:
    """Stretches that follow one another from the first sample to the last, none above 24 s.

    The longest pauses are cut first, while a stretch is too long and its parts have 5 s. So nearly
    the same windows come about wherever a chunk begins, and few sentences are heard in two halves.
    Cut by the clock, the last window of a chunk may be a second long, where Whisper makes things up
    or loses a phrase. A stretch without a pause is cut evenly.

    Args:
        samples: float32 of shape (n,) in -1..1, 16 kHz; n >= 1.
        detect: see `audiopipe.voice.find_voice`.
    """
    edges = [0.0, len(samples) / RATE_HZ]
    for pause in sorted(pauses(samples, detect), key=lambda pause: -pause.duration_s):
        at = bisect(edges, pause.middle_s)
        before_s, after_s = pause.middle_s - edges[at - 1], edges[at] - pause.middle_s
        if before_s + after_s > _LONGEST_S and min(before_s, after_s) >= _SHORTEST_S:
            edges.insert(at, pause.middle_s)
    return [part for start_s, end_s in pairwise(edges) for part in _even(Span(start_s, end_s))]


def _even(span: Span) -> list[Span]:
    count = max(1, int(np.ceil(span.duration_s / _LONGEST_S)))
    edges = np.linspace(span.start_s, span.end_s, count + 1).tolist()
    return [Span(*part) for part in pairwise(edges)]
