from __future__ import annotations

import hashlib

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.audio import babble

from audiopipe.audio.reading import decode_pcm
from audiopipe.stages.chunk import Cutting, chunk
from audiopipe.stages.chunk.halve import halve
from audiopipe.values.audio import Chunk, Span


def heard(piece: Chunk) -> NDArray[np.int16]:
    return (decode_pcm(piece.data, piece.format) * 32768).astype(np.int16)


def place(span: Span) -> slice:
    return slice(round(span.start_s * 16_000), round(span.end_s * 16_000))


@given(seconds=st.floats(4, 30), overlap=st.floats(0, 0.2), silent_s=st.floats(0, 10))
def test_halves_overlap_tile_the_core_and_keep_every_sample_and_time(
    seconds: float, overlap: float, silent_s: float
) -> None:
    samples = babble(30)[: round(seconds * 16_000)].copy()
    samples[16_000 : round((1 + silent_s) * 16_000)] = 0
    (whole,) = chunk([samples], Cutting(60, 1, 25_000_000, "flac", skip_silence_s=1.0))
    overlap_s = overlap * whole.window.audio_s
    left, right = halve(whole, overlap_s=overlap_s)

    assert left.window.core.end_s == right.window.core.start_s
    assert (left.window.core.start_s, right.window.core.end_s) == (0, whole.window.core.end_s)
    for half in (left, right):
        parts = [samples[place(stretch)] for stretch in half.window.stretches]
        assert np.array_equal(heard(half), np.concatenate(parts))
        assert half.sha256 == hashlib.sha256(heard(half).tobytes()).hexdigest()
        assert 0.2 < half.window.audio_s / whole.window.audio_s < 0.8
    shared_s = left.window.audio_s + right.window.audio_s - whole.window.audio_s
    assert abs(shared_s - overlap_s) < 2 / 16_000
