from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import cycle, pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from support.voices import reader

from audiopipe.backends.local.windows import (
    Ear,
    Hearing,
    Planner,
    heard_in,
    hearings,
    parted,
    placed,
)
from audiopipe.values.audio import Piece, Span

STEP_S = 0.5
_STEP = round(STEP_S * 16_000)


class Voiced:
    """An ear that takes every half second with sound for voice, and what is begun for whole."""

    def __init__(self) -> None:
        self._rest = np.empty(0, np.float32)
        self._at = 0
        self._start: int | None = None

    @property
    def sure(self) -> int:
        return self._at if self._start is None else self._start

    def push(self, samples: NDArray[np.float32]) -> Iterator[tuple[int, int]]:
        self._rest = np.concatenate((self._rest, samples))
        while len(self._rest) >= _STEP:
            sounds = bool(self._rest[:_STEP].any())
            self._rest = self._rest[_STEP:]
            if sounds and self._start is None:
                self._start = self._at
            elif not sounds and self._start is not None:
                yield self._start, self._at
                self._start = None
            self._at += _STEP

    def finish(self) -> Iterator[tuple[int, int]]:
        end = self._at + len(self._rest)
        if self._start is not None:
            yield self._start, end
        elif self._rest.any():
            yield self._at, end


def pieces_of(
    samples: NDArray[np.float32], ear: Ear, blocks: Sequence[int] = (2**30,)
) -> list[Piece]:
    """The plan of a recording that comes in blocks of these lengths, again and again."""
    planner, at, found = Planner(ear), 0, list[Piece]()
    for length in cycle(blocks):
        if at >= len(samples):
            return [*found, *planner.finish()]
        before, new = planner.sure, [*planner.push(samples[at : at + length])]
        found += new
        at += length
        assert all(piece.start >= before for piece in new)
    return found


def windows(samples: NDArray[np.float32], ear: Ear | None = None) -> list[Hearing]:
    return hearings(pieces_of(samples, ear or Voiced()))


def sound(*steps: bool) -> NDArray[np.float32]:
    return np.repeat(np.array(steps, np.float32), round(STEP_S * 16_000))


def spoken(seconds: float) -> list[bool]:
    return [True] * round(seconds / STEP_S)


def silent(seconds: float) -> list[bool]:
    return [False] * round(seconds / STEP_S)


@given(st.lists(st.booleans(), min_size=1, max_size=400), st.integers(0, 7999))
def test_every_voice_is_heard_once_in_windows_that_fit(steps: list[bool], cut_off: int) -> None:
    samples = sound(*steps)[cut_off:]
    found = windows(samples)
    pieces = [piece for window in found for piece in window]
    assert all(left.end_s <= right.start_s for left, right in pairwise(pieces))
    assert all(sum(piece.duration_s for piece in window) <= 30 + 1e-6 for window in found)
    heard = sum(float(heard_in(samples, window).sum()) for window in found)
    assert heard == samples.sum()
    assert not pieces or (pieces[0].start_s >= 0 and pieces[-1].end_s <= len(samples) / 16_000)


@given(
    st.lists(st.booleans(), min_size=1, max_size=300),
    st.lists(st.integers(1, 400_000), min_size=1, max_size=5),
)
def test_windows_are_the_same_however_a_recording_comes(
    steps: list[bool], blocks: list[int]
) -> None:
    samples = sound(*steps)
    assert pieces_of(samples, Voiced(), blocks) == pieces_of(samples, Voiced())


@pytest.mark.parametrize("block", [7_001, 400_000])
def test_the_network_hears_the_same_however_a_recording_comes(block: int) -> None:
    pytest.importorskip("faster_whisper")
    from audiopipe.backends.local.ear import Ear as Network

    samples = np.concatenate([reader("jfk"), np.zeros(40_000, np.float32), reader("narrator")])
    parts = pieces_of(samples, Network(), [block])
    assert parts == pieces_of(samples, Network()) and len(parts) > 5


def test_nothing_is_heard_where_nobody_speaks() -> None:
    assert windows(sound(*silent(60))) == []
    assert windows(np.empty(0, np.float32)) == []


@pytest.mark.parametrize("pause_s", [0.0, 12.0])
def test_windows_are_those_of_the_batched_mode_of_faster_whisper(pause_s: float) -> None:
    vad = pytest.importorskip("faster_whisper.vad")
    from audiopipe.backends.local.ear import Ear as Network

    parts = [reader(name) for name in ("jfk", "narrator", "jfk")]
    silence = np.zeros(round(pause_s * 16_000), np.float32)
    samples = np.concatenate([each for part in parts for each in (part, silence)])
    how = vad.VadOptions(max_speech_duration_s=30, min_silence_duration_ms=160)
    theirs, _ = vad.collect_chunks(samples, vad.get_speech_timestamps(samples, how), 16_000, 30)
    ours = [heard_in(samples, window) for window in windows(samples, Network())]
    assert len(ours) == len(theirs) > 1
    assert all(map(np.array_equal, ours, theirs))


def test_long_silence_is_left_out_and_short_pauses_stay() -> None:
    (window,) = windows(sound(*spoken(5), *silent(40), *spoken(5), *silent(0.5), *spoken(5)))
    assert window == (Span(0, 5.4), Span(44.6, 50.25), Span(50.25, 55.5))


def test_a_window_is_as_full_as_it_gets() -> None:
    steps = [*spoken(12), *silent(1), *spoken(12), *silent(0.5), *spoken(12)]
    assert [window[-1].end_s for window in windows(sound(*steps))] == [25.25, 37.5]


def test_speech_without_a_pause_is_cut_evenly() -> None:
    assert [window[-1].end_s for window in windows(sound(*spoken(80)))] == pytest.approx(
        [80 / 3, 160 / 3, 80], abs=1e-4
    )


@given(
    st.lists(st.floats(0.1, 6), min_size=1, max_size=8),
    st.lists(st.floats(0, 40), max_size=6),
)
def test_a_window_is_parted_where_it_is_cut(lengths_s: list[float], cuts_s: list[float]) -> None:
    starts_s = np.cumsum([0.0, *(length_s + 1 for length_s in lengths_s)])
    pieces = tuple(Span(s, s + n) for s, n in zip(starts_s.tolist(), lengths_s, strict=False))
    inside = sorted({cut for cut in cuts_s if 0.01 < cut < sum(lengths_s) - 0.01})
    parts = parted(pieces, inside)
    ends_s = np.cumsum([sum(piece.duration_s for piece in part) for part in parts])
    assert np.allclose(ends_s, [*inside, sum(lengths_s)])
    whole = [piece for part in parts for piece in part]
    assert whole[0].start_s == pieces[0].start_s and whole[-1].end_s == pieces[-1].end_s


def test_a_word_lies_where_most_of_it_was_heard() -> None:
    pieces = (Span(10, 15), Span(40, 50))
    assert placed(Span(1, 2), pieces) == Span(11, 12)
    assert placed(Span(4.5, 5.1), pieces) == Span(14.5, 15)
    assert placed(Span(4.9, 5.5), pieces) == Span(40, 40.5)
    assert placed(Span(14, 16), pieces) == Span(49, 50)


def test_a_moment_is_one_window() -> None:
    assert windows(np.ones(8000, np.float32)) == [(Span(0, 0.5),)]
