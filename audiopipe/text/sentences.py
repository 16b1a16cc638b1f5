"""A transcript as sentences with times, in runs that fit a model."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from audiopipe.text.clocks import short_clock
from audiopipe.text.clusters import without_surrogates
from audiopipe.text.tokens import tokens_at_most
from audiopipe.values.audio import Span
from audiopipe.values.transcript import Segment, Transcript

MOST_CHARACTERS = 600
"""A longer sentence is cut between words that have times: some speakers, and some recognisers, know
no full stop."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """What one speaker said in one breath.

    Attributes:
        span: from its first to its last word.
        text: with the space around it: joined, the sentences are the segments' texts.
        speaker: label of the speaker, where it is known.
    """

    span: Span
    text: str
    speaker: str | None = None

    @property
    def clock(self) -> str:
        """When it begins, as `h:mm:ss`."""
        return short_clock(self.span.start_s)

    @property
    def line(self) -> str:
        """The text on one line, without space around it."""
        return " ".join(self.text.split())

    @property
    def tokens(self) -> int:
        """About how many tokens its line takes; see `backends.chat`."""
        return tokens_at_most(self.text) + 8


def sentences(transcript: Transcript) -> Iterator[Sentence]:
    """The sentences of a transcript, in order; none crosses a change of speakers."""
    for speaker, run in groupby(transcript.segments, key=lambda segment: segment.speaker):
        yield from _of_run(list(run), transcript.language, speaker)


def runs(parts: Iterable[Sentence], most_tokens: float) -> Iterator[tuple[Sentence, ...]]:
    """The same sentences in runs of at most so many tokens; one that is longer is its own run."""
    run: list[Sentence] = []
    tokens = 0
    for part in parts:
        if run and tokens + part.tokens > most_tokens:
            yield tuple(run)
            run, tokens = [], 0
        run.append(part)
        tokens += part.tokens
    if run:
        yield tuple(run)


def _of_run(
    segments: Sequence[Segment], language: str | None, speaker: str | None
) -> Iterator[Sentence]:
    from sentencex import segment as split

    starts, spans = _timed(segments)
    held, at = "", 0
    whole = without_surrogates("".join(segment.text for segment in segments))
    for text in split(language or "en", whole):
        if held.strip() and text.strip():
            yield from _cut(held, at, starts, spans, speaker)
            at += len(held)
            held = ""
        held += text
    if held.strip():
        yield from _cut(held, at, starts, spans, speaker)


def _timed(segments: Iterable[Segment]) -> tuple[list[int], list[Span]]:
    """Where in the text each word begins, or each segment without words, and when it is said."""
    starts, spans, at = [], [], 0
    for segment in segments:
        place = at
        for word in segment.words:
            starts.append(place)
            spans.append(word.span)
            place += len(word.text)
        if not segment.words and segment.text:
            starts.append(at)
            spans.append(segment.span)
        at += len(segment.text)
    return starts, spans


def _cut(
    text: str, at: int, starts: Sequence[int], spans: Sequence[Span], speaker: str | None
) -> Iterator[Sentence]:
    """The sentence at a place of the text; in parts if it is too long."""
    while len(text) > MOST_CHARACTERS:
        fitting = starts[bisect_right(starts, at + MOST_CHARACTERS) - 1] - at
        if fitting <= 0 or not text[:fitting].strip():
            break
        yield _sentence(text[:fitting], at, starts, spans, speaker)
        text, at = text[fitting:], at + fitting
    yield _sentence(text, at, starts, spans, speaker)


def _sentence(
    text: str, at: int, starts: Sequence[int], spans: Sequence[Span], speaker: str | None
) -> Sentence:
    first = at + len(text) - len(text.lstrip())
    last = at + len(text.rstrip()) - 1
    begin = spans[bisect_right(starts, max(first, at)) - 1]
    end = spans[bisect_right(starts, max(last, at)) - 1]
    return Sentence(Span(begin.start_s, max(begin.start_s, end.end_s)), text, speaker)
