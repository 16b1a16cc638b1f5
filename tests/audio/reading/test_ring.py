from __future__ import annotations

import os
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.audio.reading.isolation.ring import TOGETHER, Reader
from audiopipe.audio.reading.isolation.slots import Writer
from audiopipe.audio.reading.isolation.wire import Place
from audiopipe.audio.reading.recording import planes_of

SHAPES = st.tuples(st.integers(0, 70_000), st.integers(1, 9))


@given(st.lists(st.tuples(SHAPES, st.booleans(), st.booleans()), max_size=12))
def test_what_is_put_in_is_seen_whichever_way_it_lies(
    parts: list[tuple[tuple[int, int], bool, bool]],
) -> None:
    with closing(Reader()) as reader:
        writer, kept = Writer(*reader.shared), []
        for number, (shape, by_columns, is_kept) in enumerate(parts):
            block = np.empty(shape, np.float32, "F" if by_columns else "C")
            block[:] = np.arange(shape[0])[:, np.newaxis] + number * 1000 + np.arange(shape[1])
            seen = [reader.look(place) for place in writer.put(planes_of(block))]
            assert np.array_equal(np.concatenate(seen or [block]), block)
            kept += [(seen, block)] if is_kept else []
        for seen, block in kept:
            assert np.array_equal(np.concatenate(seen or [block]), block)


def test_nobody_is_told_of_a_place_that_cannot_be() -> None:
    with closing(Reader()) as reader:
        for place in (Place(1, 1, 12), Place(1 << 20, 1, 0), Place(0, 1, 0)):
            with pytest.raises((ValueError, IndexError)):
                reader.look(place)


def test_blocks_that_are_told_of_together_wait_for_nobody_whatever_is_kept() -> None:
    with closing(Reader()) as reader:
        writer, kept = Writer(*reader.shared), []
        for number in range(10):
            places: list[Place] = []
            for _ in range(TOGETHER):
                places += writer.put(planes_of(np.full((100, 1), number, np.float32)))
            kept += [reader.look(place) for place in places]
        assert [int(block[0, 0]) for block in kept[::TOGETHER]] == list(range(10))


def test_arrays_may_outlive_the_ring_and_a_fork() -> None:
    reader = Reader()
    writer = Writer(*reader.shared)
    (place,) = writer.put(planes_of(np.ones((10, 2), np.float32)))
    block = reader.look(place)
    child = os.fork()
    if not child:
        del block
        os._exit(0)
    os.wait()
    reader.close()
    assert block.sum() == 20
