"""Passages of a chunk that are worth asking about again."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from audiopipe.audio.vad import Voice
from audiopipe.values.audio import Span
from audiopipe.values.flags import REPAIRABLE
from audiopipe.values.transcript import ChunkTranscript, Flag

_PAUSE_S = 0.2
"""Where neither a voice nor a word is for so long one may cut."""

_LEAST_S, _MOST_S = 5.0, 28.0
"""Of a passage: context for its words, and no more than Whisper hears at once."""

_UNWRITTEN = "speech-without-text"

_MARGIN_S = 0.3
"""What is kept around a voice where silence is trimmed: a voice begins before it is found."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a chunk.

    Attributes:
        span: from pause to pause.
        kinds: of the flags in it.
        speech: where somebody may speak in it; all of it where nobody listened.
    """

    span: Span
    kinds: tuple[str, ...]
    speech: tuple[Span, ...]


def passages(transcript: ChunkTranscript, voice: Voice | None) -> Iterator[Passage]:
    """The flagged passages, in order and apart, each with the phrases around it that are short; a
    voice of 5 s and more for which nothing is written stands alone.

    A flag that lies wholly where a neighbouring chunk hears too is left to the stitcher, which
    takes the side that is not flagged.

    Args:
        transcript: of one chunk, with its flags.
        voice: where somebody speaks in it; None where nobody listened.
    """
    cuts = _cuts(transcript, voice)
    alone = transcript.window.alone
    doubted = [
        flag for flag in transcript.flags if flag.kind in REPAIRABLE and _touch(flag.span, alone)
    ]
    written = _written(transcript)
    for whole in _merged(_around(flag, cuts, written) for flag in doubted):
        for span in _pieces(whole, cuts):
            kinds = dict.fromkeys(flag.kind for flag in doubted if _touch(flag.span, span))
            if kinds:
                yield Passage(span, tuple(kinds), tuple(_speech(span, voice)))


def _cuts(transcript: ChunkTranscript, voice: Voice | None) -> list[float]:
    """Where nothing is cut in two: the middles of pauses, and the edges of the chunk."""
    window = transcript.window.span
    busy = [*_written(transcript), *(voice.possible if voice else ())]
    cuts, at_s = [window.start_s], window.start_s
    for span in sorted(busy, key=lambda span: span.start_s):
        if span.start_s - at_s >= _PAUSE_S:
            cuts.append((at_s + span.start_s) / 2)
        at_s = max(at_s, span.end_s)
    if window.end_s - at_s >= _PAUSE_S:
        cuts.append((at_s + window.end_s) / 2)
    return [*cuts, window.end_s]


def _written(transcript: ChunkTranscript) -> list[Span]:
    return [
        part.span
        for segment in transcript.segments
        for part in segment.words or (segment,)
        if part.text.strip()
    ]


def _around(flag: Flag, cuts: Sequence[float], written: Sequence[Span]) -> Span:
    """What is asked about: from pause to pause. Of a voice for which nothing is written, that alone
    where it is long enough: beside what is written it may be passed over once more."""
    if flag.kind == _UNWRITTEN:
        gap = _gap(flag.span, cuts, written)
        if gap.duration_s >= _LEAST_S:
            return gap
    return _between(flag.span, cuts)


def _gap(span: Span, cuts: Sequence[float], written: Sequence[Span]) -> Span:
    """From the word before a span to the one after it, without what is up to a pause of theirs."""
    before = (each.end_s for each in written if each.middle_s <= span.start_s)
    after = (each.start_s for each in written if each.middle_s >= span.end_s)
    start_s = min(span.start_s, max(before, default=cuts[0]))
    end_s = max(span.end_s, min(after, default=cuts[-1]))
    inner = cuts[bisect_left(cuts, start_s) : bisect_right(cuts, end_s)]
    return Span(
        min((cut for cut in inner if cut <= span.start_s), default=start_s),
        max((cut for cut in inner if cut >= span.end_s), default=end_s),
    )


def _between(span: Span, cuts: Sequence[float]) -> Span:
    """From the cut before a span to the one after it, and further where that is too short."""
    first = max(0, bisect_right(cuts, span.start_s) - 1)
    last = min(len(cuts) - 1, bisect_left(cuts, span.end_s))
    while cuts[last] - cuts[first] < _LEAST_S and (first > 0 or last + 1 < len(cuts)):
        first, last = max(0, first - 1), min(len(cuts) - 1, last + 1)
    return Span(cuts[first], cuts[last])


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    now: Span | None = None
    for span in sorted(spans, key=lambda span: span.start_s):
        if now and span.start_s <= now.end_s:
            now = Span(now.start_s, max(now.end_s, span.end_s))
        else:
            if now:
                yield now
            now = span
    if now:
        yield now


def _pieces(span: Span, cuts: Sequence[float]) -> Iterator[Span]:
    """The span, cut where it is longer than Whisper hears at once."""
    inner = cuts[bisect_right(cuts, span.start_s) : bisect_left(cuts, span.end_s)]
    start_s = span.start_s
    for at_s, next_s in pairwise([*inner, span.end_s]):
        if next_s - start_s > _MOST_S:
            yield Span(start_s, at_s)
            start_s = at_s
    yield Span(start_s, span.end_s)


def _speech(span: Span, voice: Voice | None) -> Iterator[Span]:
    if voice is None:
        yield span
        return
    wide = (Span(max(0.0, s.start_s - _MARGIN_S), s.end_s + _MARGIN_S) for s in voice.possible)
    for each in _merged(wide):
        start_s, end_s = max(each.start_s, span.start_s), min(each.end_s, span.end_s)
        if end_s - start_s > 2 * _MARGIN_S:
            yield Span(start_s, end_s)


def _touch(one: Span, other: Span) -> bool:
    return one.start_s <= other.end_s and other.start_s <= one.end_s
