"""What Whisper hears at once: speech that fills its 30 s, cut where nobody speaks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.silence import runs
from audiopipe.audio.vad import Detector
from audiopipe.values.audio import RATE_HZ, Span

_MOST_S = 30.0
"""Of one window: what Whisper hears at once."""

_AROUND_S = 0.4
"""What is kept on either side of a voice, as a voice begins before it is found."""

Hearing = tuple[Span, ...]
"""One window: pieces of a chunk that are heard as if they followed one another, in chunk time."""


def windows(samples: NDArray[np.float32], detect: Detector) -> list[Hearing]:
    """All that may be speech, each window as full as it gets; none where nobody speaks.

    Pauses of up to 0.8 s stay as they are; of longer ones 0.4 s are kept on either side. What goes
    on for longer than a window without a pause is cut evenly. With `ear.ear` these are the windows
    of faster-whisper's batched mode, and base writes the same in them: to choose the cuts by the
    length of pauses, and so to leave windows less full, cost 1.2 % of words on 22 recordings.

    Args:
        samples: float32 of shape (n,) in -1..1, 16 kHz; n >= 0.
        detect: tells where somebody speaks.
    """
    found: list[list[Span]] = []
    length_s = inf
    for piece in _pieces(samples, detect):
        if length_s + piece.duration_s > _MOST_S:
            found.append([])
            length_s = 0.0
        found[-1].append(piece)
        length_s += piece.duration_s
    return [tuple(pieces) for pieces in found]


def heard_in(samples: NDArray[np.float32], pieces: Iterable[Span]) -> NDArray[np.float32]:
    """The samples of a window."""
    return np.concatenate([samples[_sample(p.start_s) : _sample(p.end_s)] for p in pieces])


def parted(pieces: Hearing, cuts_s: Sequence[float]) -> list[Hearing]:
    """A window cut into several.

    Args:
        pieces: of the window.
        cuts_s: where, in the time of the window, in order and inside it.
    """
    parts: list[list[Span]] = [[]]
    at_s, cuts = 0.0, [*cuts_s, inf]
    for piece in pieces:
        start_s, end_s = piece.start_s, at_s + piece.duration_s
        while cuts[0] < end_s:
            cut_s = piece.start_s + cuts.pop(0) - at_s
            if cut_s > start_s:
                parts[-1].append(Span(start_s, cut_s))
            parts.append([])
            start_s = cut_s
        parts[-1].append(Span(start_s, piece.end_s))
        at_s = end_s
    return [tuple(part) for part in parts if part]


def placed(span: Span, pieces: Sequence[Span]) -> Span:
    """A span of a window in the time of its chunk, inside the piece that its middle is in."""
    starts_s = [*accumulate((piece.duration_s for piece in pieces), initial=0.0)]
    n = min(len(pieces), max(1, bisect_right(starts_s, span.middle_s))) - 1
    piece, shift_s = pieces[n], pieces[n].start_s - starts_s[n]
    start_s = min(max(span.start_s + shift_s, piece.start_s), piece.end_s)
    return Span(start_s, min(max(span.end_s + shift_s, start_s), piece.end_s))


def _pieces(samples: NDArray[np.float32], detect: Detector) -> list[Span]:
    """Stretches with a voice, what is kept around it included."""
    mask, _, step_s = detect(samples)
    end_s = len(samples) / RATE_HZ
    edges = zip(*runs(mask), strict=True)
    voices = [(float(a * step_s), min(end_s, float(b * step_s))) for a, b in edges]
    gaps = [after[0] - before[1] for before, after in pairwise(voices)]
    sides = [inf, *(gap / 2 for gap in gaps), inf]
    pieces: list[Span] = []
    for (start_s, stop_s), before_s, after_s in zip(voices, sides, sides[1:], strict=False):
        whole = Span(
            max(0.0, start_s - min(before_s, _AROUND_S)),
            min(end_s, stop_s + min(after_s, _AROUND_S)),
        )
        pieces += _even(whole)
    return pieces


def _even(span: Span) -> list[Span]:
    count = max(1, ceil(span.duration_s / _MOST_S))
    edges = np.linspace(span.start_s, span.end_s, count + 1).tolist()
    return [Span(*part) for part in pairwise(edges)]


def _sample(at_s: float) -> int:
    return round(at_s * RATE_HZ)
