from __future__ import annotations

import os
from contextlib import closing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from audiopipe.audio.reading.isolation.ring import TOGETHER, Reader, Writer
from audiopipe.audio.reading.isolation.wire import Place

SHAPES = st.tuples(st.integers(0, 70_000), st.integers(1, 9))
WAYS = st.sampled_from(["by rows", "by columns", "in a slot", "cut", "left"])


@given(st.lists(st.tuples(SHAPES, WAYS, st.booleans()), max_size=12))
def test_what_is_put_in_is_seen_whichever_way_it_lies(
    parts: list[tuple[tuple[int, int], str, bool]],
) -> None:
    with closing(Reader()) as reader:
        writer, kept = Writer(*reader.shared), []
        for number, ((frames, channels), way, is_kept) in enumerate(parts):
            if way == "left":
                writer.begin()
            in_slot = way in ("in a slot", "cut", "left")
            by_rows = np.empty((frames, channels), np.float32)
            block = writer.room(frames, channels) if in_slot else by_rows
            block = np.asfortranarray(by_rows) if way == "by columns" else block
            block[:] = np.arange(frames)[:, np.newaxis] + number * 1000 + np.arange(channels)
            if way == "left":
                continue
            expected = (block[: frames // 2] if way == "cut" else block).copy()
            seen = [reader.look(place) for place in writer.put(block[: len(expected)])]
            assert np.array_equal(np.concatenate(seen or [expected]), expected)
            kept += [(seen, expected)] if is_kept else []
        for seen, expected in kept:
            assert np.array_equal(np.concatenate(seen or [expected]), expected)


def test_nobody_is_told_of_a_place_that_cannot_be() -> None:
    with closing(Reader()) as reader:
        for place in (Place(1, 1, 12, False), Place(1 << 20, 1, 0, True), Place(0, 1, 0, True)):
            with pytest.raises((ValueError, IndexError)):
                reader.look(place)


def test_blocks_that_are_told_of_together_wait_for_nobody_whatever_is_kept() -> None:
    with closing(Reader()) as reader:
        writer, kept = Writer(*reader.shared), []
        for number in range(10):
            places: list[Place] = []
            for _ in range(TOGETHER):
                block = writer.room(100, 1)
                block[:] = number
                places += writer.put(block)
            kept += [reader.look(place) for place in places]
        assert [int(block[0, 0]) for block in kept[::TOGETHER]] == list(range(10))


def test_arrays_may_outlive_the_ring_and_a_fork() -> None:
    reader = Reader()
    writer = Writer(*reader.shared)
    (place,) = writer.put(np.ones((10, 2), np.float32))
    block = reader.look(place)
    child = os.fork()
    if not child:
        del block
        os._exit(0)
    os.wait()
    reader.close()
    assert block.sum() == 20
