"""Passages that somebody cut in two, or put together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate, pairwise

from audiopipe.render.joins import breaks_of
from audiopipe.text.words import is_unspaced, shares
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Word


def texts_of(after: str, before: str) -> tuple[str, ...]:
    """What somebody wrote, a text for each line of it: every one a passage from now on, with the
    space before it that the passage had."""
    lines = [line.strip() for line in after.split("\n") if line.strip()]
    if "\n" not in after or not lines:
        return (after,)
    lead = before[: len(before) - len(before.lstrip())]
    return (lead + lines[0], *((lead or _space(*pair)) + pair[1] for pair in pairwise(lines)))


def _space(before: str, after: str) -> str:
    return "" if is_unspaced(before[-1]) or is_unspaced(after[0]) else " "


def divided(segment: Segment, texts: Sequence[str]) -> tuple[Segment, ...]:
    """The segment in parts, whose texts joined are its own; each has the time of its words."""
    if len(texts) < 2:
        return (segment,)
    edges = [0, *accumulate(map(len, texts))]
    ends = [0, *accumulate(len(word.text) for word in segment.words)]
    is_whole = bool(segment.words) and {*edges} <= {*ends}
    spans = shares([len(text) for text in texts], segment.span)
    made = []
    for text, (start, end), share in zip(texts, pairwise(edges), spans, strict=True):
        words = segment.words[ends.index(start) : ends.index(end)] if is_whole else ()
        told = segment.breaks
        breaks = None if told is None else (0, *(n - start for n in told if start < n < end))
        span = Span(words[0].span.start_s, _end_s(words)) if words else share
        made.append(replace(segment, text=text, words=words, span=span, breaks=breaks, tokens=()))
    return _filled(made, segment.span)


def _end_s(words: Sequence[Word]) -> float:
    return max(words[0].span.start_s, words[-1].span.end_s)


def _filled(parts: Sequence[Segment], span: Span) -> tuple[Segment, ...]:
    """The parts, the first from the start of the whole, and the last to its end."""
    first = replace(parts[0], span=Span(span.start_s, max(span.start_s, parts[0].span.end_s)))
    *rest, last = (first, *parts[1:])
    last = replace(last, span=Span(last.span.start_s, max(last.span.start_s, span.end_s)))
    return (*rest, last)


def together(first: Segment, second: Segment) -> Segment:
    """Two segments as one: what the second says goes on from the first, whose speaker it has."""
    is_told = first.breaks is not None or second.breaks is not None
    begins = (0,) if first.breaks is None or 0 in first.breaks else ()
    has_words = bool(first.words) and bool(second.words)
    return replace(
        first,
        span=Span(first.span.start_s, max(first.span.end_s, second.span.end_s)),
        text=first.text + second.text,
        words=first.words + second.words if has_words else (),
        tokens=(),
        breaks=(*begins, *breaks_of((first, second))) if is_told else None,
    )
