"""Directions are alike where the voice is, and as Resemblyzer's own are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.voices import RATE_HZ, READERS, Samples, reader

from audiopipe.audio.vad import by_network, find_voice
from audiopipe.audio.voiceprint import Prints, find_prints, joined, mean_direction, no_prints
from audiopipe.values.audio import Span


def prints(samples: Samples) -> Prints:
    return find_prints(samples, find_voice(samples, by_network).possible)


@pytest.mark.parametrize("pair", [*combinations(READERS, 2)])
def test_a_voice_is_nearer_to_itself_than_to_any_other(pair: tuple[str, str]) -> None:
    halves = []
    for name in pair:
        samples = reader(name)[: 40 * RATE_HZ]
        cut = len(samples) // 2
        halves.append([prints(part) for part in (samples[:cut], samples[cut:])])
    (a, b), (c, d) = [[mean_direction(each.directions) for each in both] for both in halves]
    assert min(a @ b, c @ d) > 0.76
    assert max(a @ c, a @ d, b @ c, b @ d) < 0.72


@pytest.mark.parametrize("db", [-30, -12, 6])
def test_the_level_of_a_recording_does_not_matter(db: int) -> None:
    samples = reader("jfk")
    here = prints(samples).directions
    span = [Span(0.5, 8.0)]
    louder = find_prints(samples * np.float32(10 ** (db / 20)), span).directions
    assert (find_prints(samples, span).directions * louder).sum(axis=1).min() > 0.999
    assert here.shape[1] == 256


@settings(max_examples=40)
@given(st.lists(st.tuples(st.floats(0.0, 8.0), st.floats(0.0, 2.5)), max_size=4))
def test_windows_lie_in_the_voice_and_cover_it(pairs: list[tuple[float, float]]) -> None:
    at_s, voice = 0.0, []
    for start_s, length_s in pairs:
        voice.append(Span(at_s + start_s / 4, at_s + start_s / 4 + length_s))
        at_s = voice[-1].end_s + 0.1
    samples = np.resize(reader("jfk"), int((at_s + 1) * RATE_HZ))
    found = find_prints(samples, voice)
    assert len(found.spans) == len(found.directions)
    assert list(found.spans) == sorted(found.spans, key=lambda span: span.start_s)
    for span in voice:
        inside = [
            s
            for s in found.spans
            if s.start_s >= span.start_s - 1e-3 and s.end_s <= span.end_s + 1e-3
        ]
        assert bool(inside) == (int(span.duration_s * RATE_HZ + 0.5) // 160 >= 40)
        assert not inside or inside[-1].end_s > span.end_s - 0.03
    assert np.allclose(np.linalg.norm(found.directions, axis=1), 1.0, atol=1e-3)


@pytest.mark.parametrize("length", [0, 1, 399, 6_400])
def test_silence_is_nobody_or_a_direction(length: int) -> None:
    found = find_prints(np.zeros(length, np.float32), [Span(0.0, length / RATE_HZ)])
    assert np.isfinite(found.directions).all()
    assert joined([no_prints(), found]).spans == found.spans


def at_once(first: str, second: str, both_s: float) -> Samples:
    """Ten seconds of one, then of another, who begins before the first ends."""
    count = int(both_s * RATE_HZ)
    before, after = (
        part * np.float32(0.06 / part.std())
        for part in (reader(first)[: 10 * RATE_HZ], reader(second)[: 10 * RATE_HZ])
    )
    mixed = np.concatenate([before, after[count:]])
    mixed[len(before) - count : len(before)] += after[:count]
    return mixed


@pytest.mark.parametrize("pair", [("jfk", "narrator"), ("narrator", "kerstin")])
def test_two_at_once_are_told_where_they_are(pair: tuple[str, str]) -> None:
    crowded = prints(at_once(*pair, 4.0)).crowded
    assert crowded
    near = Span(5.7, 10.3)
    assert all(span.overlap_s(near) > 0.8 * span.duration_s for span in crowded)


@pytest.mark.parametrize("name", READERS)
def test_one_alone_is_no_crowd(name: str) -> None:
    assert prints(reader(name)[: 40 * RATE_HZ]).crowded == ()


def test_one_after_the_other_is_no_crowd() -> None:
    assert prints(at_once("jfk", "kerstin", 0.0)).crowded == ()
