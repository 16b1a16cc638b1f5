"""Overlaps: where two speak at once, and who."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from audiopipe.audio.voiceprint import Directions, Prints
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag

_AROUND_S = 1.2
"""Who speaks at once is who is heard in the windows around: one is of that length."""


def overlaps(prints: Prints, voices: Directions, names: Mapping[int, str]) -> Iterator[Flag]:
    """A flag for each stretch in which several seem to speak at once.

    Args:
        prints: of the recording.
        voices: shape (voices, 256).
        names: of the voices that say something, by number.
    """
    if len(names) < 2:
        return
    numbers = sorted(names)
    near = prints.directions @ voices[numbers].T
    for span in prints.crowded:
        around = Span(max(0.0, span.start_s - _AROUND_S), span.end_s + _AROUND_S)
        rows = [n for n, each in enumerate(prints.spans) if around.holds(each)]
        if not rows:
            continue
        nearest = np.argsort(-near[rows].max(axis=0))[:2]
        who = " and ".join(sorted(names[numbers[n]] for n in nearest))
        yield Flag(
            "overlapping-speech",
            span,
            span.duration_s,
            0.0,
            f"{who} seem to speak at once here: words of one may be missing or given to the other.",
        )
