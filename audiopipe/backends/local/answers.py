"""What is said in windows: at higher temperatures where an answer loops or is unsure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np

from audiopipe.backends.local.spoken import Take
from audiopipe.backends.local.whisper import Said, Say, States, TimedWord, Whisper

_HOTTER = 0.2
_UNSURE, SILENT = -1.0, 0.6
"""openai-whisper's: the step to the next temperature, up to 1; the mean log probability below which
there is one; and the probability of no speech above which an unsure answer is none."""

_PLACED_S, _MOST_UNPLACED = 0.05, 0.125
"""Of a loop 24 to 78 % of the words find no place in the sound, and get less than 0.05 s, in 28
that were made of readings, prompts and theatre in four languages; of what is really said there, and
of prompts that say the same again and again, none to 5 %."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the decoder makes of a window, and its words in the time of the window."""

    said: Said
    words: tuple[TimedWord, ...]

    @property
    def is_unsure(self) -> bool:
        return self.said.avg_logprob < _UNSURE

    @property
    def is_loop(self) -> bool:
        """Whether it repeats itself, and its words have no place in the sound: what somebody says
        again and again has."""
        short = sum(word.span.duration_s < _PLACED_S for word in self.words)
        return self.said.is_repetitive and short > _MOST_UNPLACED * len(self.words)

    @property
    def is_doubtful(self) -> bool:
        unsure = self.is_unsure and self.said.no_speech_prob <= SILENT
        return self.is_loop or unsure


def answers(model: Whisper, takes: Sequence[Take], coolest: float) -> list[Answer]:
    """What is said in each window; of one that is a loop or unsure at all temperatures, the surest
    answer that is no loop.

    Args:
        model: who hears.
        takes: the windows.
        coolest: the lowest temperature, 0 to 1.
    """
    tries: list[list[Answer]] = [[] for _ in takes]
    temperature = coolest
    if not coolest:
        said = model.say(stacked(takes), [take.asked for take in takes])
        tries = [[answer] for answer in _timed(model, takes, said)]
        temperature = _HOTTER
    if not any(map(_goes_on, tries)):
        return [answers[-1] for answers in tries]
    say = model.lots()
    while temperature < 1 + _HOTTER / 2 and any(map(_goes_on, tries)):
        _draw(model, takes, tries, say, temperature)
        temperature += _HOTTER
    return [_best(answers) for answers in tries]


def stacked(takes: Sequence[Take]) -> States:
    return np.stack([take.states for take in takes])


def _draw(
    model: Whisper,
    takes: Sequence[Take],
    tries: Sequence[list[Answer]],
    say: Say,
    temperature: float,
) -> None:
    """One more answer to each window that has no good one."""
    doubtful = [n for n, answers in enumerate(tries) if _goes_on(answers)]
    again = [takes[n] for n in doubtful]
    said = say(stacked(again), [take.asked for take in again], temperature)
    for n, answer in zip(doubtful, _timed(model, again, said), strict=True):
        tries[n].append(answer)


def _timed(model: Whisper, takes: Sequence[Take], said: Sequence[Said]) -> list[Answer]:
    found: list[Answer] = []
    pairs = zip(takes, said, strict=True)
    for asked, group in groupby(pairs, key=lambda pair: pair[0].asked):
        run = [*group]
        states, each = stacked([take for take, _ in run]), [said for _, said in run]
        words = model.words(states, asked, each, [take.length_s for take, _ in run])
        found += [Answer(*pair) for pair in zip(each, map(tuple, words), strict=True)]
    return found


def _goes_on(tries: Sequence[Answer]) -> bool:
    return not tries or tries[-1].is_doubtful


def _best(tries: Sequence[Answer]) -> Answer:
    if not _goes_on(tries):
        return tries[-1]
    sound = [answer for answer in tries if not answer.is_loop]
    return max(sound or tries, key=lambda answer: answer.said.avg_logprob)
