"""One passage, asked about by itself."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.reading import open_source
from audiopipe.errors import EmptyAudio
from audiopipe.session import Session
from audiopipe.stages.prepare import prepare
from audiopipe.values.audio import RATE_HZ, Span

_AROUND_S = 0.5
"""Sound before and behind the passage, so that no word is cut."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What was heard, and how it was asked."""

    text: str
    how: str


def again(session: Session, recording: Path, span: Span, language: str | None) -> Answer:
    """What a passage is heard as without what is around it.

    Raises:
        InputError: the recording cannot be read, or ends before.
        BackendError: nothing could be recognised.
    """
    samples = _cut(recording, Span(max(0.0, span.start_s - _AROUND_S), span.end_s + _AROUND_S))
    own = session.derive(repair=False, drop=(), language=language or session.settings.language)
    (outcome,) = own.transcribe_many([(samples, RATE_HZ)])
    transcript = outcome.result()
    return Answer(transcript.text, f"alone, by {transcript.model}")


def _cut(recording: Path, span: Span) -> NDArray[np.int16]:
    """The samples of a stretch, 16 kHz; what comes before is decoded and let go."""
    first, last = round(span.start_s * RATE_HZ), round(span.end_s * RATE_HZ)
    taken: list[NDArray[np.int16]] = []
    at = 0
    with open_source(recording) as opened, closing(prepare(opened)) as blocks:
        for block in blocks:
            if at + len(block) > first:
                taken.append(block[max(0, first - at) : last - at])
            at += len(block)
            if at >= last:
                break
    samples = np.concatenate(taken) if taken else np.zeros(0, np.int16)
    if not len(samples):
        raise EmptyAudio("the recording ends before this passage")
    return samples
