"""Words in transcripts, and when they are spoken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from audiopipe.text.words import normal_form, shared_out
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Transcript


@dataclass(frozen=True, slots=True)
class Hit:
    """Where words are spoken.

    Attributes:
        span: from the first of them to the last.
        speaker: who says the first; None where nobody knows.
        text: the segments that they stand in.
    """

    span: Span
    speaker: str | None
    text: str


def search(transcript: Transcript, words: str) -> Iterator[Hit]:
    """Where words stand one after the other, whatever their case and the punctuation between them,
    across segments too; in order of time, none inside another."""
    wanted = [form for form in map(normal_form, _pieces(words)) if form]
    spoken = [each for each in _spoken(transcript) if each[0]]
    at = 0
    while wanted and at + len(wanted) <= len(spoken):
        found = spoken[at : at + len(wanted)]
        if [form for form, _, _ in found] != wanted:
            at += 1
            continue
        numbers = dict.fromkeys(number for _, number, _ in found)
        said = [transcript.segments[number] for number in numbers]
        start_s, end_s = found[0][2].start_s, max(span.end_s for _, _, span in found)
        text = "".join(segment.text for segment in said).strip()
        yield Hit(Span(start_s, max(start_s, end_s)), said[0].speaker, text)
        at += len(wanted)


def _pieces(words: str) -> list[str]:
    return [word.text for word in shared_out(words, Span(0.0, 0.0))]


def _spoken(transcript: Transcript) -> Iterator[tuple[str, int, Span]]:
    """Each word as it is compared, the number of its segment, and its time."""
    for number, segment in enumerate(transcript.segments):
        for text, span in _words(segment):
            yield normal_form(text), number, span


def _words(segment: Segment) -> Iterator[tuple[str, Span]]:
    for word in segment.words:
        for part in shared_out(word.text, word.span):
            yield part.text, part.span
    if not segment.words:
        for part in shared_out(segment.text, segment.span):
            yield part.text, part.span
