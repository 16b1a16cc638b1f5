"""Stitch: the chunks' transcripts become one, in which each spoken word stands once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from math import exp

from audiopipe.align import Heard, align, normal_form
from audiopipe.data import (
    ChunkFailure,
    ChunkTranscript,
    Failure,
    Flag,
    Request,
    Segment,
    Source,
    Span,
    Transcript,
    Usage,
    Word,
)
from audiopipe.text import is_unspaced, split_words

TIMED_TOLERANCE_S = 1.0
"""How far apart two chunks may time the same word when the recogniser gave word times."""

INTERPOLATED_TOLERANCE_S = 3.0
"""The same when word times are interpolated over the text of a segment of at most 30 s."""

HEARD_ALONE_PROBABILITY = 0.3
"""A word that only one side heard between two agreed words is kept above this sureness."""


def stitch(
    results: Iterable[ChunkTranscript | ChunkFailure],
    source: Source,
    request: Request,
    backend: str,
) -> Transcript:
    """One transcript from the chunks of one file.

    In the overlap of two chunks their words are aligned by text and time (`align.align`). Between
    two agreed words the side that hears better speaks: the left one before the seam, the right one
    after it, the surer one across it, and whichever heard anything where the other heard nothing.
    Without an agreed word each side is cut at the seam.

    Args:
        results: in any order, each window index once.
        source: the recording that all of them belong to.
        request: what was asked. Without its language the chunks vote, each weighing as much as
            its core lasts; a translation is English.
        backend: the recogniser's name.

    Returns:
        A transcript with rising times inside the file; a failed chunk leaves a `Failure`, whose
        span is what no other chunk heard. The result does not depend on the order of `results`,
        and one chunk alone is given back as it is.
    """
    ordered = sorted(results, key=lambda result: result.window.index)
    heard = [result for result in ordered if isinstance(result, ChunkTranscript)]
    segments = _rebuild(_joined(heard), source.duration_s)
    return Transcript(
        source=source,
        task=request.task,
        language="en" if request.task == "translate" else request.language or _vote(heard),
        segments=tuple(segments),
        flags=tuple(_surviving_flags(heard)),
        failures=tuple(_gaps(ordered)),
        model=request.model,
        backend=backend,
        usage=sum((result.usage for result in heard), Usage()),
    )


@dataclass(frozen=True, slots=True)
class _Token:
    """A word, or a part of one in a script without spaces, with where it came from."""

    text: str
    heard: Heard
    sureness: float
    place: tuple[int, int, int]
    """Window, segment and word it came from: what joins tokens into words and segments again."""
    segment: Segment
    word: Word | None


def _joined(heard: Sequence[ChunkTranscript]) -> list[_Token]:
    """The tokens of all chunks. What is open may still lie in the overlap with the next one."""
    settled: list[_Token] = []
    open_ = _tokens(heard[0]) if heard else []
    for left, right in pairwise(heard):
        if right.window.span.start_s < left.window.span.end_s:
            before, open_ = _join(open_, _tokens(right), left, right)
        else:
            before, open_ = open_, _tokens(right)
        settled += before
    return settled + open_


def _tokens(result: ChunkTranscript) -> list[_Token]:
    tokens = []
    for s, segment in enumerate(result.segments):
        words = segment.words or _interpolated(segment)
        for w, word in enumerate(words):
            for part, span in _parts(word):
                tokens.append(
                    _Token(
                        part,
                        Heard(normal_form(part), span),
                        _sureness(word, segment),
                        (result.window.index, s, w),
                        segment,
                        word if segment.words else None,
                    )
                )
    return tokens


def _interpolated(segment: Segment) -> tuple[Word, ...]:
    """Words timed by sharing the segment's time out over its characters."""
    pieces = split_words(segment.text)
    total = sum(map(len, pieces)) or 1
    words, done = [], 0
    for piece in pieces:
        words.append(Word(_share(segment.span, done, done + len(piece), total), piece))
        done += len(piece)
    return tuple(words)


def _parts(word: Word) -> Iterator[tuple[str, Span]]:
    """The word, cut into characters where the script has no spaces to tell words by."""
    if len(word.text) < 2 or not is_unspaced(word.text.strip()[:1]):
        yield word.text, word.span
        return
    for n, character in enumerate(word.text):
        yield character, _share(word.span, n, n + 1, len(word.text))


def _share(span: Span, first: int, last: int, total: int) -> Span:
    start_s = span.start_s + span.duration_s * first / total
    return Span(start_s, max(start_s, span.start_s + span.duration_s * last / total))


def _sureness(word: Word, segment: Segment) -> float:
    """0 to 1: the word's own probability, else the mean one of its segment, else one half."""
    if word.probability is not None:
        return word.probability
    return 0.5 if segment.avg_logprob is None else exp(min(0.0, segment.avg_logprob))


def _join(
    left: list[_Token], right: list[_Token], a: ChunkTranscript, b: ChunkTranscript
) -> tuple[list[_Token], list[_Token]]:
    """The tokens before the overlap, and those in it and after it, the overlap decided."""
    seam_s = b.window.core.start_s
    tolerance_s = max(_tolerance_s(a), _tolerance_s(b))
    from_s = b.window.span.start_s - tolerance_s
    to_s = a.window.span.end_s + tolerance_s
    cut = next((n for n, t in enumerate(left) if t.heard.span.end_s >= from_s), len(left))
    body, ours = left[:cut], left[cut:]
    cut = next((n for n, t in enumerate(right) if t.heard.span.start_s > to_s), len(right))
    theirs, rest = right[:cut], right[cut:]
    pairs = align([t.heard for t in ours], [t.heard for t in theirs], tolerance_s)
    if not pairs:
        return body, _before(ours, seam_s, theirs) + _after(theirs, seam_s, ours) + rest
    return body, [*_merge(ours, theirs, pairs, seam_s), *rest]


def _tolerance_s(result: ChunkTranscript) -> float:
    """Interpolated times of a long segment drift by a share of its length."""
    if all(segment.words for segment in result.segments):
        return TIMED_TOLERANCE_S
    longest_s = max(segment.span.duration_s for segment in result.segments)
    return max(INTERPOLATED_TOLERANCE_S, longest_s / 10)


def _before(tokens: list[_Token], seam_s: float, others: list[_Token]) -> list[_Token]:
    return [t for t in tokens if not others or t.heard.span.middle_s < seam_s]


def _after(tokens: list[_Token], seam_s: float, others: list[_Token]) -> list[_Token]:
    return [t for t in tokens if not others or t.heard.span.middle_s >= seam_s]


def _merge(
    left: list[_Token], right: list[_Token], pairs: list[tuple[int, int]], seam_s: float
) -> Iterator[_Token]:
    """The overlap, agreed word by agreed word, with the better side between them."""
    edges = [(-1, -1), *pairs, (len(left), len(right))]
    for n, ((i, j), (next_i, next_j)) in enumerate(pairwise(edges)):
        if n:
            yield left[i] if left[i].heard.span.middle_s < seam_s else right[j]
        ours, theirs = left[i + 1 : next_i], right[j + 1 : next_j]
        if n == 0 or n == len(pairs):
            yield from ours if n == 0 else theirs
        else:
            yield from _better(ours, theirs, seam_s)


def _better(ours: list[_Token], theirs: list[_Token], seam_s: float) -> list[_Token]:
    if not ours or not theirs:
        alone = ours or theirs
        return alone if alone and _mean_sureness(alone) >= HEARD_ALONE_PROBABILITY else []
    if max(t.heard.span.end_s for t in (ours[-1], theirs[-1])) < seam_s:
        return ours
    if min(t.heard.span.start_s for t in (ours[0], theirs[0])) > seam_s:
        return theirs
    return ours if _mean_sureness(ours) >= _mean_sureness(theirs) else theirs


def _mean_sureness(tokens: Sequence[_Token]) -> float:
    return sum(token.sureness for token in tokens) / len(tokens)


def _rebuild(tokens: Sequence[_Token], duration_s: float) -> Iterator[Segment]:
    """Segments from the tokens that were kept, with rising times inside the file."""
    now_s = 0.0
    for _, group in groupby(tokens, key=lambda token: token.place[:2]):
        run = list(group)
        whole = run[0].segment
        words = tuple(_rejoin(run))
        text = "".join(word.text for word in words)
        if text == whole.text and not whole.words:
            words, spans = (), [whole.span]
        else:
            spans = [word.span for word in words]
        placed = list(_rising(spans, now_s, duration_s))
        now_s = placed[-1].end_s
        timed = bool(whole.words)
        yield replace(
            whole,
            span=Span(placed[0].start_s, now_s),
            text=text,
            words=tuple(map(_at, words, placed)) if timed else (),
        )


def _rejoin(tokens: Iterable[_Token]) -> Iterator[Word]:
    """Words from tokens; the characters of one word that follow each other are one word again."""
    for _, group in groupby(tokens, key=lambda token: token.place):
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


def _vote(heard: Iterable[ChunkTranscript]) -> str | None:
    votes: Counter[str] = Counter()
    for result in heard:
        if result.language and result.segments:
            votes[result.language] += round(result.window.core.duration_s * 1000)
    return max(sorted(votes), key=votes.__getitem__, default=None)


def _surviving_flags(heard: Iterable[ChunkTranscript]) -> Iterator[Flag]:
    """The flags in order, each cut to its chunk's core: past the seam another chunk speaks."""
    for result in heard:
        core = result.window.core
        for flag in sorted(result.flags, key=lambda flag: (flag.span.start_s, flag.kind)):
            start_s = max(flag.span.start_s, core.start_s)
            end_s = min(flag.span.end_s, core.end_s)
            if start_s <= end_s:
                yield replace(flag, span=Span(start_s, end_s))


def _gaps(ordered: Sequence[ChunkTranscript | ChunkFailure]) -> Iterator[Failure]:
    """Of each failed chunk the stretch that no neighbour heard."""
    for n, result in enumerate(ordered):
        if not isinstance(result, ChunkFailure):
            continue
        start_s, end_s = result.window.span.start_s, result.window.span.end_s
        for neighbour in ordered[max(0, n - 1) : n]:
            start_s = max(start_s, _edge(neighbour).end_s)
        for neighbour in ordered[n + 1 : n + 2]:
            end_s = min(end_s, _edge(neighbour).start_s)
        yield Failure(Span(start_s, max(start_s, end_s)), result.reason)


def _edge(neighbour: ChunkTranscript | ChunkFailure) -> Span:
    """What a neighbour covers: all that it heard, or, if it failed too, its own core."""
    if isinstance(neighbour, ChunkTranscript):
        return neighbour.window.span
    return neighbour.window.core
