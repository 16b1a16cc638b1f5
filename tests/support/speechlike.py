"""Recordings whose every word is known, and the ear that hears them.

A word lasts half a second: 0.3 s of three tones at once, 0.1 s of silence on both sides. Each tone
is one of 24 and stands for a syllable, so the sound alone says which word it is, wherever a chunk
begins. A word that was cut short is heard while enough of it is left.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

WORD_S = 0.5
TONE_S = 0.3
SENTENCE_WORDS = 10

_SYLLABLES = [consonant + vowel for consonant in "bdfklmnr" for vowel in "aio"]
_TONES_HZ = np.array([[low + 25 * k for k in range(24)] for low in (300, 1000, 1800)])
_STEP_S = 0.005
_LEAST_S = 0.12  # shorter pieces of a tone cannot be told apart
_QUIET = 0.02


@dataclass(frozen=True, slots=True)
class Heard:
    """A word with its times in seconds from the start of the samples."""

    text: str
    start_s: float
    end_s: float


def word(index: int) -> str:
    """The word at a place in the recording; every tenth ends a sentence, the next begins one."""
    syllables = "".join(_SYLLABLES[digit] for digit in _digits(index))
    syllables = syllables.capitalize() if index % SENTENCE_WORDS == 0 else syllables
    return f"{syllables}." if index % SENTENCE_WORDS == SENTENCE_WORDS - 1 else syllables


def text(indices: Sequence[int]) -> str:
    """The words at these places, as a transcript has them."""
    return " ".join(word(index) for index in indices)


def make_recording(n_words: int, rate_hz: int = 16_000, first: int = 0) -> NDArray[np.float32]:
    """Samples of shape (n_words * rate_hz / 2,) that speak the words from number `first` on."""
    return np.concatenate([_spoken(index, rate_hz) for index in range(first, first + n_words)])


def speak(text: str, rate_hz: int) -> NDArray[np.float32]:
    """Samples that speak a text; words of `word` are heard again, others as some word of it."""
    return np.concatenate([_spoken(index_of(each), rate_hz) for each in text.split()])


def index_of(spoken: str) -> int:
    """The place of a word in the recording; of a foreign word, always the same one."""
    letters = "".join(filter(str.isalnum, spoken.lower()))
    syllables = [letters[at : at + 2] for at in range(0, len(letters), 2)]
    if len(syllables) != 3 or not set(_SYLLABLES).issuperset(syllables):
        return zlib.crc32(letters.encode()) % 24**3
    first, second, third = map(_SYLLABLES.index, syllables)
    return first + 24 * second + 576 * third


def hear(samples: NDArray[np.float32], rate_hz: int) -> list[Heard]:
    """The words in mono samples, in order."""
    step = round(_STEP_S * rate_hz)
    frames = samples[: len(samples) // step * step].reshape(-1, step)
    loud = np.sqrt((frames.astype(np.float64) ** 2).mean(axis=1)) > _QUIET
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud, [False]]).astype(int)))
    return [
        Heard(word(_index(samples[start * step : end * step], rate_hz)), *_times(start, end))
        for start, end in zip(edges[::2], edges[1::2], strict=True)
        if (end - start) * _STEP_S >= _LEAST_S
    ]


def _digits(index: int) -> list[int]:
    return [index % 24, index // 24 % 24, index // 576 % 24]


def _spoken(index: int, rate_hz: int) -> NDArray[np.float32]:
    samples = np.zeros(round(WORD_S * rate_hz), np.float32)
    t = np.arange(round(TONE_S * rate_hz)) / rate_hz
    tones = np.sin(2 * np.pi * _TONES_HZ[range(3), _digits(index)][:, None] * t)
    start = round((WORD_S - TONE_S) / 2 * rate_hz)
    samples[start : start + len(t)] = 0.2 * tones.sum(axis=0)
    return samples


def _index(samples: NDArray[np.float32], rate_hz: int) -> int:
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), rate_hz))  # bins of 1 Hz
    first, second, third = spectrum[_TONES_HZ].argmax(axis=1)
    return int(first + 24 * second + 576 * third)


def _times(start: int, end: int) -> tuple[float, float]:
    return round(float(start * _STEP_S), 3), round(float(end * _STEP_S), 3)
