"""Voices: how many different ones a recording holds, and what each is like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.voiceprint import Directions, Prints, mean_direction
from audiopipe.values.audio import covered_s

_APART, _MIXED = 0.38, 0.89
"""Groups of windows whose mean cosine is below 0.62 are different voices, unless one is but a mix
of others (its cosine to the nearest mix is above 0.89): that is where people speak at once or
follow each other within a window. Of 0.30 to 0.42 and 0.84 to 0.90, these had about the fewest
errors on 19 dialogues of six readers; on 19 of eight others the number of voices was right in 17 to
19."""

_FEWEST = 4
"""Windows of a voice, about 3 s: what is fewer is an overlap or a cough."""

_CROWD = 0.2
"""Of the time in which somebody speaks; in dialogues that take turns several do for 0 to 5 %."""

_WHOLE_S = 1.0
"""Shorter windows tell too little to decide who there is."""

_MOST = 3000
"""Windows that are compared with each other, in 36 MB; of more, so many evenly over the whole."""

_MOST_PARTS = 20
"""Groups for each voice that is asked for, small ones with them, that are looked at."""

_ROUNDS = 3


def find_voices(prints: Prints, count: int | None) -> Directions:
    """The direction of each voice, shape (voices, 256).

    Windows are put together from the nearest pair on (average linkage, Sokal and Michener 1958);
    small groups that are left are no voices. A number that is given decides only where another is
    found: else it would part one voice for a bad passage, and take two others for one. Each window
    then belongs to the nearest voice, whose direction is their mean.

    Args:
        prints: of a recording.
        count: how many voices there are; None where nobody knows. Fewer are given only where there
            are fewer windows.
    """
    whole = [n for n, span in enumerate(prints.spans) if span.duration_s >= _WHOLE_S]
    rows = prints.directions[whole if len(whole) >= _FEWEST else slice(None)]
    if len(rows) < 2:
        return rows
    few = rows[np.linspace(0, len(rows) - 1, min(len(rows), _MOST)).astype(int)]
    voices = _unmixed(_means(few, _groups(few, None)))
    if count is None and len(voices) == 1 and _is_crowd(prints):
        count = 2
    if count and count != len(voices):
        voices = _means(few, _groups(few, count))
    for _ in range(_ROUNDS):
        nearest = (rows @ voices.T).argmax(axis=1)
        voices = _means(rows, [np.flatnonzero(nearest == n) for n in range(len(voices))])
    return voices


def _is_crowd(prints: Prints) -> bool:
    """Whether so much is spoken at once that it is not one voice."""
    return covered_s(prints.crowded) >= _CROWD * covered_s(prints.spans)


def _groups(rows: Directions, count: int | None) -> list[NDArray[np.intp]]:
    """The windows of each voice."""
    from scipy.cluster.hierarchy import fcluster, linkage
    from scipy.spatial.distance import pdist

    tree = linkage(pdist(rows, "cosine"), "average")
    fewest = max(1, min(_FEWEST, len(rows) // (3 * (count or 2))))
    if count is None:
        groups = _split(fcluster(tree, _APART, "distance"))
        return [each for each in groups if len(each) >= fewest] or groups[:1]
    groups = [np.array([n]) for n in range(len(rows))]
    for parts in range(count, min(len(rows), _MOST_PARTS * count) + 1):
        groups = _split(fcluster(tree, parts, "maxclust"))
        if sum(len(each) >= fewest for each in groups) >= count:
            break
    return groups[:count]


def _unmixed(voices: Directions) -> Directions:
    """The voices that are no mix of others, the clearest mix left out first."""
    from scipy.optimize import nnls

    while len(voices) > 1:
        likeness = []
        for n, voice in enumerate(voices):
            _, away = nnls(np.delete(voices, n, axis=0).T.astype(float), voice.astype(float))
            likeness.append(1 - min(1.0, away) ** 2)
        most = int(np.argmax(likeness))
        if likeness[most] < _MIXED**2:
            break
        voices = np.delete(voices, most, axis=0)
    return voices


def _split(labels: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """The places of each label, the most frequent first."""
    groups = [np.flatnonzero(labels == label) for label in np.unique(labels)]
    return sorted(groups, key=len, reverse=True)


def _means(rows: Directions, groups: list[NDArray[np.intp]]) -> Directions:
    return np.array([mean_direction(rows[each]) for each in groups if len(each)], np.float32)
