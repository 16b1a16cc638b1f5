"""Which language each window is in, and windows cut where it changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from math import exp

import numpy as np
from numpy.typing import NDArray

from audiopipe.backends.local.tongues import Guess, Tongues, likelihoods, passages, rival
from audiopipe.backends.local.whisper import Asked, Whisper
from audiopipe.backends.local.windows import Hearing, heard_in, parted
from audiopipe.values.audio import RATE_HZ, Span

_WHOLE = Span(0.0, 30.0)
"""A window with the silence after it: as the model learnt to tell languages."""

_TOLD_BY_S = 6.0
"""What is heard of a window by a model that only tells its language."""

_CANDIDATES, _TRIED_BELOW, _TOKENS = 4, 4.0, 15.0
"""Where the second likeliest language is less than 4 nats (55 times) behind, a window is written in
the four likeliest, and how sure the model is of the words counts as that of 15 tokens. Of 57 clips
of 3 to 10 s in 13 languages, base took 45 for what they were without it, and 52 with it."""


@dataclass(frozen=True, slots=True)
class Take:
    """A window, what the encoder makes of it, and what is asked of it.

    Attributes:
        spoken: the language that is heard.
        maybe: another that it may be just as well; empty where there is no doubt.
    """

    pieces: Hearing
    states: NDArray[np.float32]
    asked: Asked
    spoken: str
    maybe: str = ""

    @property
    def length_s(self) -> float:
        return sum(piece.duration_s for piece in self.pieces)


def told(
    model: Whisper,
    samples: NDArray[np.float32],
    batch: Sequence[Hearing],
    asked: Asked,
    tongues: Tongues,
    linguist: Whisper | None,
) -> list[Take]:
    """Windows in the language that was told, and by the first seconds of each what it is in."""
    heard = [heard_in(samples, pieces) for pieces in batch]
    encoded = model.encode(heard)
    spoken = [asked.language] * len(batch)
    if linguist:
        spans = [passages(pieces)[0] for pieces in batch]
        if linguist is model:
            states = encoded
        else:
            parts = [each[: round(_TOLD_BY_S * RATE_HZ)] for each in heard]
            states = linguist.encode(parts, _TOLD_BY_S)
        guesses = [linguist.languages(*pair, ()) for pair in zip(states, spans, strict=True)]
        spoken = tongues.course(guesses, [span.duration_s for span in spans])
    triples = zip(batch, encoded, spoken, strict=True)
    return [Take(pieces, states, asked, code) for pieces, states, code in triples]


def guessed(
    model: Whisper,
    samples: NDArray[np.float32],
    batch: Sequence[Hearing],
    asked: Asked,
    among: Collection[str],
    tongues: Tongues,
) -> list[Take]:
    """Windows with their languages; one in which the language changes becomes several.

    A window that is unclear is taken for what is clearly spoken near it; where that does not settle
    it the words do.

    Args:
        model: who hears.
        samples: of the chunk.
        batch: its windows.
        asked: of each, but for the language.
        among: what may be spoken; empty for any.
        tongues: of the windows before.
    """
    encoded = model.encode([heard_in(samples, pieces) for pieces in batch])
    spans = [passages(pieces) for pieces in batch]
    guesses = [
        _guesses(model, states, parts, among) for states, parts in zip(encoded, spans, strict=True)
    ]
    codes = _courses(replace(tongues), guesses, spans)
    clear = [_is_one(each) and _is_clear(each[0]) for each in guesses]
    settled = {
        *tongues.latest,
        *(code[0] for code, is_clear in zip(codes, clear, strict=True) if is_clear),
    }
    for n, states in enumerate(encoded):
        if _is_one(guesses[n]) and not settled.issuperset(codes[n]):
            guesses[n] = [_by_words(model, states, guesses[n][0])] * len(spans[n])
    codes = _courses(tongues, guesses, spans)
    takes: list[Take] = []
    for pieces, states, *steps in zip(batch, encoded, spans, guesses, codes, strict=True):
        runs = [[*run] for _, run in groupby(zip(*steps, strict=True), key=lambda step: step[2])]
        cut, cut_states = [pieces], states[np.newaxis]
        if len(runs) > 1:
            cut = parted(pieces, [run[-1][0].end_s for run in runs[:-1]])
            cut_states = model.encode([heard_in(samples, part) for part in cut])
        for run, part, its_states in zip(runs, cut, cut_states, strict=True):
            code = run[0][2]
            maybe = "" if code in settled else rival(code, [guess for _, guess, _ in run])
            takes.append(Take(part, its_states, asked.into(code), code, maybe))
    return takes


def _guesses(
    model: Whisper, states: NDArray[np.float32], spans: Sequence[Span], among: Collection[str]
) -> list[Guess]:
    """What each passage of a window may be in: by itself where the language changes, else by all
    that is heard in the window, unless each passage clearly is in the same."""
    guesses: list[Guess] = [model.languages(states, span, among) for span in spans]
    if len({*Tongues().course(guesses, [span.duration_s for span in spans])}) > 1:
        return guesses
    if all(map(_is_clear, guesses)) and len({*map(_likeliest, guesses)}) == 1:
        return guesses[:1] * len(spans)
    return [model.languages(states, _WHOLE, among)] * len(spans)


def _courses(
    tongues: Tongues, guesses: Sequence[list[Guess]], spans: Sequence[list[Span]]
) -> list[list[str]]:
    """The likeliest language of each passage of each window."""
    lengths_s = [span.duration_s for parts in spans for span in parts]
    course = iter(tongues.course([guess for each in guesses for guess in each], lengths_s))
    return [[next(course) for _ in parts] for parts in spans]


def _is_one(guesses: Sequence[Guess]) -> bool:
    """Whether a window is in one language, and so each passage of it is guessed as the whole."""
    return all(guess is guesses[0] for guess in guesses)


def _is_clear(guess: Guess) -> bool:
    best, *others = sorted(likelihoods(guess).values(), reverse=True)
    return not others or best - others[0] >= _TRIED_BELOW


def _likeliest(guess: Guess) -> str:
    worth = likelihoods(guess)
    return max(worth, key=worth.__getitem__)


def _by_words(model: Whisper, states: NDArray[np.float32], guess: Guess) -> Guess:
    """The likeliest languages of a window, each by how sure the model is of the words in it too; it
    is surest of loops, which say nothing."""
    worth = likelihoods(guess)
    best = sorted(worth, key=worth.__getitem__, reverse=True)[:_CANDIDATES]
    said = zip(best, model.each(states, best), strict=True)
    sure = {code: each.avg_logprob for code, each in said if not each.is_repetitive}
    if not sure:
        return guess
    surest = max(sure.values())
    shares = {code: guess[code] * exp(_TOKENS * (sure[code] - surest)) for code in sure}
    return {code: share / max(shares.values()) for code, share in shares.items()}
