"""A perfect recogniser of made speech, cut into chunks, and what becomes of it when stitched."""

from __future__ import annotations

import random
from bisect import bisect_left
from collections.abc import Sequence
from itertools import takewhile
from operator import itemgetter

from audiopipe.stages.stitch import stitch
from audiopipe.values.audio import Span, Window
from audiopipe.values.requests import Request, Usage
from audiopipe.values.transcript import (
    ChunkFailure,
    ChunkTranscript,
    Flag,
    Segment,
    Source,
    Transcript,
    Word,
)

Spoken = tuple[str, float]
"""A word as it stands in the text, and when it begins; each lasts 0.3 s."""

Result = ChunkTranscript | ChunkFailure


def windows(duration_s: float, length_s: float, overlap_s: float) -> list[Window]:
    """Chunks of even length, the seams in the middle of the overlaps."""
    starts, step_s = [0.0], length_s - overlap_s
    while starts[-1] + length_s < duration_s:
        starts.append(starts[-1] + step_s)
    edges = [0.0, *(start + overlap_s / 2 for start in starts[1:]), duration_s]
    return [
        Window(n, (Span(start, min(duration_s, start + length_s)),), Span(edges[n], edges[n + 1]))
        for n, start in enumerate(starts)
    ]


def hear(
    window: Window,
    spoken: Sequence[Spoken],
    *,
    timed: bool = True,
    phrase: int = 8,
    language: str | None = "en",
    flags: Sequence[Flag] = (),
    probability: float | None = None,
) -> ChunkTranscript:
    """Whole words inside the window, in segments of some words.

    Args:
        window: where the chunk lies.
        spoken: in order of time.
        timed: whether words have times.
        phrase: words in a segment.
        language, flags, probability: what the chunk and each word get.
    """
    first = bisect_left(spoken, window.span.start_s, key=itemgetter(1))
    inside = [
        Word(Span(at_s, at_s + 0.3), text, probability)
        for text, at_s in takewhile(lambda word: word[1] < window.span.end_s, spoken[first:])
        if at_s + 0.3 <= window.span.end_s
    ]
    segments = []
    for n in range(0, len(inside), phrase):
        words = tuple(inside[n : n + phrase])
        span = Span(words[0].span.start_s, words[-1].span.end_s)
        text = "".join(word.text for word in words)
        segments.append(Segment(span, text, words if timed else ()))
    return ChunkTranscript(window, language, tuple(segments), Usage(requests=1), tuple(flags))


def join(results: Sequence[Result], duration_s: float, **asked: str) -> Transcript:
    """The results stitched."""
    request = Request(**{"task": "transcribe", "model": "base", **asked})  # type: ignore[arg-type]
    return stitch(results, Source("a.wav", "00", duration_s), request, "local")


def prose(n: int, seed: int = 0, start_s: float = 0.0) -> list[Spoken]:
    """Words of a small vocabulary, one every 0.4 s."""
    rng = random.Random(seed)
    words = "the a cat sat on mat and dog ran to his house in rain when all was still".split()
    return [(" " + rng.choice(words), start_s + 0.4 * i) for i in range(n)]


def text_of(spoken: Sequence[Spoken]) -> str:
    """The text as spoken."""
    return "".join(text for text, _ in spoken).strip()
