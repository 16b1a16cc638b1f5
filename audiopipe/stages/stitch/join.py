"""Seams: where two chunks overlap, what both heard becomes one sequence of words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf

from audiopipe.stages.stitch.align import align
from audiopipe.stages.stitch.choice import EDGE_S, choice, clearness, disagreement
from audiopipe.stages.stitch.tokens import Token, first_that, words_of
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Flag

TIMED_TOLERANCE_S = 1.0
"""How far apart two chunks may time the same word when the recogniser gave word times."""

INTERPOLATED_TOLERANCE_S = 3.0
"""The same when word times are interpolated over the text of a segment of at most 30 s."""

MOST_WORDS_A_SECOND = 8
"""Nobody speaks more, or more characters in scripts without spaces."""


def join(
    left: Sequence[Token], right: Sequence[Token], overlap: Span, seam_s: float
) -> tuple[list[Token], list[Token], list[Flag]]:
    """Two sequences that overlap in time become one.

    Words are aligned by text and time. Between agreed words, and from them to the edges of the
    overlap, the side speaks that is sure for longer; words near the edge of their chunk count
    for less, and a side that a flag says is made up is not heard. Without an agreed word the one
    may speak before the seam and the other after it.

    Args:
        left, right: in order of time.
        overlap: the time that both heard.
        seam_s: where the left one's own part ends and the right one's begins.

    Returns:
        What lies before the overlap, what lies in it and after it, and where the two sides
        really heard different words.
    """
    tolerance_s = max(_tolerance_s(left), _tolerance_s(right))
    before, ours = _from(left, overlap.start_s - tolerance_s)
    theirs, after = _until(right, overlap.end_s + tolerance_s)
    pairs = align([t.heard for t in ours], [t.heard for t in theirs], tolerance_s)
    timed = tolerance_s <= TIMED_TOLERANCE_S or not pairs
    merged: list[Token] = []
    flags: list[Flag] = []
    edges = [(-1, -1), *pairs, (len(ours), len(theirs))]
    for n, ((i, j), (next_i, next_j)) in enumerate(pairwise(edges)):
        if n:
            merged.append(ours[i] if ours[i].heard.span.middle_s < seam_s else theirs[j])
        a, b = ours[i + 1 : next_i], theirs[j + 1 : next_j]
        head: list[Token] = []
        tail: list[Token] = []
        if n == 0:
            head, a, b = _head(a, b, overlap.start_s if timed else inf)
        if n == len(pairs):
            a, b, tail = _tail(a, b, overlap.end_s if timed else 0)
        if a and not b:
            a = _with_room(a, [*theirs[max(0, j) : j + 1], *(tail or theirs[next_j:])[:1]])
        elif b and not a:
            b = _with_room(b, [*(head or ours[max(0, i) : i + 1])[-1:], *ours[next_i : next_i + 1]])
        merged += [*head, *choice(a, b, seam_s, agreed=bool(pairs)), *tail]
        flags += disagreement(a, b)
    return before, merged + after, flags


def _from(tokens: Sequence[Token], at_s: float) -> tuple[list[Token], list[Token]]:
    """What ends before the time, and the words of what does not."""
    n = first_that(tokens, lambda token: token.heard.span.end_s >= at_s)
    words = _words(tokens[n:])
    m = first_that(words, lambda token: token.heard.span.end_s >= at_s)
    return [*tokens[:n], *words[:m]], words[m:]


def _until(tokens: Sequence[Token], at_s: float) -> tuple[list[Token], list[Token]]:
    """The words of what starts by the time, and what starts later."""
    n = first_that(tokens, lambda token: token.heard.span.start_s > at_s)
    words = _words(tokens[:n])
    m = first_that(words, lambda token: token.heard.span.start_s > at_s)
    return words[:m], [*words[m:], *tokens[n:]]


def _words(tokens: Iterable[Token]) -> list[Token]:
    return [word for token in tokens for word in words_of(token)]


def _tolerance_s(tokens: Sequence[Token]) -> float:
    """Interpolated times of a long segment drift by a share of its length."""
    untimed = [t.segment.span.duration_s for t in tokens if not t.segment.words]
    return max(INTERPOLATED_TOLERANCE_S, max(untimed) / 10) if untimed else TIMED_TOLERANCE_S


def _head(
    ours: list[Token], theirs: list[Token], from_s: float
) -> tuple[list[Token], list[Token], list[Token]]:
    """What the left side heard before the right one listened, and what they contend for.

    A word that the right side's start cut in two is not heard twice.
    """
    n = first_that(ours, lambda token: token.heard.span.middle_s >= from_s)
    head = ours[:n]
    if head:
        until_s = max(from_s, min(head[-1].heard.span.end_s, from_s + EDGE_S))
        theirs = [t for t in theirs if t.heard.span.middle_s >= until_s]
    return head, ours[n:], theirs


def _tail(
    ours: list[Token], theirs: list[Token], to_s: float
) -> tuple[list[Token], list[Token], list[Token]]:
    """What they contend for, and what one side heard when the other no longer listened."""
    n = first_that(theirs, lambda token: token.heard.span.middle_s > to_s)
    tail = theirs[n:]
    if tail:
        from_s = min(to_s, max(tail[0].heard.span.start_s, to_s - EDGE_S))
        ours = [t for t in ours if t.heard.span.middle_s <= from_s]
    return ours, theirs[:n], tail


def _with_room(alone: list[Token], around: Sequence[Token]) -> list[Token]:
    """Words that one side alone heard, if they can have been spoken between the words around them
    that the other side heard.

    At the edge of a chunk sounds that are cut off are taken for words, and a recogniser in a loop
    writes more than the time has room for.
    """
    spans = [t.heard.span for t in around]
    spoken_s = sum(t.heard.span.duration_s for t in alone)
    taken_s = sum(t.heard.span.overlap_s(span) for t in alone for span in spans)
    at_edge = all(clearness(t) < 1 for t in alone)
    room_s = spans[1].start_s - spans[0].end_s if len(spans) == 2 else inf
    too_many = len(alone) > MOST_WORDS_A_SECOND * (room_s + EDGE_S)
    return [] if too_many or (at_edge and 2 * taken_s > spoken_s) else alone
