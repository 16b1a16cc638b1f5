"""Words made of tones: which was spoken, and when, is read back without a recogniser.

A word is a chirp that tells its time, then four tones: its number in two hex digits, and two checks
of them. It survives what codecs for speech at 8 kHz leave, its time to a quarter of a millisecond.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
"""Rate at which words are read back."""

CHIRP_S, SYMBOL_S, SYMBOLS, REST_S = 0.04, 0.05, 4, 0.06
VOICED_S = CHIRP_S + SYMBOLS * SYMBOL_S
WORD_S = VOICED_S + REST_S
_PITCH_S, _PAUSE_S = WORD_S + 0.017, 0.4

_LOWEST_HZ, _STEP_HZ, _CHIRP_HZ = 600.0, 175.0, (500.0, 2900.0)
_LEVEL = 0.3
_ALIKE = 0.45
"""Least likeness, 0 to 1, of a stretch with the chirp."""

_FINE_S = 0.004
"""How far the chirp alone may err."""

Samples = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Spoken:
    """A word and when it begins, in seconds."""

    number: int
    start_s: float

    @property
    def end_s(self) -> float:
        """When its last tone ends."""
        return self.start_s + VOICED_S


def layout(count: int, *, first: int = 0, start_s: float = 0.02) -> list[Spoken]:
    """Words with numbers from `first` on (0 to 255), a pause after every fifth.

    No two of them are whole seconds apart: where a page or packet of that length is lost, the first
    tones of one are not joined to the last of another.
    """
    return [
        Spoken(first + place, start_s + place * _PITCH_S + place // 5 * _PAUSE_S)
        for place in range(count)
    ]


def spoken(words: Iterable[Spoken], rate_hz: int = RATE_HZ, noise: float = 0.001) -> Samples:
    """Samples of shape (n,) that end 50 ms behind the last word, each word at the next sample."""
    words = list(words)
    samples = np.zeros(round((words[-1].end_s + 0.05) * rate_hz))
    for word in words:
        voice = _voice(word.number, rate_hz).real
        at = round(word.start_s * rate_hz)
        samples[at : at + len(voice)] += _LEVEL * voice
    random = np.random.default_rng(words[0].number)
    return (samples + noise * random.standard_normal(len(samples))).astype(np.float32)


def heard(samples: NDArray[Any]) -> list[Spoken]:
    """The words in samples of shape (n,) at 16 kHz, full scale 1, by time."""
    words: list[Spoken] = []
    for at, stretch in _loud(samples):
        for start in _chirps(stretch):
            word = _word(stretch, start)
            if word is not None:
                words.append(Spoken(word[0], (at + word[1]) / RATE_HZ))
    return words


def _symbols(number: int) -> list[int]:
    high, low = number >> 4, number & 15
    return [high, low, (3 * high + 5 * low + 7) % 16, (7 * high + 11 * low + 2) % 16]


@cache
def _voice(number: int, rate_hz: int) -> NDArray[np.complex128]:
    tones = [_tone(_LOWEST_HZ + _STEP_HZ * symbol, rate_hz) for symbol in _symbols(number)]
    return np.concatenate([_chirp(rate_hz), *tones])


def _chirp(rate_hz: int) -> NDArray[np.complex128]:
    low, high = _CHIRP_HZ
    time_s = np.arange(round(CHIRP_S * rate_hz)) / rate_hz
    turns = low * time_s + (high - low) * time_s**2 / (2 * CHIRP_S)
    return np.asarray(_ramp(time_s, CHIRP_S) * np.exp(2j * np.pi * turns))


def _tone(pitch_hz: float, rate_hz: int) -> NDArray[np.complex128]:
    time_s = np.arange(round(SYMBOL_S * rate_hz)) / rate_hz
    return np.asarray(_ramp(time_s, SYMBOL_S) * np.exp(2j * np.pi * pitch_hz * time_s))


def _ramp(time_s: NDArray[np.float64], length_s: float) -> NDArray[np.float64]:
    return np.clip(np.minimum(time_s, length_s - time_s) / 0.004, 0, 1)


def _loud(samples: NDArray[Any]) -> Iterator[tuple[int, NDArray[np.float64]]]:
    """Stretches that hold sound, each with its place: hours of silence cost nothing."""
    size = RATE_HZ // 2
    loud = [
        bool(np.abs(samples[at : at + size]).max() > 0.01) for at in range(0, len(samples), size)
    ]
    place = 0
    while place < len(loud):
        end = place
        while end < len(loud) and loud[end]:
            end += 1
        if end > place:
            at = max(0, place * size - size // 4)
            yield at, samples[at : end * size + size // 4].astype(np.float64)
        place = end + 1


def _chirps(samples: NDArray[np.float64]) -> list[int]:
    """Places where something like the chirp begins: the likest of each half a word."""
    chirp = _chirp(RATE_HZ)
    count = len(samples) - len(chirp) + 1
    if count <= 0:
        return []
    size = 1 << len(samples).bit_length()
    spectrum = np.fft.fft(samples, size) * np.conj(np.fft.fft(chirp, size))
    sums = np.concatenate([[0], np.cumsum(samples**2)])
    power = np.maximum(sums[len(chirp) :] - sums[:count], 1e-4)
    alike = np.abs(np.fft.ifft(spectrum)[:count]) / np.sqrt(power * (np.abs(chirp) ** 2).sum() / 2)
    places = []
    reach = round(WORD_S / 2 * RATE_HZ)
    while alike[place := int(np.argmax(alike))] > _ALIKE:
        places.append(place)
        alike[max(0, place - reach) : place + reach] = 0
    return sorted(places)


def _word(samples: NDArray[np.float64], start: int) -> tuple[int, int] | None:
    """Number and exact place of the word whose chirp begins near a place; None if it is torn."""
    bank = _bank()
    length = bank.shape[1]
    first = start + round(CHIRP_S * RATE_HZ)
    pieces = [samples[at : at + length] for at in range(first, first + SYMBOLS * length, length)]
    if len(pieces[-1]) < length - round(0.004 * RATE_HZ):
        return None
    found = [int(np.argmax(np.abs(_product(bank[:, : len(piece)], piece)))) for piece in pieces]
    number = found[0] << 4 | found[1]
    if found != _symbols(number):
        return None
    return number, _placed(samples, number, start)


@cache
def _bank() -> NDArray[np.complex128]:
    """The tone of each symbol, a row each."""
    tones = [_tone(_LOWEST_HZ + _STEP_HZ * symbol, RATE_HZ) for symbol in range(16)]
    return np.conj(np.stack(tones))


def _product(one: NDArray[Any], other: NDArray[Any]) -> NDArray[Any]:
    """Without the threads of `@`, which wait for each other where many processes do this."""
    return np.asarray(np.einsum("ij,j...->i...", one, other))


def _placed(samples: NDArray[np.float64], number: int, near: int) -> int:
    """Where a known word begins, by all of its tones; codecs may turn each by another phase."""
    voice = np.conj(_voice(number, RATE_HZ))
    edges = np.cumsum([0, CHIRP_S, *[SYMBOL_S] * SYMBOLS]) * RATE_HZ
    reach = round(_FINE_S * RATE_HZ)
    padded = np.pad(samples, (reach, len(voice) + reach))
    tries = np.lib.stride_tricks.sliding_window_view(padded[near:], len(voice))[: 2 * reach + 1]
    parts = np.split(np.stack([voice.real, voice.imag], axis=1), edges[1:-1].round().astype(int))
    places = pairwise(np.cumsum([0, *map(len, parts)]))
    match = [_product(tries[:, a:b], part) for (a, b), part in zip(places, parts, strict=True)]
    return near - reach + int(np.argmax(np.hypot(*np.stack(match).T).sum(axis=1)))
