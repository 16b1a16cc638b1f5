"""Stitch: the chunks' transcripts become one, in which each spoken word stands once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate, groupby
from math import inf

from audiopipe.stages.stitch.flags import standing_flags
from audiopipe.stages.stitch.join import join
from audiopipe.stages.stitch.tokens import Token, segments_of, words_of
from audiopipe.text.languages import spoken_languages, the_only
from audiopipe.values.audio import Span
from audiopipe.values.requests import Request, Usage
from audiopipe.values.transcript import (
    ChunkFailure,
    ChunkTranscript,
    Failure,
    Flag,
    Repair,
    Segment,
    Source,
    Transcript,
    Word,
)


def stitch(
    results: Iterable[ChunkTranscript | ChunkFailure],
    source: Source,
    request: Request,
    backend: str,
) -> Transcript:
    """One transcript from the chunks of one file.

    Where chunks overlap, their words are aligned by text and time, and between the words that they
    agree on the one speaks that heard better (`seam.join`); where they really heard different
    things there is a `seam-disagreement` flag. Everything else stands as it was heard.

    Args:
        results: in any order, each window index once.
        source: the recording that all of them belong to.
        request: what was asked. Without its language the chunks vote, each weighing as much as
            its speech lasts, and the segments of a chunk in another language say so; a translation
            is English.
        backend: the recogniser's name.

    Returns:
        A transcript with rising times inside the file; a failed chunk leaves a `Failure`, whose
        span is what no other chunk heard. The result does not depend on the order of `results`,
        and one chunk alone is given back as it is.
    """
    ordered = sorted(results, key=lambda result: result.window.index)
    heard = [result for result in ordered if isinstance(result, ChunkTranscript)]
    tokens, disagreements = _joined(heard)
    told = the_only(request.language)
    spoken = told or next(iter(spoken_languages(heard)), None)
    language = "en" if request.task == "translate" else spoken
    return Transcript(
        source=source,
        task=request.task,
        language=language,
        segments=tuple(_rebuilt(tokens, source.duration_s, told, language)),
        flags=tuple(standing_flags(heard, tokens, disagreements)),
        failures=tuple(_gaps(ordered)),
        repairs=tuple(_own_repairs(heard)),
        model=request.model,
        backend=backend,
        source_language=spoken if language != spoken else None,
        usage=sum((result.usage for result in heard), Usage()),
    )


def _joined(heard: Iterable[ChunkTranscript]) -> tuple[list[Token], list[Flag]]:
    """What all chunks heard. What is open may still lie in the overlap with the next one."""
    settled: list[Token] = []
    open_: list[Token] = []
    flags: list[Flag] = []
    end_s = 0.0
    for chunk in heard:
        span = chunk.window.span
        if span.start_s < end_s:
            overlap = Span(span.start_s, min(end_s, span.end_s))
            before, open_, new = join(open_, segments_of(chunk), overlap, chunk.window.core.start_s)
            flags += new
        else:
            before, open_ = open_, segments_of(chunk)
        settled += before
        end_s = max(end_s, span.end_s)
    return settled + open_, flags


def _rebuilt(
    tokens: Iterable[Token], duration_s: float, told: str | None, main: str | None
) -> Iterator[Segment]:
    """Segments from what was kept, with rising times inside the file; those in another language
    than the whole say so, and those of a translation what was spoken."""
    now_s = 0.0
    for run in _runs(tokens):
        segment, spoken = run[0].segment, run[0].chunk.language
        if len(run) > 1 or run[0].place[1] >= 0 or not _fits(segment, now_s, duration_s):
            segment = _segment(
                [word for token in run for word in words_of(token)], now_s, duration_s
            )
        now_s = segment.span.end_s
        own = segment.language or (None if told else spoken)
        yield replace(segment, language=None if own == main else own)


def _runs(tokens: Iterable[Token]) -> list[list[Token]]:
    """Tokens by segment; what another side put into the middle of a segment is part of it."""
    runs: list[list[Token]] = []
    for _, group in groupby(tokens, key=_segment_place):
        runs.append(list(group))
        if len(runs) > 2 and _segment_place(runs[-1][0]) == _segment_place(runs[-3][0]):
            inner, rest = runs.pop(-2), runs.pop()
            runs[-1] += [*inner, *rest]
    return runs


def _segment_place(token: Token) -> tuple[int, int]:
    return token.chunk.window.index, token.place[0]


def _fits(segment: Segment, from_s: float, to_s: float) -> bool:
    """Whether its times, and those of its words inside it, rise between the two times."""
    start_s, end_s = segment.span.start_s, segment.span.end_s
    if not from_s <= start_s <= end_s <= to_s:
        return False
    for word in segment.words:
        if not start_s <= word.span.start_s <= word.span.end_s <= end_s:
            return False
        start_s = word.span.end_s
    return True


def _segment(tokens: Sequence[Token], from_s: float, to_s: float) -> Segment:
    whole = tokens[0].segment
    words = tuple(_rejoined(tokens))
    text = "".join(word.text for word in words)
    spans = [word.span for word in words]
    if text == whole.text and not whole.words:
        spans = [whole.span]
    placed = list(_rising(spans, from_s, to_s))
    return replace(
        whole,
        span=Span(placed[0].start_s, placed[-1].end_s),
        text=text,
        words=tuple(map(_at, words, placed)) if whole.words else (),
    )


def _rejoined(tokens: Iterable[Token]) -> Iterator[Word]:
    """Words from tokens; the characters of one word that follow each other are one word again."""
    for _, group in groupby(tokens, key=lambda token: (token.chunk.window.index, token.place)):
        run = list(group)
        text = "".join(token.text for token in run)
        word = run[0].word
        if word and word.text == text:
            yield word
        else:
            span = Span(run[0].heard.span.start_s, run[-1].heard.span.end_s)
            yield Word(span, text, word.probability if word else None)


def _rising(spans: Sequence[Span], from_s: float, to_s: float) -> Iterator[Span]:
    """The spans, moved as little as needed to rise without overlap between the two times."""
    for n, span in enumerate(spans):
        start_s = min(max(span.start_s, from_s), to_s)
        end_s = min(max(span.end_s, start_s), to_s)
        if n + 1 < len(spans):
            end_s = max(start_s, min(end_s, spans[n + 1].start_s))
        from_s = end_s
        yield Span(start_s, end_s)


def _at(word: Word, span: Span) -> Word:
    return replace(word, span=span)


def _own_repairs(heard: Iterable[ChunkTranscript]) -> Iterator[Repair]:
    """Those of each chunk's own part; past the seam another chunk speaks."""
    for chunk in heard:
        core = chunk.window.core
        yield from (r for r in chunk.repairs if core.start_s <= r.span.middle_s < core.end_s)


def _gaps(ordered: Sequence[ChunkTranscript | ChunkFailure]) -> Iterator[Failure]:
    """Of each failed chunk the stretch that no other heard."""
    covered = [_covered(result) for result in ordered]
    ends = accumulate((span.end_s for span in covered), max, initial=0.0)
    starts = [*accumulate((span.start_s for span in reversed(covered)), min, initial=inf)]
    for result, before_s, after_s in zip(ordered, ends, reversed(starts[:-1]), strict=False):
        if isinstance(result, ChunkFailure):
            start_s = max(result.window.span.start_s, before_s)
            end_s = min(result.window.span.end_s, after_s)
            yield Failure(Span(start_s, max(start_s, end_s)), result.reason)


def _covered(result: ChunkTranscript | ChunkFailure) -> Span:
    """What is not another's gap: all that a chunk heard, or, if it failed, its own part."""
    return result.window.core if isinstance(result, ChunkFailure) else result.window.span
