"""Names: which voices are known, and what the others are called."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

import numpy as np

from audiopipe.audio.voiceprint import Directions

_SAME = 0.72
"""Cosine above which two voices, each of some seconds, are one. See scripts/bench_speakers.py."""


def alike(known: Mapping[str, Directions]) -> Iterator[tuple[str, str]]:
    """The names of voices that would be taken for one."""
    for one, other in combinations(known, 2):
        if known[one] @ known[other] >= _SAME:
            yield one, other


def matched(voices: Directions, known: Mapping[str, Directions]) -> dict[int, str]:
    """The names of those voices that are known: as many as can be, the nearest pairs, each name
    once.

    Args:
        voices: shape (n, 256).
        known: directions by name, shape (256,) each.
    """
    from scipy.optimize import linear_sum_assignment

    if not len(voices) or not known:
        return {}
    names = list(known)
    near = voices @ np.array([known[name] for name in names]).T
    pairs = zip(*linear_sum_assignment(-np.where(near >= _SAME, near, 0.0)), strict=True)
    return {int(v): names[k] for v, k in pairs if near[v, k] >= _SAME}


def named(
    order: Sequence[int], voices: Directions, known: Mapping[str, Directions]
) -> dict[int, str]:
    """The name of each voice: its own if it is known, else `Speaker 1` and so on, as they begin.

    Args:
        order: numbers of voices, in the order in which they begin to speak.
        voices: shape (n, 256).
        known: directions by name; the numbers of names such as `Speaker 1` are not given again.
    """
    names = matched(voices, known)
    number = 0
    for voice in order:
        while voice not in names:
            number += 1
            if (name := f"Speaker {number}") not in known:
                names[voice] = name
    return names
