"""A chunk to what is said in it: windows, their languages, and what the decoder makes of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.vad import Detector, find_voice
from audiopipe.backends.local.tongues import Tongues, passages
from audiopipe.backends.local.whisper import Asked, Said, States, TimedWord, Whisper
from audiopipe.backends.local.windows import Hearing, heard_in, parted, placed, windows
from audiopipe.values.audio import RATE_HZ

_AT_ONCE = 8
"""Windows in one call: more are no faster, and take more memory."""

_TOLD_BY_S = 6.0
"""What is heard of a window by a model that only tells its language."""

_HOTTER = 0.2
_REPETITIVE, _UNSURE, _SILENT = 2.4, -1.0, 0.6
"""openai-whisper's: the step to the next temperature, up to 1; the compression ratio above which,
and the mean log probability below which there is one; and the probability of no speech above which
an unsure answer is none."""


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
    """

    language: str
    spoken: str
    said: Said
    words: tuple[TimedWord, ...]


@dataclass(frozen=True, slots=True)
class _Take:
    """A window, what the encoder makes of it, and what is asked of it."""

    pieces: Hearing
    states: NDArray[np.float32]
    asked: Asked
    spoken: str

    @property
    def length_s(self) -> float:
        return sum(piece.duration_s for piece in self.pieces)


def hear(
    model: Whisper,
    samples: NDArray[np.float32],
    question: Question,
    detect: Detector,
    linguist: Whisper | None,
) -> Iterator[Part]:
    """The windows of a chunk in which something is said, in order.

    Args:
        model: who hears.
        samples: float32 of shape (n,) in -1..1, 16 kHz.
        question: what is asked.
        detect: tells where somebody may speak; elsewhere nothing is heard.
        linguist: a model that knows languages, `model` itself if it does; None where there is none.
    """
    told = question.languages[0] if len(question.languages) == 1 else ""
    tongues = Tongues.told(told) if told else Tongues()
    found = windows(samples, detect)
    for start in range(0, len(found), _AT_ONCE):
        batch = found[start : start + _AT_ONCE]
        if told:
            takes = _told_takes(model, samples, batch, question, tongues, linguist)
        else:
            takes = _takes(model, samples, batch, question, tongues)
        answers = _answers(model, takes, question.temperature)
        pairs = zip(takes, answers, strict=True)
        for asked, group in groupby(pairs, key=lambda pair: pair[0].asked):
            yield from _parts(model, asked, list(group), samples, detect)


def _parts(
    model: Whisper,
    asked: Asked,
    run: Sequence[tuple[_Take, Said]],
    samples: NDArray[np.float32],
    detect: Detector,
) -> Iterator[Part]:
    """Windows in one language that follow each other, with their words."""
    states = _stacked([take for take, _ in run])
    lengths_s = [take.length_s for take, _ in run]
    timed = model.words(states, asked, [said for _, said in run], lengths_s)
    for (take, said), words in zip(run, timed, strict=True):
        if words and not _is_nothing(said, heard_in(samples, take.pieces), detect):
            moved = (replace(word, span=placed(word.span, take.pieces)) for word in words)
            yield Part(asked.language, take.spoken, said, tuple(moved))


def _takes(
    model: Whisper,
    samples: NDArray[np.float32],
    batch: Sequence[Hearing],
    question: Question,
    tongues: Tongues,
) -> list[_Take]:
    """Windows with their languages; one in which the language changes becomes several."""
    encoded = model.encode([heard_in(samples, pieces) for pieces in batch])
    spoken = iter(_spoken(model, batch, encoded, question, tongues))
    takes: list[_Take] = []
    for pieces, states in zip(batch, encoded, strict=True):
        course = [(span, next(spoken)) for span in passages(pieces)]
        runs = [(code, [*group]) for code, group in groupby(course, key=lambda each: each[1])]
        parts, parts_states = [pieces], states[np.newaxis]
        if len(runs) > 1:
            parts = parted(pieces, [group[-1][0].end_s for _, group in runs[:-1]])
            parts_states = model.encode([heard_in(samples, part) for part in parts])
        for (code, _), part, its_states in zip(runs, parts, parts_states, strict=True):
            asked = Asked(code, question.task, question.prompt)
            takes.append(_Take(part, its_states, asked, code))
    return takes


def _told_takes(
    model: Whisper,
    samples: NDArray[np.float32],
    batch: Sequence[Hearing],
    question: Question,
    tongues: Tongues,
    linguist: Whisper | None,
) -> list[_Take]:
    """Windows in the language that was told, and by the first seconds of each what it is in."""
    (told,) = question.languages
    heard = [heard_in(samples, pieces) for pieces in batch]
    encoded = model.encode(heard)
    spoken = [told] * len(batch)
    if linguist:
        spans = [passages(pieces)[0] for pieces in batch]
        if linguist is model:
            states = encoded
        else:
            parts = [each[: round(_TOLD_BY_S * RATE_HZ)] for each in heard]
            states = linguist.encode(parts, _TOLD_BY_S)
        guesses = [linguist.languages(*pair, ()) for pair in zip(states, spans, strict=True)]
        spoken = tongues.course(guesses, [span.duration_s for span in spans])
    asked = Asked(told, question.task, question.prompt)
    triples = zip(batch, encoded, spoken, strict=True)
    return [_Take(pieces, states, asked, code) for pieces, states, code in triples]


def _spoken(
    model: Whisper,
    batch: Sequence[Hearing],
    encoded: States,
    question: Question,
    tongues: Tongues,
) -> list[str]:
    """The language of each passage of each window."""
    spans = [(span, n) for n, pieces in enumerate(batch) for span in passages(pieces)]
    guesses = [model.languages(encoded[n], span, question.languages) for span, n in spans]
    return tongues.course(guesses, [span.duration_s for span, _ in spans])


def _answers(model: Whisper, takes: Sequence[_Take], coolest: float) -> list[Said]:
    """What is said in each window; of one that repeats itself or is unsure at all temperatures, the
    surest answer that does not repeat itself."""
    tries: list[list[Said]] = [[] for _ in takes]
    temperature = coolest
    if not coolest:
        tries = [[said] for said in model.say(_stacked(takes), [take.asked for take in takes])]
        temperature = _HOTTER
    if not any(map(_is_doubtful, tries)):
        return [said[-1] for said in tries]
    say = model.lots()
    while temperature < 1 + _HOTTER / 2 and any(map(_is_doubtful, tries)):
        doubtful = [n for n, said in enumerate(tries) if _is_doubtful(said)]
        again = [takes[n] for n in doubtful]
        answers = say(_stacked(again), [take.asked for take in again], temperature)
        for n, said in zip(doubtful, answers, strict=True):
            tries[n].append(said)
        temperature += _HOTTER
    return [_best(said) for said in tries]


def _is_doubtful(tries: Sequence[Said]) -> bool:
    """Whether the last answer repeats itself or is unsure, or there is none."""
    if not tries:
        return True
    said = tries[-1]
    unsure = said.avg_logprob < _UNSURE and said.no_speech_prob <= _SILENT
    return said.compression_ratio > _REPETITIVE or unsure


def _best(tries: Sequence[Said]) -> Said:
    if not _is_doubtful(tries):
        return tries[-1]
    sound = [said for said in tries if said.compression_ratio <= _REPETITIVE]
    return max(sound or tries, key=lambda said: said.avg_logprob)


def _is_nothing(said: Said, samples: NDArray[np.float32], detect: Detector) -> bool:
    """Whether the model says that nobody speaks and is unsure of its words, and so is the ear."""
    silent = said.no_speech_prob > _SILENT and said.avg_logprob < _UNSURE
    return silent and not find_voice(samples, detect).certain


def _stacked(takes: Sequence[_Take]) -> States:
    return np.stack([take.states for take in takes])
