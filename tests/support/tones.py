"""Words that can be read back: each is a number in tones, so that its place can be told exactly."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

WORD_S = 0.5
"""From the start of a word to that of the next; its last fifth is silent."""

_MARK_HZ, _DIGITS_HZ = 400.0, 700.0 + 300.0 * np.arange(8)
_TONE_S = 0.08
_HEARD_HZ = 16_000


def spoken(words: Iterable[int], rate_hz: int) -> NDArray[np.float32]:
    """Words of 0 to 63 one after another, shape (n, 1)."""
    said = np.concatenate([_word(word, rate_hz) for word in words])
    hiss = np.random.default_rng(1).standard_normal(len(said)) * 1e-4
    return (said + hiss).astype(np.float32)[:, np.newaxis]


def heard(samples: NDArray[np.int16]) -> list[tuple[int, float]]:
    """The words that are whole, and when each starts, to a tenth of a millisecond; at 16 kHz."""
    sound = samples.astype(np.float32) / np.float32(32768)
    words, at = [], 0
    marks = _marks(sound)
    while at < len(marks):
        if not marks[at]:
            at += 1
            continue
        start = at * _HOP
        word = _digits(sound, start)
        if word is not None:
            found = _placed(sound, word, start)
            if found is not None:
                words.append((word, found / _HEARD_HZ))
                at = round((found + 0.7 * WORD_S * _HEARD_HZ) / _HOP)
        at += 1
    return words


_HOP = 80
_TURNS = np.exp(-2j * np.pi * np.outer(_DIGITS_HZ, np.arange(_TONE_S * _HEARD_HZ // 2)) / _HEARD_HZ)
"""What each digit is told by, over half of its tone."""


def _word(word: int, rate_hz: int) -> NDArray[np.float64]:
    digits = (word >> 3, word & 7, (word * 5 + 3 + (word >> 3)) & 7)
    tones = [_tone(hz, rate_hz) for hz in (_MARK_HZ, *_DIGITS_HZ[list(digits)])]
    length = round(WORD_S * rate_hz)
    return np.concatenate([*tones, np.zeros(length)])[:length]


def _tone(hz: float, rate_hz: int) -> NDArray[np.float64]:
    time_s = np.arange(round(_TONE_S * rate_hz)) / rate_hz
    ramp = np.minimum(1, np.minimum(time_s, _TONE_S - time_s) / 0.004).clip(0)
    tone: NDArray[np.float64] = 0.3 * ramp * np.sin(2 * np.pi * hz * time_s)
    return tone


def _marks(sound: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Whether 40 ms from each place on are the tone that begins a word."""
    width = 8 * _HOP
    period = round(_HEARD_HZ / _MARK_HZ)
    turn = np.exp(-2j * np.pi * np.arange(period) / period)
    turns = sound * np.resize(turn, len(sound))
    sums = np.concatenate(([0], np.cumsum(turns)))
    powers = np.concatenate(([0.0], np.cumsum(sound.astype(np.float64) ** 2)))
    at = np.arange(0, max(0, len(sound) - width), _HOP)
    tone = np.abs(sums[at + width] - sums[at]) / width * 2
    loud = np.sqrt(np.maximum(powers[at + width] - powers[at], 0) / width * 2)
    marks: NDArray[np.bool_] = (tone > 0.02) & (tone > 0.8 * loud)
    return marks


def _digits(sound: NDArray[np.float32], start: int) -> int | None:
    length = 2 * _TURNS.shape[1]
    digits = []
    for number in (1, 2, 3):
        piece = sound[start + number * length + length // 4 :][: length // 2]
        if len(piece) < length // 2:
            return None
        digits.append(int(np.argmax(np.abs(_TURNS @ piece))))
    word = digits[0] << 3 | digits[1]
    return word if digits[2] == (word * 5 + 3 + digits[0]) & 7 else None


def _placed(sound: NDArray[np.float32], word: int, start: int) -> int | None:
    """Where exactly the word begins, by its likeness to what was spoken."""
    shape = _word(word, _HEARD_HZ)[: round(2 * _TONE_S * _HEARD_HZ)].astype(np.float32)
    first = max(0, start - 250)
    piece = sound[first : start + 250 + len(shape)]
    if len(piece) < len(shape):
        return None
    likeness = np.correlate(piece, shape, "valid")
    best = int(np.argmax(likeness))
    energy = float((piece[best : best + len(shape)] ** 2).sum() * (shape**2).sum())
    return first + best if likeness[best] > 0.95 * np.sqrt(energy) else None
