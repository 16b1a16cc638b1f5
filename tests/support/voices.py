"""Dialogues of the readers whose recordings are shipped, and an ear that knows no voices."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from audiopipe.audio.clip import decode_clip
from audiopipe.audio.vad import by_level, find_voice
from support.speechlike import Heard

RECORDINGS = Path(__file__).parents[2] / "fixtures" / "recordings"
READERS = {
    "jfk": "jfk.flac",
    "narrator": "two_cities.flac",
    "kathleen": "reading.mp3",
    "kerstin": "lesung.opus",
}
RATE_HZ = 16_000

Samples = NDArray[np.float32]


@cache
def reader(name: str) -> Samples:
    """All that a reader says, at 16 kHz."""
    audio = decode_clip((RECORDINGS / READERS[name]).read_bytes())
    samples: Samples = soxr.resample(audio.samples, audio.rate_hz, RATE_HZ)
    return samples


def dialogue(*turns: tuple[str, float, float]) -> Samples:
    """Turns one after the other, with 0.3 s between them.

    Args:
        turns: who, and from when to when of that recording, in seconds.
    """
    gap = np.zeros(int(0.3 * RATE_HZ), np.float32)
    parts = [reader(who)[int(a * RATE_HZ) : int(b * RATE_HZ)] for who, a, b in turns]
    return np.concatenate([each for part in parts for each in (part, gap)])


def begins_s(*turns: tuple[str, float, float]) -> list[float]:
    """Where each turn of a dialogue begins."""
    lengths = [b - a + 0.3 for _, a, b in turns]
    return [sum(lengths[:n]) for n in range(len(lengths))]


def hear(samples: Samples, rate_hz: int) -> list[Heard]:
    """A word every 0.4 s wherever it is loud, without any end of a sentence."""
    voice = find_voice(samples, by_level).possible
    starts = [
        span.start_s + 0.4 * n for span in voice for n in range(max(1, int(span.duration_s / 0.4)))
    ]
    return [Heard(f"word{n}", start_s, start_s + 0.38) for n, start_s in enumerate(starts)]
