"""Flags: those of the chunks that say something of the text that stands."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from audiopipe.stages.stitch.tokens import Token, words_of
from audiopipe.values.audio import Span
from audiopipe.values.flags import ON_TEXT
from audiopipe.values.transcript import ChunkTranscript, Flag

_AROUND_S = 0.5
"""Voice so near to a word belongs to it; see `flag.speech`."""

_UNTRANSCRIBED = "speech-without-text"


def standing_flags(
    heard: Iterable[ChunkTranscript], tokens: Iterable[Token], disagreements: Iterable[Flag]
) -> list[Flag]:
    """The flags of the whole, in order.

    A flag of words stays as far as words of its chunk stand under it, and one of a voice without
    text as far as no chunk's words stand there. All others are cut to their chunk's own part: past
    the seam another chunk speaks.

    Args:
        heard: the chunks in order, with their flags.
        tokens: what stands, in order.
        disagreements: flags of the seams.
    """
    own: defaultdict[int, list[Span]] = defaultdict(list)
    for token in tokens:
        own[token.chunk.window.index] += (word.heard.span for word in words_of(token))
    written = sorted((span for spans in own.values() for span in spans), key=_start_s)
    flags = list(disagreements)
    for chunk in heard:
        spans = own[chunk.window.index]
        for flag in chunk.flags:
            if flag.kind in ON_TEXT:
                flags += _on(flag, spans)
            elif flag.kind == _UNTRANSCRIBED:
                flags += _beside(flag, written, chunk.window.core)
            else:
                flags += _inside(flag, chunk.window.core)
    return sorted(flags, key=lambda flag: (flag.span.start_s, flag.span.end_s, flag.kind))


def _on(flag: Flag, own: Sequence[Span]) -> Iterator[Flag]:
    """The flag from the first to the last of the words that stand under it."""
    first = bisect_left(own, flag.span.start_s, key=_end_s)
    under = [span for span in _until(own[first:], flag.span.end_s) if _meet(span, flag.span)]
    if under:
        start_s, end_s = under[0].start_s, max(span.end_s for span in under)
        start_s, end_s = max(start_s, flag.span.start_s), min(end_s, flag.span.end_s)
        yield replace(flag, span=Span(start_s, max(start_s, end_s)))


def _beside(flag: Flag, written: Sequence[Span], core: Span) -> Iterator[Flag]:
    """What of the flag no words stand in, where that is still beyond its limit; one that reaches
    over a seam is told by the chunk whose own part its middle is in."""
    at_s = flag.span.start_s
    first = bisect_left(written, at_s - 30 * _AROUND_S, key=_start_s)
    gaps = []
    for span in _until(written[first:], flag.span.end_s + _AROUND_S):
        if span.start_s - _AROUND_S > at_s:
            gaps.append(Span(at_s, span.start_s - _AROUND_S))
        at_s = max(at_s, span.end_s + _AROUND_S)
    if at_s < flag.span.end_s:
        gaps.append(Span(at_s, flag.span.end_s))
    for gap in gaps:
        if gap.duration_s > flag.limit and core.start_s <= gap.middle_s <= core.end_s:
            yield replace(flag, span=gap, value=gap.duration_s)


def _inside(flag: Flag, core: Span) -> Iterator[Flag]:
    start_s, end_s = max(flag.span.start_s, core.start_s), min(flag.span.end_s, core.end_s)
    if start_s <= end_s:
        yield replace(flag, span=Span(start_s, end_s))


def _until(spans: Iterable[Span], end_s: float) -> Iterator[Span]:
    for span in spans:
        if span.start_s > end_s:
            return
        yield span


def _meet(one: Span, other: Span) -> bool:
    """Whether they share time; a span without length shares it where it lies in the other."""
    return one.overlap_s(other) > 0 or other.holds(one) or one.holds(other)


def _start_s(span: Span) -> float:
    return span.start_s


def _end_s(span: Span) -> float:
    return span.end_s
