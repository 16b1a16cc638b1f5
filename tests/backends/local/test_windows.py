from __future__ import annotations

import random
from itertools import pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from audiopipe.audio.vad import Mask, by_level
from audiopipe.backends.local.windows import windows

STEP_S = 0.5


def voiced(samples: NDArray[np.float32]) -> tuple[Mask, Mask, float]:
    """A detector that takes every half second with sound for voice, and what is begun for whole."""
    padded = np.pad(samples, (0, -len(samples) % round(STEP_S * 16_000)))
    sounds: Mask = padded.reshape(-1, round(STEP_S * 16_000)).max(axis=1) > 0
    return sounds, sounds, STEP_S


def sound(*steps: bool) -> NDArray[np.float32]:
    return np.repeat(np.array(steps, np.float32), round(STEP_S * 16_000))


@given(st.lists(st.booleans(), min_size=1, max_size=400), st.integers(0, 7999))
def test_every_sample_is_heard_once_in_windows_that_fit(steps: list[bool], cut_off: int) -> None:
    samples = sound(*steps)[cut_off:]
    found = windows(samples, voiced)
    assert found[0].start_s == 0 and found[-1].end_s == len(samples) / 16_000
    assert all(left.end_s == right.start_s for left, right in pairwise(found))
    assert all(each.duration_s <= 24 for each in found)
    assert all(each.duration_s >= 5 for each in found[1:-1])
    assert len(found) == 1 or min(found[0].duration_s, found[-1].duration_s) >= 2


def test_the_longest_pause_is_cut_before_the_clock_would() -> None:
    speech = [True] * 40
    found = windows(sound(*speech, False, *speech, *[False] * 3, *speech), voiced)
    assert [each.end_s for each in found] == [20.25, 41.25, 62]


def test_speech_without_a_pause_is_cut_evenly() -> None:
    assert [each.end_s for each in windows(sound(*[True] * 120), voiced)] == [20, 40, 60]


def test_what_fits_is_one_window() -> None:
    assert len(windows(sound(*[True] * 20, False, *[True] * 20), voiced)) == 1


def test_what_a_chunk_hears_beyond_its_seam_is_a_window_of_its_own() -> None:
    found = windows(sound(*[True] * 5, False, *[True] * 60, False, *[True] * 5), voiced)
    assert [found[0].end_s, found[-1].start_s] == [2.75, 33.25]


@given(st.integers(0, 200), st.integers(0, 200), st.randoms(use_true_random=False))
def test_between_long_pauses_windows_are_the_same_wherever_a_chunk_begins_and_ends(
    before: int, after: int, rng: random.Random
) -> None:
    steps: list[bool] = []
    long_s = []
    for _ in range(12):
        for _ in range(rng.randrange(1, 4)):
            steps += [*[True] * rng.randrange(20, 30), False]
        length = rng.randrange(2, 6)
        long_s.append((len(steps) - 1 + (length + 1) / 2) * STEP_S)
        steps += [False] * length
    whole = {(each.start_s, each.end_s) for each in windows(sound(*steps), voiced)}
    first_s, last_s = before * STEP_S, (len(steps) - after) * STEP_S
    far_s = [at_s for at_s in long_s if first_s + 10 < at_s < last_s - 10]
    for each in windows(sound(*steps[before : len(steps) - after]), voiced):
        start_s, end_s = each.start_s + first_s, each.end_s + first_s
        between = bool(far_s) and far_s[0] <= start_s and end_s <= far_s[-1]
        assert not between or (start_s, end_s) in whole


def test_a_moment_is_one_window() -> None:
    assert len(windows(np.ones(100, np.float32), by_level)) == 1
