from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from audiopipe.audio.mixing import Mixer

RATE_HZ = 16_000
Samples = NDArray[np.float32]


def noise(seed: int, seconds: float = 4.0, level: float = 0.1) -> Samples:
    random = np.random.default_rng(seed)
    return (random.standard_normal(round(seconds * RATE_HZ)) * level).astype(np.float32)


def mixed(channels: Sequence[Samples], block: int = 10_000) -> tuple[Samples, list[str]]:
    notes: list[str] = []
    mixer = Mixer(len(channels), RATE_HZ, notes)
    table = np.stack(channels, axis=1)
    blocks = [mixer.push(table[at : at + block]) for at in range(0, len(table), block)]
    return np.concatenate([*blocks, mixer.finish()]), notes


def power(samples: Samples) -> float:
    return float((samples.astype(np.float64) ** 2).mean())


@pytest.mark.parametrize("count", [2, 3, 6, 8])
def test_channels_of_their_own_and_equal_ones_are_averaged(count: int) -> None:
    for channels in ([noise(seed) for seed in range(count)], [noise(1)] * count):
        result, notes = mixed(channels)
        assert np.allclose(result, np.mean(channels, axis=0), atol=1e-6)
        assert notes == []


@pytest.mark.parametrize(
    ("shares", "least"),
    [((1, -1), 1), ((1, -0.9), 1), ((0.5, -0.55), 0.2), ((1, -1, 0), 1), ((1, 1, -2), 1),
     ((1, -1, 1, -1), 1), ((0.4, -1, 0.6), 0.3)],
)  # fmt: skip
def test_where_channels_cancel_one_is_taken(shares: tuple[float, ...], least: float) -> None:
    said = noise(1)
    channels = [
        np.float32(share) * said + noise(9 + n, level=1e-5) for n, share in enumerate(shares)
    ]
    result, notes = mixed(channels)
    assert len(result) == len(said)
    assert power(result) >= least * power(said) * 0.9
    assert any("cancel" in note for note in notes)


def test_a_word_that_cancels_amid_speech_is_heard() -> None:
    left = noise(1)
    right = left.copy()
    word = slice(20_000, 26_000)
    right[word] = -left[word]
    result, notes = mixed([left, right])
    assert power(result[22_000:25_000]) == pytest.approx(power(left[22_000:25_000]), rel=0.01)
    assert np.allclose(result[30_000:], left[30_000:], atol=1e-6)
    assert any("cancel" in note for note in notes)


@pytest.mark.parametrize("count", [2, 3, 6, 16])
@pytest.mark.parametrize(
    "off", [np.zeros(64_000, np.float32), noise(7, level=1e-5), np.full(64_000, 0.02, np.float32)]
)
def test_a_channel_that_is_off_takes_nothing_away(count: int, off: Samples) -> None:
    said = noise(1)
    for place in {0, count - 1}:
        channels = [off] * count
        channels[place] = said
        result, notes = mixed(channels)
        assert np.allclose(result[2_000:], said[2_000:], atol=1e-6)
        (note,) = notes
        assert "silent" in note
        assert str(place + 1) not in note.split("silent")[0].replace(",", "").split()


def test_who_speaks_late_in_a_channel_of_their_own_is_heard_from_the_first_word() -> None:
    left, right = noise(1), noise(2)
    left[40_000:] = 0
    right[:40_000] = 0
    result, notes = mixed([left, right])
    assert power(result[41_600:48_000]) >= power(right[41_600:48_000]) / 5
    assert notes == []


def test_silence_stays_silence_and_says_nothing() -> None:
    result, notes = mixed([np.zeros(50_000, np.float32)] * 2)
    assert not result.any()
    assert len(result) == 50_000
    assert notes == []


@settings(max_examples=20, deadline=None)
@given(blocks=st.integers(100, 70_000), kinds=st.lists(st.integers(0, 4), min_size=3, max_size=3))
def test_the_length_of_blocks_changes_nothing_but_when_a_channel_counts_as_off(
    blocks: int, kinds: list[int]
) -> None:
    said = noise(1)
    makers = [said, -said, noise(2), said * np.float32(0.3), noise(3, level=0.001)]
    channels = [makers[kind] for kind in kinds]
    one, _ = mixed(channels, blocks)
    other, _ = mixed(channels, 64_000)
    assert np.allclose(one, other, atol=1e-5)


def test_of_channels_that_cancel_one_is_taken_all_along() -> None:
    voice = noise(1, 6.0)
    turns = np.where(np.arange(len(voice)) // RATE_HZ % 2, 1.3, 0.9).astype(np.float32)
    result, _ = mixed([voice * turns, -voice / turns])
    seconds = (result * voice).reshape(-1, RATE_HZ).sum(axis=1)
    assert len(set(np.sign(seconds))) == 1
