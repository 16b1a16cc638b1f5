"""What a check sees of a chunk, and what all checks measure with."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise

from audiopipe.audio.vad import Voice
from audiopipe.stages.flag.thresholds import Thresholds
from audiopipe.text.words import Heard, normal_form, split_words
from audiopipe.values.audio import Span
from audiopipe.values.transcript import ChunkTranscript, Flag, Segment

LETTERS_PER_SYLLABLE = 3.0
"""English has 4.7 letters and 1.5 syllables a word; most alphabets are within a third of it."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """A chunk's transcript and what is known about it.

    Attributes:
        transcript: its segments are in order.
        thresholds: those of its model.
        voice: where somebody speaks; None where nobody listened.
        prompt: what the recogniser was told beforehand.
    """

    transcript: ChunkTranscript
    thresholds: Thresholds
    voice: Voice | None = None
    prompt: str | None = None

    @property
    def segments(self) -> tuple[Segment, ...]:
        return self.transcript.segments

    def audio_s(self, segment: Segment) -> float:
        """How long the segment lasts, to a millisecond, without silence left out of its middle."""
        stretches = self.transcript.window.stretches
        silences = (Span(a.end_s, b.start_s) for a, b in pairwise(stretches))
        return round(segment.span.duration_s - sum(map(segment.span.overlap_s, silences)), 3)


Check = Callable[[Evidence], Iterator[Flag]]


def outside(
    kind: str,
    segments: Sequence[Segment],
    values: Sequence[float | None],
    *,
    detail: str,
    lower: float | None = None,
    upper: float | None = None,
) -> Iterator[Flag]:
    """A flag for each stretch of segments whose common value is beyond a limit.

    Whisper measures windows of up to 30 s, and gives every segment of a window the same figures.
    """
    for value, group in groupby(zip(segments, values, strict=True), key=lambda pair: pair[1]):
        limit = _passed(value, lower, upper)
        if value is not None and limit is not None:
            yield Flag(kind, covering(segment.span for segment, _ in group), value, limit, detail)


def covering(spans: Iterable[Span]) -> Span:
    """From the first start to the last end."""
    found = list(spans)
    return Span(min(span.start_s for span in found), max(span.end_s for span in found))


def heard(segments: Iterable[Segment]) -> list[Heard]:
    """All words that have a letter or a digit; those without times stand for their segment."""
    words = [
        Heard(normal_form(text), span) for segment in segments for text, span in _pieces(segment)
    ]
    return [word for word in words if word.norm]


def syllables(text: str) -> float:
    """An estimate: one for each East Asian wide character, else by letters."""
    letters = [c for c in text if c.isalnum()]
    wide = sum(unicodedata.east_asian_width(c) in "WF" for c in letters)
    return wide + (len(letters) - wide) / LETTERS_PER_SYLLABLE


def _passed(value: float | None, lower: float | None, upper: float | None) -> float | None:
    """The limit that the value is beyond."""
    if value is None:
        return None
    if lower is not None and value < lower:
        return lower
    return upper if upper is not None and value > upper else None


def _pieces(segment: Segment) -> Iterator[tuple[str, Span]]:
    if segment.words:
        yield from ((word.text, word.span) for word in segment.words)
    else:
        yield from ((text, segment.span) for text in split_words(segment.text))
