"""A chunk to what is said in it: windows, their languages, and what the decoder makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.vad import Detector, find_voice
from audiopipe.backends.local.answers import SILENT, Answer, answers
from audiopipe.backends.local.spoken import guessed, told
from audiopipe.backends.local.tongues import Tongues
from audiopipe.backends.local.whisper import Asked, Said, TimedWord, Whisper
from audiopipe.backends.local.windows import Hearing, heard_in, placed

_AT_ONCE = 8
"""Windows in one call: more are no faster, and take more memory."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a chunk.

    Attributes:
        task: `transcribe` or `translate`.
        languages: what may be spoken: one is taken as told, of several the likeliest counts in each
            passage, and none means any. A model that knows English only is told so.
        prompt: see `Request`.
        temperature: the lowest; see `Request`.
    """

    task: str
    languages: tuple[str, ...]
    prompt: str | None
    temperature: float


@dataclass(frozen=True, slots=True)
class Part:
    """A window in which something is said; its words in the time of the chunk.

    Attributes:
        language: what the model was told, or heard, that is spoken.
        spoken: what is spoken: another language where the model was told wrongly.
        maybe: another language that it may be just as well; empty where there is no doubt.
    """

    language: str
    spoken: str
    maybe: str
    said: Said
    words: tuple[TimedWord, ...]


def hear(
    model: Whisper,
    samples: NDArray[np.float32],
    windows: Sequence[Hearing],
    question: Question,
    certain: Detector,
    linguist: Whisper | None,
) -> Iterator[Part]:
    """The windows of a chunk in which something is said, in order.

    Args:
        model: who hears.
        samples: float32 of shape (n,) in -1..1, 16 kHz.
        windows: what is heard of them, and elsewhere nothing is.
        question: what is asked.
        certain: tells where somebody surely speaks, against a model that says nobody.
        linguist: a model that knows languages, `model` itself if it does; None where there is none.
    """
    languages = question.languages
    language = languages[0] if len(languages) == 1 else ""
    tongues = Tongues.told(language) if language else Tongues()
    asked = Asked(language, question.task, question.prompt)
    for start in range(0, len(windows), _AT_ONCE):
        batch = windows[start : start + _AT_ONCE]
        if language:
            takes = told(model, samples, batch, asked, tongues, linguist)
        else:
            takes = guessed(model, samples, batch, asked, languages, tongues)
        for take, answer in zip(takes, answers(model, takes, question.temperature), strict=True):
            if answer.words and not _is_nothing(answer, heard_in(samples, take.pieces), certain):
                moved = (replace(w, span=placed(w.span, take.pieces)) for w in answer.words)
                yield Part(take.asked.language, take.spoken, take.maybe, answer.said, tuple(moved))


def _is_nothing(answer: Answer, samples: NDArray[np.float32], detect: Detector) -> bool:
    """Whether the model says that nobody speaks and is unsure of its words, and so is the ear."""
    silent = answer.said.no_speech_prob > SILENT and answer.is_unsure
    return silent and not find_voice(samples, detect).certain
