"""Passages: stretches of text whose time is known well enough to be heard for themselves, what of
the text nobody speaks, and what is spoken besides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from audiopipe.text.words import normal_form
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Word
from audiopipe.workflows.align.anchors import Match

_FEW = 5
"""Words that lack or are too many may be the recogniser's own mistake."""

_FASTEST_S, _USUAL_S = 0.18, 0.45
"""Nobody says several words in less each; and what a word takes, with the pauses."""

_ALIKE = 0.4
"""Letters that two passages share, as a part of all (difflib's ratio), if they are the same."""

_LONGEST_S, _LEAST_S = 24.0, 6.0
"""What is heard at once: cut at the longest pause between the two."""

_BEFORE_S, _BEHIND_S = 0.3, 0.8
"""So much more is heard on either side: recognisers end last words up to half a second early."""


@dataclass(frozen=True, slots=True)
class Passage:
    """Words of the text, from the first to before the last, that are spoken within a span."""

    first: int
    last: int
    span: Span


@dataclass(frozen=True, slots=True)
class Gap:
    """Where text and recording part.

    Attributes:
        first, last: words of the text that nobody speaks; none where they are equal.
        span: where that is.
        heard: words that are spoken and are not in the text.
    """

    first: int
    last: int
    span: Span
    heard: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """Text that is spoken without a gap, and the places where it is known when."""

    first: int
    last: int
    bounds: Span
    known: Sequence[Match]


def part(
    text: Sequence[str], heard: Sequence[Word], found: Sequence[Match], end_s: float
) -> tuple[list[Passage], list[Gap]]:
    """Passages of about 24 s at most, and the gaps between them; both in order.

    Args:
        text: its words in normal form.
        heard: words with their times.
        found: places of equal words, rising.
        end_s: of the recording.
    """
    gaps: list[Gap] = []
    runs: list[_Run] = []
    first, from_s, known = 0, 0.0, list[Match]()
    for before, after in pairwise([(-1, -1), *found, (len(text), len(heard))]):
        if gap := _gap(text, heard, before, after, end_s):
            gaps.append(gap)
            runs.append(_Run(first, gap.first, Span(from_s, max(from_s, gap.span.start_s)), known))
            first, from_s, known = gap.last, gap.span.end_s, []
        if after[0] < len(text):
            known.append(after)
    runs.append(_Run(first, len(text), Span(from_s, max(from_s, end_s)), known))
    passages = [each for run in runs if run.first < run.last for each in _cut(run, heard)]
    return passages, gaps


def _gap(
    text: Sequence[str], heard: Sequence[Word], before: Match, after: Match, end_s: float
) -> Gap | None:
    """What parts two places where text and recording are the same; None if nothing does."""
    ours, theirs = range(before[0] + 1, after[0]), heard[before[1] + 1 : after[1]]
    if max(len(ours), len(theirs)) < _FEW:
        return None
    start_s = heard[before[1]].span.end_s if before[1] >= 0 else 0.0
    stop_s = heard[after[1]].span.start_s if after[1] < len(heard) else end_s
    span = Span(start_s, max(start_s, stop_s))
    is_other = min(len(ours), len(theirs)) >= _FEW and not _alike(text, ours, theirs)
    lacks = len(ours) >= _FEW and (is_other or span.duration_s < _FASTEST_S * len(ours))
    adds = len(theirs) >= _FEW and (is_other or len(theirs) > 2 * len(ours) + _FEW)
    if not (lacks or adds):
        return None
    if adds and not lacks:  # a few words of the text that were misheard beside it
        return Gap(after[0], after[0], span, tuple(theirs))
    return Gap(ours.start, ours.stop, span, tuple(theirs) if adds else ())


def _alike(text: Sequence[str], ours: range, theirs: Sequence[Word]) -> bool:
    """Whether two passages may be the same, misheard; of long ones by as much as a minute has."""
    most = 1000
    written = "".join(text[n] for n in ours)[:most]
    spoken = "".join(normal_form(word.text) for word in theirs)[:most]
    return SequenceMatcher(None, written, spoken, autojunk=False).ratio() >= _ALIKE


def _cut(run: _Run, heard: Sequence[Word]) -> Iterator[Passage]:
    """The passages of a run: cut between two words that are both known, at long pauses."""
    begin_s, end_s = _ends(run, heard)
    first, at_s = run.first, begin_s
    open_: list[tuple[float, int, float]] = []
    for word, pause in _pauses(run.known, heard):
        if pause.end_s - at_s > _LONGEST_S and open_:
            _, cut, cut_s = max(open_)
            yield _passage(first, cut, at_s, cut_s)
            first, at_s = cut, cut_s
            open_ = [each for each in open_ if each[1] > cut]
        if pause.middle_s - at_s >= _LEAST_S:
            open_.append((pause.duration_s, word, pause.middle_s))
    if end_s - at_s > _LONGEST_S and open_:
        _, cut, cut_s = max(open_)
        yield _passage(first, cut, at_s, cut_s)
        first, at_s = cut, cut_s
    yield _passage(first, run.last, at_s, max(at_s, end_s))


def _passage(first: int, last: int, start_s: float, end_s: float) -> Passage:
    return Passage(first, last, Span(max(0.0, start_s - _BEFORE_S), end_s + _BEHIND_S))


def _pauses(known: Sequence[Match], heard: Sequence[Word]) -> Iterator[tuple[int, Span]]:
    """What lies before each word of the text that is known, as is the one before it."""
    for (i, j), (other, there) in pairwise(known):
        if (other, there) == (i + 1, j + 1):
            start_s, end_s = heard[j].span.end_s, heard[there].span.start_s
            yield other, Span(start_s, max(start_s, end_s))


def _ends(run: _Run, heard: Sequence[Word]) -> tuple[float, float]:
    """When a run begins and ends: by its known words, and by guess beyond them."""
    begin_s, end_s = run.bounds.start_s, run.bounds.end_s
    if run.known:
        (first, there), (last, where) = run.known[0], run.known[-1]
        begin_s = max(begin_s, heard[there].span.start_s - _USUAL_S * 2 * (first - run.first))
        end_s = min(end_s, heard[where].span.end_s + _USUAL_S * 2 * (run.last - 1 - last))
    return begin_s, max(begin_s, end_s)
