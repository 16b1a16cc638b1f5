"""Which language each window is in, and windows cut where it changes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
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
    lengths_s = [span.duration_s for parts in spans for span in parts]
    course = iter(tongues.course([g for each in guesses for g in each], lengths_s))
    takes: list[Take] = []
    for pieces, states, parts, each in zip(batch, encoded, spans, guesses, strict=True):
        steps = zip(parts, each, [next(course) for _ in parts], strict=True)
        runs = [(code, [*group]) for code, group in groupby(steps, key=lambda step: step[2])]
        cut, cut_states = [pieces], states[np.newaxis]
        if len(runs) > 1:
            cut = parted(pieces, [group[-1][0].end_s for _, group in runs[:-1]])
            cut_states = model.encode([heard_in(samples, part) for part in cut])
        for (code, group), part, its_states in zip(runs, cut, cut_states, strict=True):
            maybe = rival(code, [guess for _, guess, _ in group])
            takes.append(Take(part, its_states, asked.into(code), code, maybe))
    return takes


def _guesses(
    model: Whisper, states: NDArray[np.float32], spans: Sequence[Span], among: Collection[str]
) -> list[Guess]:
    """What each passage of a window may be in: by itself where the language changes, else by all
    that is heard in the window."""
    guesses = [model.languages(states, span, among) for span in spans]
    if len({*Tongues().course(guesses, [span.duration_s for span in spans])}) > 1:
        return list(guesses)
    whole = model.languages(states, _WHOLE, among)
    worth = likelihoods(whole)
    best = sorted(worth, key=worth.__getitem__, reverse=True)[:_CANDIDATES]
    if len(best) > 1 and worth[best[0]] - worth[best[1]] < _TRIED_BELOW:
        sure = model.sureness(states, best)
        most = max(sure.values())
        whole = {code: whole[code] * exp(_TOKENS * (sure[code] - most)) for code in best}
        top = max(whole.values())
        whole = {code: share / top for code, share in whole.items()}
    return [whole] * len(spans)
