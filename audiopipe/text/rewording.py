"""Words whose text changes: those that stay keep their times, others share what is left."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from audiopipe.text.words import shared_out, split_words
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Word

_MOST_STEPS = 4_000_000
"""Of a comparison, the one text's words times the other's; a longer stretch counts as all new."""


@dataclass(frozen=True, slots=True)
class Change:
    """Characters of a text, from one place to before the other, and what to write there."""

    start: int
    end: int
    written: str


def reworded(segment: Segment, text: str) -> Segment:
    """The segment with another text.

    Words that are in both keep their times and probabilities. As many others as were there keep
    the times of those they replace, more or fewer share them; what is only added shares the
    silence between its neighbours.

    Args:
        segment: its words, if it has any, are timed anew; its own span stays.
        text: its text from now on.
    """
    return changed(segment, tuple(differences(segment.text, text)))


def changed(segment: Segment, changes: Sequence[Change]) -> Segment:
    """The segment with such changes made, in order and apart from each other."""
    if not changes:
        return segment
    text = _written(segment.text, changes, 0, len(segment.text))
    words = tuple(_words(segment, changes)) if segment.words else ()
    return replace(segment, text=text, words=words, breaks=None)


def differences(before: str, after: str) -> Iterator[Change]:
    """What has to be written where, by whole words: as few of them as may be."""
    old, new = split_words(before), split_words(after)
    places = [0]
    for piece in old:
        places.append(places[-1] + len(piece))
    i = j = 0
    for a, b in (*_common(_bare(old), _bare(new)), (len(old), len(new))):
        if i < a or j < b:
            yield Change(places[i], places[a], "".join(new[j:b]))
        if a < len(old) and old[a] != new[b]:  # the space before it alone
            yield Change(places[a], places[a + 1], new[b])
        i, j = a + 1, b + 1


def _bare(pieces: Sequence[str]) -> list[str]:
    return [piece.strip() for piece in pieces]


def _common(old: Sequence[str], new: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Places of a longest common subsequence, in order."""
    start, shorter = 0, min(len(old), len(new))
    while start < shorter and old[start] == new[start]:
        yield start, start
        start += 1
    tail = 0
    while tail < shorter - start and old[-1 - tail] == new[-1 - tail]:
        tail += 1
    yield from _longest(old, new, start, tail)
    yield from ((len(old) - n, len(new) - n) for n in range(tail, 0, -1))


def _longest(
    old: Sequence[str], new: Sequence[str], start: int, tail: int
) -> Iterator[tuple[int, int]]:
    """The same of what lies between a common beginning and a common end."""
    rows, columns = len(old) - start - tail, len(new) - start - tail
    if rows * columns > _MOST_STEPS:
        return
    most = [[0] * (columns + 1) for _ in range(rows + 1)]
    for i in range(rows - 1, -1, -1):
        for j in range(columns - 1, -1, -1):
            same = old[start + i] == new[start + j]
            most[i][j] = most[i + 1][j + 1] + 1 if same else max(most[i + 1][j], most[i][j + 1])
    i = j = 0
    while i < rows and j < columns:
        if old[start + i] == new[start + j]:
            yield start + i, start + j
            i, j = i + 1, j + 1
        elif most[i + 1][j] >= most[i][j + 1]:
            i += 1
        else:
            j += 1


def _words(segment: Segment, changes: Sequence[Change]) -> Iterator[Word]:
    """The segment's words, those under a change made anew."""
    run: list[Word] = []
    start = end = 0
    before_s, looked = segment.span.start_s, -1
    for word in segment.words:
        if not run and start > looked and (added := _added(changes, start)):
            yield from shared_out(added, _gap(before_s, word.span.start_s))
        looked = start
        run.append(word)
        end += len(word.text)
        if any(change.start < end < change.end for change in changes):
            continue
        inside = [c for c in changes if start <= c.start < end and not _is_added(c, start)]
        yield from _timed(_written(segment.text, inside, start, end), run) if inside else run
        before_s, run, start = word.span.end_s, [], end
    if end > looked and (added := _added(changes, end)):
        yield from shared_out(added, _gap(before_s, segment.span.end_s))


def _added(changes: Sequence[Change], place: int) -> str:
    """What is added at a place between two words."""
    return "".join(change.written for change in changes if _is_added(change, place))


def _is_added(change: Change, place: int) -> bool:
    return change.start == change.end == place


def _gap(end_s: float, start_s: float) -> Span:
    """The silence between two words; where they overlap there is none."""
    return Span(min(end_s, start_s), start_s)


def _written(text: str, changes: Sequence[Change], start: int, end: int) -> str:
    """The part of the text with the changes in it made."""
    pieces = []
    for change in changes:
        pieces += [text[start : change.start], change.written]
        start = change.end
    return "".join([*pieces, text[start:end]])


def _timed(text: str, replaced: Sequence[Word]) -> Iterator[Word]:
    pieces = split_words(text)
    if len(pieces) == len(replaced):
        yield from (replace(word, text=piece) for word, piece in zip(replaced, pieces, strict=True))
        return
    start_s = replaced[0].span.start_s
    whole = Span(start_s, max(start_s, replaced[-1].span.end_s))
    known = [word.probability for word in replaced if word.probability is not None]
    for word in shared_out(text, whole) if text else ():
        yield replace(word, probability=min(known, default=None))
