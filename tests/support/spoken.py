"""Transcripts of made words."""

from __future__ import annotations

from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Source, Transcript, Word


def spoken(*texts: str, words: bool = True) -> Transcript:
    """A segment for each text, a second for each word."""
    segments, now_s = [], 0.0
    for text in texts:
        said = []
        for word in text.split():
            said.append(Word(Span(now_s, now_s + 1), f" {word}"))
            now_s += 1
        span = Span(said[0].span.start_s, now_s)
        segments.append(Segment(span, f" {text}", tuple(said) if words else ()))
    return Transcript(Source("talk.mp3", "", now_s), "transcribe", "en", tuple(segments))
