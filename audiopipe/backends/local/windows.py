"""What Whisper hears at once: speech that fills its 30 s, cut where nobody speaks."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, pairwise
from math import ceil, inf

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.silence import runs
from audiopipe.audio.vad import Detector
from audiopipe.values.audio import RATE_HZ, Span

_MOST_S = 28.0
"""Of one window: a little less than the 30 s that Whisper hears at once."""

_AROUND_S, _CLICK_S = 0.4, 0.1
"""What is kept on either side of a voice, as a voice begins before it is found; and what is too
short for one."""

_A_WINDOW, _A_CUT, _SHORT_S = 8.0, 4.0, 5.0
"""What a window costs, a cut where there is no pause at all (one of a second costs nothing), and
each second that a window has less than 5: there Whisper makes things up, or loses a phrase."""

Hearing = tuple[Span, ...]
"""One window: pieces of a chunk that are heard as if they followed one another, in chunk time."""


def windows(samples: NDArray[np.float32], detect: Detector) -> list[Hearing]:
    """All that may be speech, in as few windows as it takes; none where nobody speaks.

    Pauses of up to 0.8 s stay as they are; of longer ones 0.4 s are kept on either side. What goes
    on for longer than a window without a pause is cut evenly. Of all ways to share the pieces out,
    the one with the fewest windows is taken, and among those the one that cuts at the longest
    pauses.

    Args:
        samples: float32 of shape (n,) in -1..1, 16 kHz; n >= 0.
        detect: see `audio.vad.find_voice`; what is possibly a voice is heard.
    """
    pieces, pauses_s = _pieces(samples, detect)
    most = len(pieces)
    costs, cut_at = [0.0], [0]
    for end in range(1, most + 1):
        cut = _A_CUT * max(0.0, 1 - pauses_s[end - 1]) if end < most else 0.0
        ways = [
            (costs[start] + _A_WINDOW + max(0.0, _SHORT_S - length_s) + cut, start)
            for start, length_s in _starts(pieces, end)
        ]
        cost, start = min(ways)
        costs.append(cost)
        cut_at.append(start)
    found: list[Hearing] = []
    while most:
        found.append(tuple(pieces[cut_at[most] : most]))
        most = cut_at[most]
    return found[::-1]


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


def _starts(pieces: Sequence[Span], end: int) -> Iterator[tuple[int, float]]:
    """Where a window that ends before `end` may begin, and how long it then is."""
    length_s = 0.0
    for start in range(end - 1, -1, -1):
        length_s += pieces[start].duration_s
        if length_s > _MOST_S and start < end - 1:
            return
        yield start, length_s


def _pieces(samples: NDArray[np.float32], detect: Detector) -> tuple[list[Span], list[float]]:
    """Stretches with a voice, what is kept around it included, and the pause after each."""
    mask, _, step_s = detect(samples)
    end_s = len(samples) / RATE_HZ
    edges = zip(*runs(mask), strict=True)
    voices = [
        (float(a * step_s), min(end_s, float(b * step_s)))
        for a, b in edges
        if (b - a) * step_s >= _CLICK_S
    ]
    gaps = [after[0] - before[1] for before, after in pairwise(voices)]
    sides = [inf, *(gap / 2 for gap in gaps), inf]
    pieces: list[Span] = []
    pauses_s: list[float] = []
    for (start_s, stop_s), before_s, after_s in zip(voices, sides, sides[1:], strict=False):
        whole = Span(
            max(0.0, start_s - min(before_s, _AROUND_S)),
            min(end_s, stop_s + min(after_s, _AROUND_S)),
        )
        parts = _even(whole)
        pieces += parts
        pauses_s += [*[0.0] * (len(parts) - 1), 2 * after_s]
    return pieces, pauses_s


def _even(span: Span) -> list[Span]:
    count = max(1, ceil(span.duration_s / _MOST_S))
    edges = np.linspace(span.start_s, span.end_s, count + 1).tolist()
    return [Span(*part) for part in pairwise(edges)]


def _sample(at_s: float) -> int:
    return round(at_s * RATE_HZ)
