"""Anchors: which words of a text are those that were heard, found in the order of both."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

_GRAMS = (5, 3, 2)
"""Words in a row that stand once in the text and once in what was heard: they are the same."""

_SMALL = 40_000
"""Pairs of words that are compared one by one; more are first cut at what stands once in both."""

_NEAR, _DRIFT, _FELLOWS = 6, 3, 2
"""A match is believed if so many others lie within 6 words of it and at most 3 words off its line:
"the" is found in any passage."""

Match = tuple[int, int]


def anchors(text: Sequence[str], heard: Sequence[str]) -> list[Match]:
    """Places of equal words, both rising.

    What stands once on both sides parts them (as in patience diff), so that a book takes seconds;
    what lies between is compared word by word.

    Args:
        text, heard: words in normal form.
    """
    found: list[Match] = []
    todo = [(0, len(text), 0, len(heard))]
    while todo:
        a, b, c, d = todo.pop()
        if a >= b or c >= d:
            continue
        cuts = [] if (b - a) * (d - c) <= _SMALL else _unique(text[a:b], heard[c:d])
        if cuts:
            at, other = a, c
            for i, j in cuts:
                todo.append((at, a + i, other, c + j))
                found.append((a + i, c + j))
                at, other = a + i + 1, c + j + 1
            todo.append((at, b, other, d))
        elif (b - a) * (d - c) <= _SMALL**2 // 4:
            found += _compared(text[a:b], heard[c:d], a, c)
    return _believed(sorted(found))


def _unique(text: Sequence[str], heard: Sequence[str]) -> list[Match]:
    """The places of rows of words that stand once in each, as many as rise in both."""
    for length in _GRAMS:
        ours, theirs = _once(text, length), _once(heard, length)
        pairs = sorted((i, theirs[row]) for row, i in ours.items() if row in theirs)
        if pairs:
            return _rising(pairs)
    return []


def _once(words: Sequence[str], length: int) -> dict[tuple[str, ...], int]:
    rows = [tuple(words[n : n + length]) for n in range(len(words) - length + 1)]
    counts = Counter(rows)
    return {row: n for n, row in enumerate(rows) if counts[row] == 1}


def _rising(pairs: Sequence[Match]) -> list[Match]:
    """The longest run of pairs that rise on both sides; they rise on the first."""
    ends: list[int] = []
    last: list[int] = []
    before: list[int] = []
    for n, (_, j) in enumerate(pairs):
        at = bisect_left(ends, j)
        before.append(last[at - 1] if at else -1)
        if at == len(ends):
            ends.append(j)
            last.append(n)
        else:
            ends[at], last[at] = j, n
    kept, n = [], last[-1]
    while n >= 0:
        kept.append(pairs[n])
        n = before[n]
    return kept[::-1]


def _compared(text: Sequence[str], heard: Sequence[str], a: int, c: int) -> Iterator[Match]:
    for block in SequenceMatcher(None, text, heard, autojunk=False).get_matching_blocks():
        yield from ((a + block.a + n, c + block.b + n) for n in range(block.size))


def _believed(found: Sequence[Match]) -> list[Match]:
    """Those that have fellows."""
    kept = []
    for n, (i, j) in enumerate(found):
        near = [*found[max(0, n - _NEAR) : n], *found[n + 1 : n + 1 + _NEAR]]
        fellows = sum(abs(x - i) <= _NEAR and abs((x - i) - (y - j)) <= _DRIFT for x, y in near)
        if fellows >= min(_FELLOWS, len(found) - 1):
            kept.append((i, j))
    return kept
