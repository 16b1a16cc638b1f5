"""Time-weighted alignment of two word sequences that were heard in the same audio."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from audiopipe.text.words import Heard

RUN_BONUS = 0.5
"""Share that a match gains by continuing a run: makes one long run beat scattered single words."""

HALF_SHARE = 0.3
"""Share of the tolerance at which a match counts half. It is small, since in a litany one more
match is always to be had by shifting all of them by one repetition, and must not pay."""

MOST_STEPS = 1_000_000
"""Of one alignment, about a second: a thousand words on each side, which nobody says in an overlap.
What a decoder says in a loop, or a server makes up, may be a hundred thousand."""

CERTAIN_S = 0.4
"""A match that stands alone is believed only if both sides heard it within this time."""


def align(
    left: Sequence[Heard], right: Sequence[Heard], tolerance_s: float
) -> list[tuple[int, int]]:
    """Pairs of words that are one and the same, as rising indices into `left` and `right`.

    Dynamic programming over pairs of equal words at most `tolerance_s` apart. A pair `dt` apart
    scores `1 / (1 + (dt / (HALF_SHARE * tolerance_s))**2)`, and `RUN_BONUS` of that more when it
    continues a run, so that of several copies of a repeated phrase the one at the right time wins.
    A pair is kept if it is part of a run of two, or if both sides heard it within `CERTAIN_S`.

    Args:
        left, right: words in order of time.
        tolerance_s: > 0; how far apart the two clocks may be.

    Returns:
        Pairs `(i, j)`, both rising. Takes `len(left) * len(right)` steps; where these are more than
        `MOST_STEPS`, words are paired as they come.
    """
    if len(left) * len(right) > MOST_STEPS:
        return list(_as_they_come(left, right, tolerance_s))
    half_s = HALF_SHARE * tolerance_s
    chains: list[dict[int, _Chain]] = []
    best_to: list[_Chain | None] = [None] * (len(right) + 1)
    for i, a in enumerate(left):
        row = {
            j: _extend(i, j, 1 / (1 + (dt / half_s) ** 2), best_to[j], chains)
            for j, b in enumerate(right)
            if a.norm and a.norm == b.norm and (dt := _apart_s(a, b)) <= tolerance_s
        }
        chains.append(row)
        if row:
            _raise_best(best_to, row)
    pairs = _unwind(best_to[-1])
    return [pair for n, pair in enumerate(pairs) if _believable(n, pairs, left, right)]


def _as_they_come(
    left: Sequence[Heard], right: Sequence[Heard], tolerance_s: float
) -> Iterator[tuple[int, int]]:
    """Each word with the next equal one of the other side, in time linear in their number."""
    i = j = 0
    while i < len(left) and j < len(right):
        a, b = left[i], right[j]
        if a.norm and a.norm == b.norm and _apart_s(a, b) <= tolerance_s:
            yield i, j
            i, j = i + 1, j + 1
        elif a.span.middle_s <= b.span.middle_s:
            i += 1
        else:
            j += 1


@dataclass(frozen=True, slots=True)
class _Chain:
    score: float
    pair: tuple[int, int]
    before: _Chain | None


def _apart_s(a: Heard, b: Heard) -> float:
    return abs(a.span.middle_s - b.span.middle_s)


def _extend(
    i: int, j: int, gain: float, best: _Chain | None, chains: list[dict[int, _Chain]]
) -> _Chain:
    run = chains[i - 1].get(j - 1) if i else None
    from_best = best.score if best else 0.0
    bonus = RUN_BONUS * gain
    if run and run.score + bonus >= from_best:
        return _Chain(run.score + bonus + gain, (i, j), run)
    return _Chain(from_best + gain, (i, j), best)


def _raise_best(best_to: list[_Chain | None], row: dict[int, _Chain]) -> None:
    """Make `best_to[j]` the best chain that uses right words below `j` only."""
    top: _Chain | None = None
    for j in range(len(best_to)):
        if j and (new := row.get(j - 1)) and (top is None or new.score > top.score):
            top = new
        old = best_to[j]
        if top is not None and (old is None or top.score > old.score):
            best_to[j] = top


def _unwind(chain: _Chain | None) -> list[tuple[int, int]]:
    pairs = []
    while chain:
        pairs.append(chain.pair)
        chain = chain.before
    return pairs[::-1]


def _believable(
    n: int, pairs: list[tuple[int, int]], left: Sequence[Heard], right: Sequence[Heard]
) -> bool:
    i, j = pairs[n]
    neighbours = pairs[max(0, n - 1) : n + 2]
    in_run = (i - 1, j - 1) in neighbours or (i + 1, j + 1) in neighbours
    return in_run or _apart_s(left[i], right[j]) <= CERTAIN_S
