from __future__ import annotations

import gc
import hashlib
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.audio import babble

from audiopipe.audio.reading import decode_pcm
from audiopipe.errors import UsageError
from audiopipe.stages.chunk import Cutting, chunk, chunk_channels
from audiopipe.values.audio import AudioFormat, Chunk, Span

MUCH = 25_000_000


def cut(samples: NDArray[np.int16], cutting: Cutting, block: int = 24_000) -> list[Chunk]:
    return list(chunk(blocks_of(samples, block), cutting))


def blocks_of(samples: NDArray[np.int16], length: int) -> Iterator[NDArray[np.int16]]:
    for at in range(0, len(samples), length):
        yield samples[at : at + length]


def heard(piece: Chunk) -> NDArray[np.int16]:
    return (decode_pcm(piece.data, piece.format) * 32768).astype(np.int16)


def place(span: Span) -> slice:
    return slice(round(span.start_s * 16_000), round(span.end_s * 16_000))


def music(seconds: float) -> NDArray[np.int16]:
    time_s = np.arange(round(seconds * 16_000)) / 16_000
    chord = sum(np.sin(2 * np.pi * pitch * time_s) for pitch in (220, 277, 330, 1108))
    return (np.clip(chord, -1, 1) * 32767).astype(np.int16)


def sounds(kind: str, seconds: float) -> NDArray[np.int16]:
    count = round(seconds * 16_000)
    if kind == "silence":
        return np.zeros(count, np.int16)
    if kind == "white noise":
        return np.random.default_rng(7).integers(-32768, 32768, count).astype(np.int16)
    return music(seconds) if kind == "clipped music" else babble(150)[:count]


@settings(max_examples=50, deadline=None)
@given(
    seconds=st.floats(0.02, 30),
    length_s=st.floats(1, 15),
    overlap=st.floats(0, 0.5),
    search_s=st.floats(0, 5),
    block=st.integers(400, 50_000),
)
def test_every_sample_is_in_a_chunk_and_chunks_keep_their_lengths(
    seconds: float, length_s: float, overlap: float, search_s: float, block: int
) -> None:
    samples = babble(30)[: round(seconds * 16_000)]
    cutting = Cutting(length_s, overlap * length_s * 0.99, MUCH, "pcm", search_s)
    pieces = cut(samples, cutting, block)

    assert [piece.window.index for piece in pieces] == list(range(len(pieces)))
    assert pieces[0].window.core.start_s == 0
    assert pieces[-1].window.core.end_s == len(samples) / 16_000
    for piece in pieces:
        (span,) = piece.window.stretches
        assert np.array_equal(heard(piece), samples[place(span)])
        assert span.duration_s <= length_s + 1e-4
        assert span.start_s <= piece.window.core.start_s <= piece.window.core.end_s <= span.end_s
    for left, right in pairwise(pieces):
        assert left.window.core.end_s == right.window.core.start_s
        shared_s = left.window.span.end_s - right.window.span.start_s
        assert shared_s == pytest.approx(cutting.overlap_s, abs=2e-4)
    assert len(pieces) == cutting.count(len(samples) / 16_000)
    if len(pieces) > 1:
        least_s = min(30, length_s / 4)
        assert min(piece.window.audio_s for piece in pieces) >= least_s - 1e-3


@settings(max_examples=20, deadline=None)
@given(seconds=st.floats(0.1, 30), block=st.integers(200, 100_000))
def test_how_the_samples_arrive_changes_nothing(seconds: float, block: int) -> None:
    samples = babble(30)[: round(seconds * 16_000)]
    cutting = Cutting(5, 0.5, MUCH)
    assert cut(samples, cutting, block) == cut(samples, cutting, len(samples))


@settings(max_examples=30, deadline=None)
@given(
    kind=st.sampled_from(["silence", "speech", "white noise", "clipped music"]),
    audio_format=st.sampled_from(["flac", "wav", "pcm", "opus"]),
    seconds=st.floats(10, 60),
    max_bytes=st.integers(100_000, 900_000),
    overlap_s=st.floats(0, 0.4),
)
def test_no_upload_is_larger_than_allowed(
    kind: str, audio_format: AudioFormat, seconds: float, max_bytes: int, overlap_s: float
) -> None:
    samples = sounds(kind, seconds)
    pieces = cut(samples, Cutting(600, overlap_s, max_bytes, audio_format))
    assert max(len(piece.data) for piece in pieces) <= max_bytes
    assert pieces[-1].window.core.end_s == len(samples) / 16_000
    for left, right in pairwise(pieces):
        assert left.window.core.end_s == right.window.core.start_s


def test_what_compresses_well_fills_its_chunks_further() -> None:
    def count(kind: str) -> int:
        return len(cut(sounds(kind, 120), Cutting(600, 1, 600_000)))

    assert count("silence") == 1
    assert 1 < count("speech") < count("white noise")


def test_a_recording_that_just_fits_goes_as_one() -> None:
    samples = babble(20)
    assert len(cut(samples, Cutting(20, 2, MUCH))) == 1
    assert len(cut(babble(20.01), Cutting(20, 2, MUCH))) == 2


def test_seams_lie_in_the_pauses() -> None:
    random = np.random.default_rng(4)
    samples = (random.standard_normal(60 * 16_000) * 3000).astype(np.int16)
    pauses = [(at_s, at_s + 0.5) for at_s in (10.6, 20.5, 30.2, 40.1, 50.0)]
    for start_s, end_s in pauses:
        samples[place(Span(start_s, end_s))] //= 200
    pieces = cut(samples, Cutting(12, 1, MUCH, search_s=2.5))
    seams = [piece.window.core.end_s for piece in pieces[:-1]]
    assert len(seams) >= 4
    for seam_s in seams:
        assert any(start_s + 0.1 < seam_s < end_s - 0.1 for start_s, end_s in pauses), seam_s


def test_the_longest_pause_is_taken_among_equally_quiet_ones() -> None:
    samples = (np.random.default_rng(4).standard_normal(150 * 16_000) * 3000).astype(np.int16)
    for start_s, end_s in ((91.0, 91.3), (93.0, 93.9), (97.6, 97.9)):
        samples[place(Span(start_s, end_s))] = 0
    first = cut(samples, Cutting(100, 0, MUCH))[0]
    assert first.window.core.end_s == pytest.approx(93.45, abs=0.02)


def test_digital_silence_is_cut_in_the_middle_of_the_window() -> None:
    first = cut(np.zeros(50 * 16_000, np.int16), Cutting(20, 2, MUCH, search_s=3))[0]
    assert first.window.core.end_s == pytest.approx(18, abs=0.02)


def test_the_hash_is_of_the_samples_whatever_the_format() -> None:
    samples = babble(5)
    formats: list[AudioFormat] = ["flac", "wav", "pcm", "opus"]
    hashes = {cut(samples, Cutting(10, 1, MUCH, kind))[0].sha256 for kind in formats}
    assert hashes == {hashlib.sha256(samples.tobytes()).hexdigest()}


def test_the_first_chunk_comes_before_the_recording_has_ended() -> None:
    taken = 0

    def endless() -> Iterator[NDArray[np.int16]]:
        nonlocal taken
        while True:
            taken += 16_000
            yield babble(1)

    next(chunk(endless(), Cutting(600, 10, MUCH)))
    assert taken <= 640 * 16_000


@pytest.mark.parametrize(
    ("length_s", "overlap_s", "max_bytes"),
    [(10, 5.1, MUCH), (10, -1, MUCH), (600, 10, 200_000), (0, 0, MUCH), (10, 0, 1_000)],
)
def test_lengths_that_cannot_go_together_name_the_flags(
    length_s: float, overlap_s: float, max_bytes: int
) -> None:
    with pytest.raises(UsageError, match=r"--overlap .* --chunk-length .* bytes"):
        cut(babble(1), Cutting(length_s, overlap_s, max_bytes))


def with_silence() -> NDArray[np.int16]:
    samples = babble(40).copy()
    samples[place(Span(5, 15))] = 3
    samples[place(Span(20, 21))] = 0
    samples[place(Span(30, 38))] = 0
    return samples


@pytest.mark.parametrize("block", [777, 24_000, 640_000])
def test_long_silence_is_left_out_and_every_time_stays_true(block: int) -> None:
    samples = with_silence()
    (piece,) = cut(samples, Cutting(60, 5, MUCH, "pcm", skip_silence_s=2), block)
    assert np.array_equal(
        heard(piece), np.concatenate([samples[place(s)] for s in piece.window.stretches])
    )
    assert len(piece.window.stretches) == 3
    assert piece.window.audio_s == pytest.approx(40 - 9.5 - 7.5, abs=0.7)
    assert piece.window.core == Span(0, 40)
    gaps = [(a.end_s, b.start_s) for a, b in pairwise(piece.window.stretches)]
    for (end_s, start_s), (quiet_s, loud_s) in zip(gaps, [(5, 15), (30, 38)], strict=True):
        assert quiet_s - 0.5 < end_s - 0.25 and start_s + 0.25 <= loud_s + 0.01


@pytest.mark.parametrize("offset", [-980, -100, 100, 330, 980])
def test_an_offset_hides_no_silence(offset: int) -> None:
    """From 0.3 to 3 %, as cheap microphones have it."""
    cutting = Cutting(60, 5, MUCH, "pcm", skip_silence_s=2)
    (right,) = cut(with_silence(), cutting)
    (piece,) = cut(np.clip(with_silence() + offset, -32768, 32767).astype(np.int16), cutting)
    for a, b in zip(piece.window.stretches, right.window.stretches, strict=True):
        assert (a.start_s, a.end_s) == pytest.approx((b.start_s, b.end_s), abs=0.02)


@pytest.mark.parametrize("block", [777, 24_000])
def test_chunks_around_skipped_silence_overlap_and_tile_the_file(block: int) -> None:
    samples = np.tile(with_silence(), 4)
    pieces = cut(samples, Cutting(10, 1, MUCH, "pcm", skip_silence_s=2), block)
    assert pieces[0].window.core.start_s == 0
    assert pieces[-1].window.core.end_s == 160
    for piece in pieces:
        assert piece.window.audio_s <= 10
        expected = [samples[place(stretch)] for stretch in piece.window.stretches]
        assert np.array_equal(heard(piece), np.concatenate(expected))
    for left, right in pairwise(pieces):
        assert left.window.core.end_s == right.window.core.start_s


def test_a_recording_of_nothing_but_silence_keeps_a_moment_of_it() -> None:
    (piece,) = cut(np.zeros(160_000, np.int16), Cutting(60, 5, MUCH, skip_silence_s=2))
    assert piece.window.audio_s == 0.5
    assert piece.window.core == Span(0, 10)


def test_faint_speech_is_not_taken_for_silence() -> None:
    faint = (babble(20).astype(np.float32) / 100).astype(np.int16)
    (piece,) = cut(faint, Cutting(60, 5, MUCH, skip_silence_s=0.5))
    assert piece.window.audio_s > 13


def test_channels_are_cut_each_by_itself_in_one_pass() -> None:
    left, right = babble(50, seed=1), babble(50, seed=2)
    cutting = Cutting(12, 1, MUCH)
    both = list(chunk_channels(blocks_of(np.stack([left, right], axis=1), 20_000), cutting))
    assert [piece for channel, piece in both if channel == 0] == cut(left, cutting, 20_000)
    assert [piece for channel, piece in both if channel == 1] == cut(right, cutting, 20_000)


def test_no_chunk_is_held_while_the_next_is_made() -> None:
    held: list[int] = []

    def chunks() -> int:
        return sum(type(each) is Chunk for each in gc.get_objects())

    def blocks() -> Iterator[NDArray[np.int16]]:
        for block in blocks_of(sounds("speech", 12), 20_000):
            held.append(chunks() - before)
            yield block

    before = count = chunks()
    for piece in chunk(blocks(), Cutting(2, 0.2, MUCH)):
        count += 1
        del piece
    assert count > before + 5
    assert held == [0] * 10
