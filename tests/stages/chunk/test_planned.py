from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from audiopipe.audio.reading import decode_pcm
from audiopipe.stages.chunk import Cutting, chunk
from audiopipe.values.audio import Chunk, Piece

RATE_HZ = 16_000
MUCH = 10**9


@dataclass
class Given:
    """A plan that was made before; a piece is told `late` samples after it has ended."""

    plan: Sequence[Piece]
    late: int
    at: int = 0
    told: int = field(default=0)

    @property
    def sure(self) -> int:
        left = [piece.start for piece in self.plan[self.told :]]
        return min([*left, max(0, self.at - self.late)])

    def push(self, samples: NDArray[np.float32]) -> Iterator[Piece]:
        self.at += len(samples)
        while self.told < len(self.plan) and self.plan[self.told].end + self.late <= self.at:
            self.told += 1
            yield self.plan[self.told - 1]

    def finish(self) -> Iterator[Piece]:
        yield from self.plan[self.told :]


steps = st.tuples(st.integers(0, 40_000), st.integers(1, 30_000), st.booleans())


def laid(steps: Sequence[tuple[int, int, bool]]) -> list[Piece]:
    """Pieces after pauses, each in the window of the last one or in the next."""
    at, window, plan = 0, 0, list[Piece]()
    for pause, length, is_next in steps:
        window += is_next
        plan.append(Piece(at + pause, at + pause + length, window))
        at = plan[-1].end
    return plan


def cut(
    plan: Sequence[Piece], samples: NDArray[np.int16], length_s: float, block: int, late: int
) -> list[Chunk]:
    blocks = (samples[at : at + block] for at in range(0, len(samples), block))
    how = Cutting(length_s, 0, MUCH, "pcm", planner=lambda: Given(plan, late))
    return list(chunk(blocks, how))


def noise(length: int) -> NDArray[np.int16]:
    return np.random.default_rng(0).integers(-999, 999, length, np.int16)


@given(
    st.lists(steps, min_size=1, max_size=30),
    st.integers(0, 50_000),
    st.floats(0.5, 8),
    st.integers(500, 90_000),
    st.integers(0, 90_000),
)
def test_chunks_tile_the_recording_and_hold_the_plan(
    given_: list[tuple[int, int, bool]], after: int, length_s: float, block: int, late: int
) -> None:
    plan = laid(given_)
    samples = noise(plan[-1].end + after)
    chunks = cut(plan, samples, length_s, block, late)
    sent = [(decode_pcm(each.data, "pcm") * 32768).astype(np.int16) for each in chunks]
    assert np.array_equal(np.concatenate(sent), samples)
    assert all(each.window.core == each.window.span for each in chunks)
    assert all(len(part) <= round(length_s * RATE_HZ) for part in sent)
    assert [each.window.index for each in chunks] == [*range(len(chunks))]
    heard: list[tuple[int, int]] = []
    for each, part in zip(chunks, sent, strict=True):
        start = round(each.window.span.start_s * RATE_HZ)
        assert each.sha256 == hashlib.sha256(part.tobytes()).hexdigest()
        assert each.pieces is not None and (not each.pieces or each.pieces[0].window == 0)
        for piece in each.pieces:
            begins, ends = start + piece.start, start + piece.end
            if heard and heard[-1][1] == begins and begins not in {p.start for p in plan}:
                begins = heard.pop()[0]  # a piece that was divided
            heard.append((begins, ends))
    assert heard == [(piece.start, piece.end) for piece in plan]


@given(st.lists(steps, min_size=1, max_size=30), st.floats(0.5, 8), st.integers(500, 90_000))
def test_chunks_are_the_same_however_a_recording_comes(
    given_: list[tuple[int, int, bool]], length_s: float, block: int
) -> None:
    plan = laid(given_)
    samples = noise(plan[-1].end)
    assert cut(plan, samples, length_s, block, 0) == cut(plan, samples, length_s, 10**9, 80_000)


@given(st.lists(steps, min_size=1, max_size=30), st.integers(500, 90_000))
def test_a_window_that_fits_is_heard_whole(given_: list[tuple[int, int, bool]], block: int) -> None:
    plan = laid(given_)
    windows = [[*group] for _, group in groupby(plan, key=lambda piece: piece.window)]
    longest = max(RATE_HZ, *(window[-1].end - window[0].start for window in windows))
    chunks = cut(plan, noise(plan[-1].end), longest / RATE_HZ, block, 0)
    ends = [round(each.window.span.end_s * RATE_HZ) for each in chunks[:-1]]
    inside = [w for w in windows for end in ends if w[0].start < end < w[-1].end]
    assert not inside
    assert all(
        left.window.span.end_s <= right.window.span.start_s for left, right in pairwise(chunks)
    )
