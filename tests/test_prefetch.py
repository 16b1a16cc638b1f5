from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from audiopipe.concurrency import prefetch


def test_items_come_in_order_from_another_thread() -> None:
    threads: list[int] = []

    def items() -> Iterator[int]:
        for item in range(100):
            threads.append(threading.get_ident())
            yield item

    assert list(prefetch(items(), depth=3)) == list(range(100))
    assert threading.get_ident() not in threads


def test_no_more_items_than_the_depth_are_made_ahead() -> None:
    made = 0
    enough = threading.Event()

    def items() -> Iterator[int]:
        nonlocal made
        while True:
            made += 1
            if made == 4:
                enough.set()
            yield made

    with prefetch(items(), depth=3) as ahead:
        assert next(ahead) == 1
        assert enough.wait(10)
    assert made == 4


def test_what_making_an_item_raises_is_raised_in_its_place() -> None:
    def items() -> Iterator[int]:
        yield 1
        raise KeyError("lost")

    ahead = prefetch(items(), depth=5)
    assert next(ahead) == 1
    with pytest.raises(KeyError, match="lost"):
        next(ahead)


@pytest.mark.parametrize("taken", [0, 1, 5])
def test_leaving_the_context_ends_the_thread_and_closes_the_items(taken: int) -> None:
    closed = threading.Event()

    def items() -> Iterator[int]:
        try:
            while True:
                yield 1
        finally:
            closed.set()

    before = threading.active_count()
    with prefetch(items(), depth=2) as ahead:
        for _ in range(taken):
            next(ahead)
    assert threading.active_count() == before
    assert closed.is_set() == (taken > 0)
