from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from faster_whisper.vad import get_vad_model
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.fixtures import RECORDINGS

from audiopipe.audio.reading import decode_pcm, open_source
from audiopipe.audio.silence import quietest
from audiopipe.audio.silero import CONTEXT_SAMPLES, STEP_SAMPLES, probabilities
from audiopipe.audio.vad import Detector, Voice, by_level, by_network, calmest, find_voice, in_file
from audiopipe.stages.chunk import Cutting, chunk
from audiopipe.stages.prepare import prepare
from audiopipe.values.audio import RATE_HZ, Span, Window

Samples = NDArray[np.float32]
both = pytest.mark.parametrize("detect", [by_network, by_level])


@cache
def speech(name: str = "two_cities.flac") -> Samples:
    with open_source(RECORDINGS / name) as recording:
        (whole,) = chunk(prepare(recording), Cutting(600, 10, 10**9, "pcm"))
    return decode_pcm(whole.data, whole.format)


def window(*spans: tuple[float, float]) -> Window:
    stretches = tuple(Span(*span) for span in spans)
    return Window(0, stretches, Span(stretches[0].start_s, stretches[-1].end_s))


def voice(samples: Samples, detect: Detector, start_s: float = 0.0) -> Voice:
    where = window((start_s, start_s + len(samples) / RATE_HZ))
    return in_file(find_voice(samples, detect), where)


def total_s(spans: Sequence[Span]) -> float:
    return sum(span.duration_s for span in spans)


def noise(seconds: float, level: float = 0.1) -> Samples:
    made = np.random.default_rng(0).normal(0, level, round(seconds * RATE_HZ))
    return made.astype(np.float32)


def silence(seconds: float) -> Samples:
    return np.zeros(round(seconds * RATE_HZ), np.float32)


def chord(seconds: float) -> Samples:
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    tones = [np.sin(2 * np.pi * pitch_hz * time_s) for pitch_hz in (220, 277, 330)]
    return np.asarray(0.1 * sum(tones), np.float32)


@both
@pytest.mark.parametrize("name", ["two_cities.flac", "reading.mp3", "lesung.opus"])
def test_in_a_reading_there_is_voice_most_of_the_time(name: str, detect: Detector) -> None:
    found = voice(speech(name), detect)
    assert total_s(found.possible) > 0.75 * len(speech(name)) / RATE_HZ
    assert total_s(found.certain) > 0.65 * len(speech(name)) / RATE_HZ


@both
@pytest.mark.parametrize("sound", [silence, noise, chord])
def test_in_silence_noise_and_held_notes_there_is_surely_none(
    sound: type[Samples], detect: Detector
) -> None:
    assert voice(sound(20), detect).certain == ()


@pytest.mark.parametrize("sound", [silence, noise, chord])
def test_the_network_hears_no_possible_voice_in_them_either(sound: type[Samples]) -> None:
    assert voice(sound(20), by_network).possible == ()


@both
def test_a_voice_between_silences_is_placed_where_it_is(detect: Detector) -> None:
    said = speech("jfk.flac")[: 4 * RATE_HZ]
    samples = np.concatenate([silence(30), said, silence(30)])
    found = voice(samples, detect, start_s=100)
    assert total_s(found.possible) > 2
    assert all(span.start_s > 129.8 and span.end_s < 134.2 for span in found.possible)


def test_nothing_is_lost_where_the_network_hears_block_by_block() -> None:
    samples = np.tile(speech("jfk.flac"), 8)
    blocks = voice(samples, by_network)
    for start_s in np.arange(8) * len(speech("jfk.flac")) / RATE_HZ:
        one = Span(start_s, start_s + len(speech("jfk.flac")) / RATE_HZ)
        heard_s = sum(span.overlap_s(one) for span in blocks.possible)
        alone = voice(speech("jfk.flac"), by_network)
        assert heard_s == pytest.approx(total_s(alone.possible), abs=0.5)


def test_the_rearranged_network_hears_what_the_original_does() -> None:
    steps = len(speech()) // 512
    original = np.asarray(get_vad_model()(speech()[: 512 * steps].copy())).reshape(-1)
    possible, certain, _ = by_network(speech())
    for mask, least in ((possible, 0.35), (certain, 0.65)):
        assert np.mean(mask[:steps] == (original >= least)) > 0.99


def test_series_beside_each_other_are_heard_as_each_by_itself() -> None:
    length = 20 * STEP_SAMPLES + CONTEXT_SAMPLES
    series = np.stack([speech()[at : at + length] for at in range(0, 5 * length, length)])
    alone = np.concatenate([probabilities(each[np.newaxis]) for each in series])
    assert alone.shape == (5, 20)
    assert np.ptp(alone) > 0.5
    assert np.allclose(probabilities(series), alone, atol=1e-4)


@both
def test_a_voice_after_silence_that_was_left_out_is_in_file_time(detect: Detector) -> None:
    said = speech("jfk.flac")[: 4 * RATE_HZ]
    samples = np.concatenate([said, silence(1), said])
    found = in_file(find_voice(samples, detect), window((0, 4.5), (60, 64.5)))
    assert any(span.end_s <= 4.5 for span in found.possible)
    assert any(60.3 < span.start_s < 62 for span in found.possible)
    assert not any(4.5 < span.start_s < 60 for span in found.possible)


@both
def test_no_samples_hold_no_voice(detect: Detector) -> None:
    assert voice(silence(0), detect) == Voice((), ())


def test_a_faint_recording_is_not_taken_for_silence() -> None:
    faint = voice(speech() * np.float32(0.02), by_level)
    loud = voice(speech(), by_level)
    assert total_s(faint.possible) > 0.95 * total_s(loud.certain)
    assert total_s(faint.certain) > 0.8 * total_s(loud.certain)


sounds = st.lists(
    st.tuples(st.sampled_from(["speech", "noise", "silence", "chord"]), st.floats(0, 3)), max_size=6
)


@both
@given(sounds=sounds, cut_s=st.floats(0, 5), left_out_s=st.floats(0, 100))
def test_spans_rise_lie_in_the_chunk_and_what_is_certain_is_possible(
    detect: Detector, sounds: list[tuple[str, float]], cut_s: float, left_out_s: float
) -> None:
    makers = {"noise": noise, "silence": silence, "chord": chord}
    parts = [
        speech()[: round(seconds * RATE_HZ)] if name == "speech" else makers[name](seconds)
        for name, seconds in sounds
    ]
    samples = np.concatenate([silence(0), *parts])
    end_s = len(samples) / RATE_HZ
    cut_s = min(cut_s, end_s)
    where = window((0, cut_s), (cut_s + left_out_s, end_s + left_out_s))
    found = in_file(find_voice(samples, detect), where)
    for spans in (found.possible, found.certain):
        assert all(a.end_s <= b.start_s for a, b in pairwise(spans))
        inside_s = sum(span.overlap_s(stretch) for span in spans for stretch in where.stretches)
        assert inside_s == pytest.approx(total_s(spans), abs=1e-6)
    for span in found.certain:
        assert sum(map(span.overlap_s, found.possible)) == pytest.approx(span.duration_s, abs=0.4)


def test_a_cut_falls_where_nobody_speaks_though_it_is_loud_there() -> None:
    heard = speech("reading.mp3")
    spans = sorted(voice(heard, by_network).certain, key=lambda span: -span.duration_s)[:2]
    before, after = (
        heard[round(span.start_s * RATE_HZ) : round(span.end_s * RATE_HZ)][: 2 * RATE_HZ]
        for span in spans
    )
    loud = noise(0.8, level=2 * float(np.sqrt(np.mean(before**2))))
    samples = np.clip(np.concatenate([before, loud, after]) * 32767, -32767, 32767)
    at = calmest(samples.astype(np.int16), by_network)
    assert len(before) < at < len(before) + len(loud)


def test_without_a_voice_a_cut_falls_where_it_is_quietest() -> None:
    samples = (noise(4) * 32767).astype(np.int16)
    samples[30_000:35_000] //= 100
    assert calmest(samples, by_network) == quietest(samples)
