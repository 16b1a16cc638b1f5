"""The ways in which a passage is asked about again, the likeliest to help first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.excerpt import excerpt, sample_at
from audiopipe.stages.repair.passages import Passage
from audiopipe.values.audio import Chunk, Span
from audiopipe.values.requests import Request

_TRIMMED_SHARE = 0.8
"""Where more than this of a passage may be speech, there is no silence worth trimming."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """Audio and a question, and in a few words what is new in them."""

    how: str
    chunk: Chunk
    request: Request


def attempts(
    chunk: Chunk,
    samples: NDArray[np.int16],
    passage: Passage,
    request: Request,
    others: Sequence[Request],
    denoise: bool,
) -> Iterator[Attempt]:
    """All there is to try; none where nobody can be heard.

    Args:
        chunk: where the passage lies.
        samples: the chunk's.
        passage: what is asked about.
        request: what was asked of the chunk.
        others: what else the backend may be asked, the likeliest to help first.
        denoise: whether steady noise is taken away for one attempt.
    """
    if not passage.speech:
        return
    if "prompt-echo" in passage.kinds:
        request, *others = (replace(each, prompt=None) for each in (request, *others))
    whole = _excerpt(chunk, samples, [passage.span])
    yield Attempt("cut elsewhere", whole, request)
    spoken_s = sum(part.duration_s for part in passage.speech)
    if spoken_s < _TRIMMED_SHARE * passage.span.duration_s:
        whole = _excerpt(chunk, samples, passage.speech)
        yield Attempt("silence trimmed", whole, request)
    for other in others:
        yield Attempt(_difference(other, request), whole, other)
    if denoise:
        # imported late: most runs do without ffmpeg's libraries
        from audiopipe.audio.filters import denoised

        clean = denoised(samples)
        yield Attempt("noise reduced", _excerpt(chunk, clean, passage.speech), request)


def _excerpt(chunk: Chunk, samples: NDArray[np.int16], parts: Sequence[Span]) -> Chunk:
    stretches = chunk.window.stretches
    places = [(sample_at(stretches, p.start_s), sample_at(stretches, p.end_s)) for p in parts]
    return excerpt(chunk, samples, places, Span(parts[0].start_s, parts[-1].end_s))


def _difference(other: Request, request: Request) -> str:
    if other.model != request.model:
        return f"model {other.model}"
    return f"temperature {other.temperature:g}"
