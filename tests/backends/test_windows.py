from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from audiopipe.backends.windows import windows
from audiopipe.voice import Mask, by_level

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
    assert len(found) == 1 or all(each.duration_s >= 5 for each in found)


def test_the_longest_pause_is_cut_before_the_clock_would() -> None:
    speech = [True] * 40
    found = windows(sound(*speech, False, *speech, *[False] * 3, *speech), voiced)
    assert [each.end_s for each in found] == [20.25, 41.25, 62]


def test_speech_without_a_pause_is_cut_evenly() -> None:
    assert [each.end_s for each in windows(sound(*[True] * 120), voiced)] == [20, 40, 60]


def test_what_fits_is_one_window() -> None:
    assert len(windows(sound(*[True] * 20, False, *[True] * 20), voiced)) == 1


@pytest.mark.parametrize("missing_s", [3, 11, 40])
def test_windows_are_the_same_wherever_a_chunk_begins(missing_s: float) -> None:
    rng = np.random.default_rng(0)
    steps = [spoken for length in rng.integers(4, 30, 30) for spoken in [True] * length + [False]]
    for at in range(0, len(steps), 37):
        steps[at : at + 1] = [False] * 3
    whole = {(each.start_s, each.end_s) for each in windows(sound(*steps), voiced)}
    rest = windows(sound(*steps[round(missing_s / STEP_S) :]), voiced)
    same = [(each.start_s + missing_s, each.end_s + missing_s) in whole for each in rest]
    assert all(same[2:])


def test_a_moment_is_one_window() -> None:
    assert len(windows(np.ones(100, np.float32), by_level)) == 1
