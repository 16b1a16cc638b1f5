"""Drop: strike text that is not to be trusted, for those who ask for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from audiopipe.data import Segment, Span, Transcript


def drop(transcript: Transcript, kinds: Collection[str]) -> Transcript:
    """The transcript without the text under flags of some kinds; the flags stay, and tell of it.

    Words go whose middles lie under them, and a segment with its last word. A segment whose words
    have no times goes whole, by its own middle.

    Args:
        transcript: of one channel: a flag strikes whoever speaks in its time.
        kinds: which flags strike.
    """
    struck = [flag.span for flag in transcript.flags if flag.kind in kinds]
    if not struck:
        return transcript
    kept = (_kept(segment, struck) for segment in transcript.segments)
    return replace(transcript, segments=tuple(segment for segment in kept if segment))


def _kept(segment: Segment, struck: Sequence[Span]) -> Segment | None:
    """What is left of a segment."""
    words = tuple(word for word in segment.words if not _is_struck(word.span, struck))
    if not words:
        return None if segment.words or _is_struck(segment.span, struck) else segment
    if len(words) == len(segment.words):
        return segment
    span = Span(words[0].span.start_s, words[-1].span.end_s)
    return replace(segment, span=span, text="".join(word.text for word in words), words=words)


def _is_struck(span: Span, struck: Sequence[Span]) -> bool:
    return any(each.start_s <= span.middle_s <= each.end_s for each in struck)
