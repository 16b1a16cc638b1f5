"""Drop: strike text that is not to be trusted, for those who ask for it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from audiopipe.values.audio import Span
from audiopipe.values.transcript import Transcript


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

    def is_kept(span: Span) -> bool:
        return not any(each.holds(span) for each in struck)

    parts = (segment.part(is_kept) for segment in transcript.segments)
    return replace(transcript, segments=tuple(filter(None, parts)))
