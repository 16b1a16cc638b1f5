from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from audiopipe.audio.filters import denoised

RATE_HZ = 16_000
AT_S = np.arange(10 * RATE_HZ) / RATE_HZ
TONE = 6000 * np.sin(2 * np.pi * 440 * AT_S) * (AT_S % 2 < 1)
NOISE = np.random.default_rng(0).normal(0, 200, len(AT_S))


def level(samples: NDArray[np.int16], pauses: bool) -> float:
    return float(np.std(samples[(AT_S % 2 > 1.2) == pauses].astype(float)))


def test_steady_noise_goes_down_and_what_is_not_noise_stays() -> None:
    noisy = (TONE + NOISE).astype(np.int16)
    clean = denoised(noisy)
    assert clean.dtype == np.int16 and len(clean) == len(noisy)
    assert level(clean, pauses=True) < level(noisy, pauses=True) / 2
    assert level(clean, pauses=False) > 0.9 * level(noisy, pauses=False)


def test_no_sound_moves() -> None:
    click = np.zeros(RATE_HZ, np.int16)
    click[8000] = 20_000
    assert np.argmax(np.abs(denoised(click).astype(int))) == 8000


def test_silence_and_nothing_at_all_are_given_back() -> None:
    for samples in (np.zeros(RATE_HZ, np.int16), np.zeros(1, np.int16)):
        assert np.array_equal(denoised(samples), samples)
